"""Who trades in a world: makers, and those who take from them."""
