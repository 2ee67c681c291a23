"""How problems of files look on a terminal.

A line that names place, code and message; the line of the file; a mark under what is
meant; and what to do about it. What the file says is shown harmless: no control
character of it reaches the terminal.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from polyrules.errors import Problem, Severity

WIDTH_MAX = 100  # cells of a source line that are shown
BEFORE = 30  # of them at least so many before the mark, where the line is cut
TAB = "    "
CUT = "..."
REPLACED = "\ufffd"
NEAR = 4 * WIDTH_MAX  # characters around a mark that are looked at
SHOWN_MAX = 200  # problems of a file


def render(problem: Problem) -> str:
    """Return a problem as text of several lines, without a newline at the end."""
    lines = [harmless(str(problem))]
    if problem.source.strip():
        margin = " " * len(str(problem.line))
        shown, mark = _marked(problem)
        lines.append(f"{margin} |")
        lines.append(f"{problem.line} | {shown}".rstrip())
        lines.append(f"{margin} | {mark}")
        if problem.help:
            lines.append(f"{margin} = help: {harmless(problem.help)}")
    elif problem.help:
        lines.append(f"  = help: {harmless(problem.help)}")
    return "\n".join(lines)


def rendered(problems: Sequence[Problem]) -> list[str]:
    """Return problems as texts; behind the first SHOWN_MAX only how many more."""
    found = [render(problem) for problem in problems[:SHOWN_MAX]]
    more = len(problems) - len(found)
    return [*found, f"and {more:,} more"] if more else found


def counted(problems: Iterable[Problem]) -> str:
    """Return how many problems there are, by severity: `2 errors, 1 warning`."""
    severities = [problem.severity for problem in problems]
    parts = []
    for severity in Severity:
        count = severities.count(severity)
        if count:
            plural = "" if count == 1 or severity is Severity.INFO else "s"
            parts.append(f"{count} {severity.value}{plural}")
    return ", ".join(parts) or "no problems"


def plain(problem: Problem) -> dict[str, object]:
    """Return a problem as plain data for scripts."""
    return {
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.end_column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": harmless(problem.message),
        "help": harmless(problem.help),
    }


def harmless(text: str) -> str:
    """Return text without characters that steer a terminal."""
    return "".join(_cell(char)[0] for char in text)


def _marked(problem: Problem) -> tuple[str, str]:
    """Return the source line, cut to the window, and the mark under it."""
    source = problem.source
    start = min(problem.column - 1, len(source))
    # A line can be as long as the file: what is far from the mark is not looked at.
    skipped = max(start - NEAR, 0)
    near = source[skipped : start + NEAR]
    cells = [_cell(char) for char in near]
    start -= skipped
    end = max(problem.end_column - 1 - skipped, start)
    first, last = _window([width for _, width in cells], start)
    left = CUT if skipped or first else ""
    right = CUT if skipped + last < len(source) else ""
    shown = left + "".join(text for text, _ in cells[first:last]) + right
    before = len(left) + sum(width for _, width in cells[first:start])
    marked = sum(width for _, width in cells[start : min(end, last)])
    return shown, " " * before + "^" + "~" * (marked - 1)


def _window(widths: list[int], start: int) -> tuple[int, int]:
    """Return the range of characters to show, so that `start` is among them."""
    if sum(widths) <= WIDTH_MAX:
        return 0, len(widths)
    first = 0
    if sum(widths[:start]) > WIDTH_MAX - BEFORE:
        first = start
        while first and sum(widths[first - 1 : start]) <= BEFORE:
            first -= 1
    last = first
    room = WIDTH_MAX
    while last < len(widths) and widths[last] <= room:
        room -= widths[last]
        last += 1
    return first, last


def _cell(char: str) -> tuple[str, int]:
    """Return what to print for a character, and how many cells it takes."""
    if char == "\t":
        return TAB, len(TAB)
    category = unicodedata.category(char)
    if category[0] == "C" or category in ("Zl", "Zp"):
        return REPLACED, 1
    if category in ("Mn", "Me"):
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in "WF" else 1
