"""The memory: an append-only record of every run, and how to read it back."""
