"""A seeded world for the simulated venue: markets, prices, and people who trade."""
