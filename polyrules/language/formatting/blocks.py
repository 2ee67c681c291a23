"""Keys on lines of their own, put in order together with their comments.

A comment belongs to the key under it, or, if it is indented deeper than that key, to
what is above. Comments behind the last key stay there. What stands above the first
key, and is parted from it by a blank line, stays above, and so does the line that leads
editors to the schema.
"""

import re
from itertools import pairwise

from polyrules.documents.document import Path
from polyrules.language.formatting.layout import Edit, Layout
from polyrules.language.formatting.order import ranks

DASHES = re.compile(r"[ ]*(?:- +)*")
FOR_EDITORS = re.compile(r"#\s*(?:yaml-language-server:|\$schema)")


def block_edit(layout: Layout, at: Path, order: tuple[str, ...]) -> Edit | None:
    """Return what puts the keys of a mapping in order; None if they are.

    Args:
        layout: The file.
        at: Path of a mapping that is not in brackets.
        order: Its keys in their order.
    """
    inner = layout.children(at)
    chosen = ranks([str(child[-1]) for child in inner], order)
    if chosen == list(range(len(inner))) or not _is_plain(layout, inner):
        return None
    cuts = cuts_of(layout, at)
    lines = layout.lines
    entries = [_Entry(layout, child, cuts[i : i + 2]) for i, child in enumerate(inner)]
    dash = lines[layout.line(layout.start(inner[0]))][: entries[0].column]
    text = entries[chosen[0]].first(dash)
    text += "".join(entries[i].later() for i in chosen[1:])
    return Edit(layout.line_start(cuts[0]), layout.line_start(cuts[-1]), text)


def cuts_of(layout: Layout, at: Path) -> list[int]:
    """Return the lines on which the entries of a block mapping begin.

    The comments of an entry are part of it; the last number is the line behind all.
    """
    inner = layout.children(at)
    column = layout.column(layout.start(inner[0]))
    cuts = [_first_line(layout, inner[0])]
    for child, following in pairwise(inner):
        begin = layout.last_line(child) + 1
        end = layout.line(layout.start(following))
        cuts.append(begin + _deeper(layout.lines[begin:end], column))
    begin = layout.last_line(inner[-1]) + 1
    return [*cuts, begin + _deeper(layout.lines[begin:], column)]


class _Entry:
    """A key, its value and its comments: the lines from one cut to the next."""

    def __init__(self, layout: Layout, at: Path, cuts: list[int]) -> None:
        start = layout.start(at)
        key = layout.line(start)
        self.column = layout.column(start)
        self._above = layout.lines[cuts[0] : key]
        self._line = layout.lines[key][self.column :]
        self._below = layout.lines[key + 1 : cuts[1]]

    def first(self, dash: str) -> str:
        """Return the entry as the first of its mapping, behind a dash if there is one.

        Comments above it stand above the dash then.
        """
        indent = " " * (len(dash) - len(dash.lstrip(" ")))
        above = "".join(self._above).lstrip("\r\n").splitlines(keepends=True)
        lifted = [indent + line.lstrip(" ") for line in above]
        return "".join((*lifted, dash, self._line, *self._below))

    def later(self) -> str:
        """Return the entry as one that follows others."""
        return "".join((*self._above, " " * self.column, self._line, *self._below))


def _is_plain(layout: Layout, inner: list[Path]) -> bool:
    """Tell whether every key stands alone on its line, but for dashes in front."""
    for index, child in enumerate(inner):
        start = layout.start(child)
        before = layout.lines[layout.line(start)][: layout.column(start)]
        if not DASHES.fullmatch(before) or (index and "-" in before):
            return False
    return True


def _first_line(layout: Layout, at: Path) -> int:
    """Return the line on which the first entry begins: comments directly above it."""
    start = layout.start(at)
    line = layout.line(start)
    if "-" in layout.lines[line][: layout.column(start)]:
        return line
    while line and _is_comment(layout.lines[line - 1]):
        if FOR_EDITORS.match(layout.lines[line - 1]):
            break
        line -= 1
    return line


def _deeper(lines: list[str], column: int) -> int:
    """Return how many of the lines behind an entry belong to it."""
    owned = 0
    for index, line in enumerate(lines):
        if _is_comment(line, column + 1):
            owned = index + 1
        elif line.strip():
            break
    return owned


def _is_comment(line: str, column: int = 0) -> bool:
    text = line.lstrip(" ")
    return text.startswith("#") and len(line) - len(text) >= column
