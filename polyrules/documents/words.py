"""Words of a file in a message: which one was meant, and no more of it than is read."""

from collections.abc import Iterable
from difflib import get_close_matches

CHARS_MAX = 64  # the work grows with the square; no name of ours is that long
SHOWN_MAX = 60  # characters of a name that a message repeats
ALIKE = 0.6  # difflib's measure: 0 nothing in common, 1 the same


def cut(name: str, most: int = SHOWN_MAX) -> str:
    """Return a name as a message repeats it: a file's can be as long as the file."""
    return name if len(name) <= most else f"{name[:most]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?`, or "" where no known word is near."""
    if len(word) > CHARS_MAX:
        return ""
    near = get_close_matches(word.lower(), sorted(set(known)), n=1, cutoff=ALIKE)
    return f'did you mean "{near[0]}"?' if near else ""
