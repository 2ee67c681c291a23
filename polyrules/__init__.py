"""Trading rules for prediction markets that you can read, check, diff and trust."""

__version__ = "0.1.0"
