"""How an error raised on purpose is told on the terminal."""

from polyrules.cli.problems import counted, harmless, rendered
from polyrules.errors import PolyrulesError, StrategyError


def told(error: PolyrulesError) -> str:
    """Return the lines of an error: a wrong strategy as `validate` shows it.

    What came from files and arguments cannot steer the terminal.
    """
    if isinstance(error, StrategyError):
        return "\n".join([*rendered(error.problems), "", counted(error.problems)])
    lines = [harmless(line) for line in f"error: {error}".split("\n")]
    if error.hint:
        lines.append(f"hint: {harmless(error.hint)}")
    return "\n".join(lines)
