"""Where each character of a YAML scalar stands in the file.

A folded block, a quoted text or a value over several lines differs from its source only
in white space and escapes. So what is not white space is matched one to one, in order,
and white space is placed behind what precedes it. Where the two do not match, nothing
is claimed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

SPACE = " \t\r\n\x85\u2028\u2029"
ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r\n[ \t]*|[\s\S])"
)
BREAK_ESCAPE = re.compile("\\\\(?:\r\n|[\n\r\x85\u2028\u2029])[ \t]*")
NAMED = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f"}
NAMED |= {"r": "\r", "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028"}
NAMED |= {"P": "\u2029", "\t": "\t"}


class Span(NamedTuple):
    """A range of characters, `end` excluded."""

    start: int
    end: int


def offsets(source: str, text: str, style: str | None) -> list[Span]:
    """Place every character of a scalar's value in its source.

    Args:
        source: The scalar as in the file, with its quotes or block header.
        text: Its value.
        style: PyYAML's: `'`, `"`, `|`, `>`, or None for a plain scalar.

    Returns:
        One span in `source` per character of `text`; empty if they do not match.
    """
    solid = [(char, span) for char, span in _solid(source, style) if char not in SPACE]
    places: list[Span] = []
    behind = len(source) - len(source.lstrip("'\""))
    index = 0
    for char in text:
        if char in SPACE:
            places.append(Span(behind, behind + 1))
            behind += 1
            continue
        if index == len(solid) or solid[index][0] != char:
            return []
        places.append(solid[index][1])
        behind = solid[index][1].end
        index += 1
    return places if index == len(solid) else []


def _solid(source: str, style: str | None) -> Iterator[tuple[str, Span]]:
    if style == '"':
        yield from _double_quoted(source)
        return
    start, end = 0, len(source)
    if style == "'":
        start, end = 1, end - 1
    elif style in ("|", ">"):
        header = re.match(r"[^\n\r\x85\u2028\u2029]*", source)
        start = header.end() if header else 0
    while start < end:
        # two quotes stand for one
        width = 2 if style == "'" and source.startswith("''", start) else 1
        yield source[start], Span(start, start + width)
        start += width


def _double_quoted(source: str) -> Iterator[tuple[str, Span]]:
    at, end = 1, len(source) - 1
    while at < end:
        if source[at] != "\\":
            yield source[at], Span(at, at + 1)
            at += 1
            continue
        joined = BREAK_ESCAPE.match(source, at)
        if joined:
            at = joined.end()
            continue
        found = ESCAPE.match(source, at)
        if found is None:
            return
        code = found[0][2:]
        char = chr(int(code, 16)) if code else NAMED.get(found[0][1], found[0][1])
        yield char, Span(at, found.end())
        at = found.end()
