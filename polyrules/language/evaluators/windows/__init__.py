"""Window functions: what they remember of the past, and the numbers they make of it."""

from polyrules.language.evaluators.windows.history import History

__all__ = ["History"]
