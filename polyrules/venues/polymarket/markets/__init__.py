"""Which markets there are, how far each is on its way, and the books nobody streams."""
