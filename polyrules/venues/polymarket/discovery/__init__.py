"""How markets become known: the listing, page by page, and what is announced."""
