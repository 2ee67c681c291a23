"""The rows a strategy is asked about, and what it sees in them."""
