"""How a value of a row looks to people."""

from polyrules.language.strategy import Value


def shown_truth(value: Value) -> str:
    """Return TRUE, FALSE or UNKNOWN."""
    if value is None:
        return "UNKNOWN"
    return "TRUE" if value else "FALSE"


def shown(value: Value) -> str:
    """Return a value as a truth table shows it: six digits of a number."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return shown_truth(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
