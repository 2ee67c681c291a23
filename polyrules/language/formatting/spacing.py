"""Blanks in expressions: one around operators, none inside brackets.

Only blanks change. Line breaks stay where they are, and so does an expression that
would not read the same afterwards.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from polyrules.documents.document import Scalar
from polyrules.documents.places import offsets
from polyrules.language.expressions.parse import parse
from polyrules.language.expressions.tokens import WORDS, Token, tokenize
from polyrules.language.files.digest import TOKEN

BREAKS = "\r\n"


class Gap(NamedTuple):
    """The blanks from one token to the next, and what should stand there."""

    start: int
    end: int
    blanks: str


def spaced(text: str) -> str:
    """Return an expression with its blanks where they belong.

    Args:
        text: Its value; what is no expression is returned as it is.
    """
    after = text
    for gap in reversed(list(_gaps(text))):
        wanted = _blanks(text[gap.start : gap.end], gap.blanks)
        after = after[: gap.start] + wanted + after[gap.end :]
    return after if _reads_alike(text, after) else text


def respaced(source: str, scalar: Scalar) -> str:
    """Return the source of a scalar that is an expression, with its blanks in place.

    Args:
        source: The scalar as it stands in the file, quotes and block header included.
        scalar: What it means.
    """
    if spaced(scalar.text) == scalar.text:
        return source
    places = offsets(source, *scalar)
    if not places:
        return source
    for gap in reversed(list(_gaps(scalar.text))):
        start, end = places[gap.start - 1].end, places[gap.end].start
        if source[start:end].isspace() or start == end:
            wanted = _blanks(source[start:end], gap.blanks)
            source = source[:start] + wanted + source[end:]
    return source


def _gaps(text: str) -> Iterator[Gap]:
    tokens = [token for token in tokenize(text) if token.kind != "space"]
    before = Token("other", "", 0)
    for token, after in pairwise(tokens):
        blanks = _between(before, token, after)
        if blanks is not None:
            yield Gap(token.end, after.start, blanks)
        before = token


def _blanks(found: str, wanted: str) -> str:
    """Return what should stand in a gap; a line break stays, without blanks before."""
    at = next((i for i, char in enumerate(found) if char in BREAKS), None)
    return wanted if at is None else found[at:]


def _between(before: Token, token: Token, after: Token) -> str | None:
    """Return the blanks between two tokens; None: leave them as they are."""
    if "." in (token.text, after.text):
        return None
    if token.text in ("(", "=") or after.text in (")", ",", "="):
        return ""  # "=" names an argument: by='event'
    if token.text == "-" and not _ends_value(before):
        return ""
    if after.text == "(" and token.kind == "name" and token.text not in WORDS:
        return ""
    return " "


def _ends_value(token: Token) -> bool:
    if token.kind == "name":
        return token.text not in WORDS
    return token.kind in ("number", "string") or token.text == ")"


def _reads_alike(one: str, other: str) -> bool:
    first, second = parse(one).tree, parse(other).tree
    return (
        first is not None
        and second is not None
        and ast.dump(first) == ast.dump(second)
        and TOKEN.findall(one) == TOKEN.findall(other)
    )
