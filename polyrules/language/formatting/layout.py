"""Where the parts of a YAML file begin and end: what reorders them asks here."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from polyrules.documents.document import Document, Node, Path

CLOSING = {"{": "}", "[": "]"}
LINE = re.compile(r"[^\n]*\n|[^\n]+")
KEEPS = re.compile(r"[|>][1-9]?\+")  # a block whose blank lines at the end count


class Edit(NamedTuple):
    """A piece of a text, and what should stand in its place."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits that do not overlap."""
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits):
        pieces += (text[done : edit.start], edit.text)
        done = edit.end
    return "".join(pieces) + text[done:]


class Layout:
    """The places of a document that has been read without problems.

    Lines are counted from 0; each includes its line feed.
    """

    def __init__(self, document: Document) -> None:
        self.text = document.text
        self.nodes = document.nodes
        self.lines = LINE.findall(self.text)
        self._starts = [0, *accumulate(map(len, self.lines))]
        self._children: dict[Path, list[Path]] = {}
        self._ends: dict[Path, int] = {}
        for at in document.nodes:
            if at:
                self._children.setdefault(at[:-1], []).append(at)
        for at in reversed(document.nodes):  # children stand behind their parents
            self._ends[at] = self._end(at)

    def children(self, at: Path) -> list[Path]:
        """Return the paths of what stands directly in a value, in the file's order."""
        return self._children.get(at, [])

    def is_mapping(self, at: Path) -> bool:
        """Tell whether the value at `at` is a mapping with at least one key."""
        return any(self.nodes[child].key is not None for child in self.children(at))

    def is_flow(self, at: Path) -> bool:
        """Tell whether a value is written in brackets."""
        node = self.nodes[at]
        return node.scalar is None and self.text[node.span.start] in CLOSING

    def start(self, at: Path) -> int:
        """Return where a value begins, its key included."""
        node = self.nodes[at]
        return (node.key or node.span).start

    def end(self, at: Path) -> int:
        """Return where a value ends: behind its last character or closing bracket."""
        return self._ends[at]

    def line(self, offset: int) -> int:
        """Return the number of the line of a character."""
        return bisect_right(self._starts, offset) - 1

    def line_start(self, line: int) -> int:
        """Return where a line begins; behind the last one, the end of the text."""
        return self._starts[line]

    def column(self, offset: int) -> int:
        """Return how many characters stand before one on its line."""
        return offset - self._starts[self.line(offset)]

    def last_line(self, at: Path) -> int:
        """Return the number of the line on which a value ends."""
        return self.line(max(self.end(at) - 1, self.start(at)))

    def keeps_blank_lines(self, at: Path) -> bool:
        """Tell whether a value is, or ends with, a block that keeps its blank lines."""
        while self.children(at):
            at = self.children(at)[-1]
        return KEEPS.match(self.text, self.nodes[at].span.start) is not None

    def _end(self, at: Path) -> int:
        node = self.nodes[at]
        if node.scalar is not None:
            return self._scalar_end(node)
        inner = self.children(at)
        end = self._ends[inner[-1]] if inner else node.span.end
        return self._closing(node, end) if self.is_flow(at) else end

    def _scalar_end(self, node: Node) -> int:
        assert node.scalar is not None, "asked of scalars only"
        start, end = node.span
        if node.scalar.style not in ("|", ">") or KEEPS.match(self.text, start):
            return max(end, node.key.end if node.key else end)
        return start + len(self.text[start:end].rstrip())

    def _closing(self, node: Node, end: int) -> int:
        wanted = CLOSING[self.text[node.span.start]]
        while self.text[end] != wanted:
            if self.text[end] == "#":  # a comment may hold a bracket
                end = self.line_start(self.line(end) + 1) - 1
            end += 1
        return end + 1
