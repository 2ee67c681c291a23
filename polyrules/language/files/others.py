"""Files of ours that are no strategy, known by their keys, and what is done with them.

Nothing is checked here: whoever reads such a file does that.
"""

from collections.abc import Collection
from typing import NamedTuple

from polyrules.documents.document import Document
from polyrules.errors import Problem

MISSING = "PS002"
OURS = ("polyrules", "rules", "universe", "extends")  # keys of strategies only
DESK = {"bankroll_usd", "limits", "strategies", "sources", "journal", "tick"}


class Other(NamedTuple):
    """A kind of file, and the command that it is for."""

    holds: str
    use: str


TESTS = Other("the tests of a strategy", "polyrules test {path} runs them")
SETTINGS = Other("the settings of a desk", "polyrules desk check {path} checks them")
MAPPING = Other(
    "a mapping of tables",
    "polyrules tape import FILES --mapping {path} --out TAPE uses it",
)


def no_strategy(document: Document) -> Problem | None:
    """Return what is said of a file that is something else of ours, else None."""
    data = document.data
    other = known_by(data) if isinstance(data, dict) else None
    if other is None:
        return None
    message = f"this file holds {other.holds}; it is no strategy"
    hint = other.use.format(path=document.path)
    return document.problem(
        (next(iter(data)),), MISSING, message, hint=hint, on_key=True
    )


def known_by(keys: Collection[str]) -> Other | None:
    """Return what a file with these keys is, None for a strategy or anything else."""
    if "polyrules_mapping" in keys:
        return MAPPING
    if any(key in keys for key in OURS):
        return None
    if "tests" in keys:
        return TESTS
    return SETTINGS if DESK.intersection(keys) else None
