"""A YAML file as read: its values, and the place of each.

A value is named by its path from the top. What is said about it becomes a Problem with
line, column and source line; nothing is raised, and nothing is read here.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from polyrules.documents.places import Span, offsets
from polyrules.documents.words import cut
from polyrules.errors import Problem, Severity

Path = tuple[str | int, ...]  # keys and indices from the top; () is the whole

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
MESSAGE_MAX = 500  # characters: names in it are as long as their writer likes
BREAKS = "\r\n\x85\u2028\u2029"


class Scalar(NamedTuple):
    """A word or text as it stands in the file: its value as text, and how quoted."""

    text: str
    style: str | None  # None: plain


class Node(NamedTuple):
    """Where a value stands, and its key if it has one."""

    span: Span
    key: Span | None
    scalar: Scalar | None


@dataclass(slots=True)
class Document:
    """A file as read.

    Attributes:
        path: What to call the file in problems.
        text: The whole text, without a byte order mark.
        data: dict, list, str, int, float, bool and None; None where nothing was read.
        problems: What is wrong so far, in the order found.
        complete: False where reading had to stop; `data` is then not to be used.
        nodes: Where every value stands.
    """

    path: str
    text: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    nodes: dict[Path, Node] = field(default_factory=dict)
    _wrong: set[Path] = field(default_factory=set)
    _starts: list[int] = field(default_factory=list)
    _placed: tuple[Span, list[Span]] | None = None
    _lines: dict[int, str] = field(default_factory=dict)  # those with a problem

    def __post_init__(self) -> None:
        self._starts = [0, *(found.end() for found in BREAK.finditer(self.text))]

    def raw(self, at: Path) -> str:
        """Return the text of a scalar as its writer meant it: `0.10`, not 0.1.

        Raises:
            KeyError: There is no scalar at `at`.
        """
        node = self.nodes.get(at)
        if node is None or node.scalar is None:
            raise KeyError(at)
        return node.scalar.text

    def is_wrong(self, at: Path) -> bool:
        """Tell whether the value at `at` already has a problem of its own."""
        return at in self._wrong

    def wrong(self) -> frozenset[Path]:
        """Return the paths of all values marked wrong."""
        return frozenset(self._wrong)

    def mark_wrong(self, at: Path) -> None:
        """Remember that the value at `at` has a problem: one mistake, one message."""
        self._wrong.add(at)

    def explain(self, hints: Mapping[Path, str]) -> None:
        """Give what was told of values when they were read a better hint, by path."""
        places = {
            self._position(self._nearest(at).span.start): hint
            for at, hint in hints.items()
        }
        for index, problem in enumerate(self.problems):
            hint = places.get((problem.line, problem.column), problem.help)
            self.problems[index] = msgspec.structs.replace(problem, help=hint)

    def scalars(self) -> Iterator[tuple[Path, str]]:
        """Yield the path and text of every scalar value, in the order of the file."""
        for at, node in self.nodes.items():
            if node.scalar is not None:
                yield at, node.scalar.text

    def line(self, at: Path) -> int:
        """Return the line, from 1, on which the value at `at` (or its key) begins."""
        node = self._nearest(at)
        return self._position((node.key or node.span).start)[0]

    def problem(
        self,
        at: Path,
        code: str,
        message: str,
        *,
        hint: str = "",
        on_key: bool = False,
        part: tuple[int, int] | None = None,
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Return a problem with the value at `at`, or with what stands nearest to it.

        Args:
            at: Path of the value.
            code: E.g. `PS001`.
            message: What was found and what was expected.
            hint: What to do.
            on_key: Point to the key instead of the value.
            part: Range of characters of a scalar's text; the whole if None.
            severity: Error or warning.
        """
        node = self._nearest(at)
        span = node.span
        if node.key is not None and (on_key or span.start == span.end):
            span = node.key
        elif part is not None and node.scalar is not None:
            span = self._part(node, *part)
        return self.problem_in(span, code, message, hint=hint, severity=severity)

    def problem_in(
        self,
        span: Span,
        code: str,
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Return a problem with a range of the text, cut at the end of its line."""
        line, column = self._position(span.start)
        source = self._source(line)
        end = column + max(span.end - span.start, 0)
        return Problem(
            path=self.path,
            line=line,
            column=column,
            end_column=min(end, max(len(source) + 1, column)),
            code=code,
            message=_printable(cut(message, MESSAGE_MAX)),
            help=_printable(cut(hint, MESSAGE_MAX)),
            source=source,
            severity=severity,
        )

    def _nearest(self, at: Path) -> Node:
        while at and at not in self.nodes:
            at = at[:-1]
        return self.nodes.get(at) or Node(Span(0, 0), None, None)

    def _part(self, node: Node, start: int, end: int) -> Span:
        assert node.scalar is not None, "only a scalar has parts"
        places = self._offsets(node.span, node.scalar)
        if not places or not 0 <= start <= len(places):
            return Span(node.span.start, node.span.start)
        first = places[start] if start < len(places) else Span(*places[-1][1:] * 2)
        last = places[min(max(end - 1, start), len(places) - 1)]
        begin = node.span.start
        return Span(begin + first.start, begin + max(last.end, first.start))

    def _offsets(self, span: Span, scalar: Scalar) -> list[Span]:
        # A text has its mistakes one after the other: the last one is remembered.
        if self._placed is None or self._placed[0] != span:
            source = self.text[span.start : span.end]
            self._placed = span, offsets(source, *scalar)
        return self._placed[1]

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def _source(self, line: int) -> str:
        # Held once for all its problems: a line can be as long as the file.
        if line not in self._lines:
            begin = self._starts[line - 1]
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            self._lines[line] = self.text[begin:end].rstrip(BREAKS)
        return self._lines[line]


def _printable(text: str) -> str:
    # a file can quote half a character ("\\ud800"), which no terminal takes
    return text.encode("utf-8", "replace").decode("utf-8")
