"""What to do where the venue cannot be reached: it depends on what the desk says."""

from collections.abc import Iterator
from contextlib import contextmanager

from polyrules.cli.journal_options import DESK
from polyrules.config import Desk
from polyrules.config.desk import DEFAULT_SOURCES
from polyrules.errors import VenueError


@contextmanager
def reaching(desk: Desk, path: str | None) -> Iterator[None]:
    """Add to an error of the venue what the operator can do about it.

    Args:
        desk: Where the venue was looked for.
        path: The desk's file; None: the one that is taken without a word.
    """
    try:
        yield
    except VenueError as error:
        raise VenueError(error.message, hint=_hint(desk, path or DESK)) from error


def _hint(desk: Desk, path: str) -> str:
    if desk.clock.source == "venue":
        return f"is it running? polyrules sim --write-desk {path} starts one"
    changed = [
        name for name, url in DEFAULT_SOURCES.items() if desk.sources[name] != url
    ]
    if changed:
        return f"is this right in {path}? sources: {', '.join(changed)}"
    return "use a tape (polyrules run --tape TAPE), or a venue here: polyrules sim"
