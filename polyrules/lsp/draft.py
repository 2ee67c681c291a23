"""A strategy file that is being written, and what stands at a place of it.

A draft is often no YAML for a moment: then what the last readable one said is used for
names, and the line itself tells whether an expression is being written. Offsets are in
characters from the start of the text.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from polyrules.documents.document import Path
from polyrules.documents.places import Span
from polyrules.documents.source import read_yaml
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.formatting.layout import Layout
from polyrules.language.formatting.order import EXPRESSION, Words, parts
from polyrules.lsp.names import Name, names_of

WORD = re.compile(r"[A-Za-z_]\w*(?:\.\w*)?")
KEY = re.compile(r"([A-Za-z_]\w*):(?:\s|$)")
PLACEHOLDER = re.compile(r"\{[^{}]*$")
PART = re.compile(r"^([A-Za-z_-]+)\s*:")
STRATEGY = re.compile(r"^polyrules\s*:", re.MULTILINE)
OF_TESTS = ("fires", "guard", "blocked_by")


class Found(NamedTuple):
    """A word of the text, and where it stands."""

    text: str
    span: Span


class Draft:
    """One version of a file.

    Args:
        text: The whole text.
        path: What to call it.
        before: The version before it, whose names hold while this one is unreadable.
    """

    def __init__(self, text: str, path: str, before: "Draft | None" = None) -> None:
        self.text = text
        self.path = path
        self.document = read_yaml(text, path)
        self.is_readable = self.document.complete and not text.startswith("\ufeff")
        kept = before if before is not None and not self.is_readable else None
        self.names: dict[str, Name] = (
            kept.names if kept is not None else names_of(self.document)
        )
        self._layout = Layout(self.document) if self.is_readable else None

    @property
    def is_strategy(self) -> bool:
        """Whether this is a strategy at all, and no other kind of YAML."""
        return STRATEGY.search(self.text) is not None

    def word(self, offset: int) -> Found | None:
        """Return the word at a place, dotted ones whole; None between words."""
        begin = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        end = end if end >= 0 else len(self.text)
        for found in WORD.finditer(self.text, begin, end):
            if found.start() <= offset <= found.end():
                return Found(found[0], Span(*found.span()))
        return None

    def is_expression(self, offset: int) -> bool:
        """Tell whether names of expressions may stand at a place."""
        if self._layout is not None:
            data = self.document.data
            found = parts(data) if isinstance(data, dict) else ()
            texts = (each.at for each in found if isinstance(each, Words))
            if any(self._holds(at, offset) for at in texts):
                return True
        return self._follows_key(offset)

    def is_message(self, offset: int) -> bool:
        """Tell whether a place is inside the braces of a message."""
        line = self._before(offset)
        return "reason:" in line and PLACEHOLDER.search(line) is not None

    def is_given(self, offset: int) -> bool:
        """Tell whether a place is in what a test gives; features are its keys."""
        return any(
            at[0] == "tests" and at[2:] == ("given",) and self._holds(at, offset)
            for at in self._paths(3)
        )

    def place(self, name: Name) -> Span | None:
        """Return where the file defines a name."""
        return None if name.at is None else self._key(name.at)

    def rule(self, offset: int) -> Span | None:
        """Return where the rule or guard is that a test speaks of at a place."""
        word = self.word(offset)
        asks = any(
            at[0] == "tests" and at[-1] in OF_TESTS and self._holds(at, offset)
            for at in self._paths(4)
        )
        if word is None or not asks:
            return None
        for at in self._paths(3):
            node = self.document.nodes[at]
            named = at[0] in ("rules", "guards") and at[2] == "id"
            if named and node.scalar is not None and node.scalar.text == word.text:
                return node.span
        return None

    def words_before(self, offset: int) -> Iterator[Name]:
        """Yield the enums named on the line in front of a place, nearest first."""
        for found in reversed(list(WORD.finditer(self._before(offset)))):
            name = self.names.get(found[0])
            if name is not None and name.values:
                yield name

    def is_quoted(self, offset: int) -> bool:
        """Tell whether a place is inside single quotes, as the word of an enum is."""
        return self._before(offset).count("'") % 2 == 1

    def _paths(self, length: int) -> Iterator[Path]:
        if self._layout is not None:
            yield from (at for at in self.document.nodes if len(at) == length)

    def _holds(self, at: Path, offset: int) -> bool:
        assert self._layout is not None, "asked of readable drafts only"
        return self.document.nodes[at].span.start <= offset <= self._layout.end(at)

    def _key(self, at: Path) -> Span | None:
        node = self.document.nodes.get(at) if self.is_readable else None
        return None if node is None else node.key or node.span

    def _before(self, offset: int) -> str:
        return self.text[self.text.rfind("\n", 0, offset) + 1 : offset]

    def _follows_key(self, offset: int) -> bool:
        """Tell whether the key in front of a place takes an expression."""
        line = self._before(offset)
        keys = KEY.findall(line)
        if "#" in line or not keys:
            return False
        return keys[-1] in EXPRESSION_KEYS or self._part(offset) == "let"

    def _part(self, offset: int) -> str:
        """Return the part of the file that a place is in, such as let."""
        for line in reversed(self.text[:offset].split("\n")[:-1]):
            found = PART.match(line)
            if found:
                return found[1]
        return ""


def _expression_keys(schema: Any) -> Iterator[str]:  # noqa: ANN401 - any piece of JSON
    inner = schema.items() if isinstance(schema, dict) else enumerate(schema)
    for key, piece in inner:
        if isinstance(piece, dict) and EXPRESSION in piece.get("allOf", ()):
            yield str(key)
        if isinstance(piece, dict | list):
            yield from _expression_keys(piece)


EXPRESSION_KEYS = frozenset(_expression_keys(STRATEGY_SCHEMA))
