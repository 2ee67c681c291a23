"""The memory: an append-only record of every run, and what is read from it."""
