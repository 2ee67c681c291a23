"""YAML files of ours, read so that every word keeps its place.

The dialect is small on purpose: the core types of YAML 1.2 (null, bool, int, float,
text), one document, no key twice, and nothing that lets a short text mean a long one
(no anchors, aliases, merge keys or tags). `NO`, `12:30`, `0777`, `0x1f` and dates are
text; where another reader of YAML would see a bool or a number, that is a problem.

A wrong file is no exception: its problems are collected, all of them up to a syntax
error, behind which nothing can be read. Nothing is known here of what the keys mean.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from polyrules.documents.dialect import ambiguity, core_value, in_our_words
from polyrules.documents.document import Document, Node, Path, Scalar
from polyrules.documents.places import Span
from polyrules.documents.words import cut

BYTES_MAX = 256 * 1024
DEPTH_MAX = 20
NODES_MAX = 10_000

TAG = re.compile(r"![^\s,\[\]{}]*")
MAGIC = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)+")
SURROGATE = re.compile("[\ud800-\udfff]")
# They change the order in which a line is shown: what people read is not what is done.
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def read_yaml(text: str | bytes, path: str) -> Document:
    """Read a YAML file.

    Args:
        text: The whole file; bytes must be UTF-8.
        path: What to call it in problems.

    Returns:
        The document with its problems: PR001 a key twice, PR002 an anchor, alias, merge
        key or tag, PR003 a word that other readers take for something else, PR004 not
        YAML, PR005 over a budget. Nothing is raised for what the file says.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        return _not_utf8(error, path)
    document = Document(path, text.removeprefix("\ufeff"))
    _Reading(document).read()
    return document


def _not_utf8(error: UnicodeDecodeError, path: str) -> Document:
    data = error.object
    readable = data[: error.start].decode("utf-8")
    document = Document(path, readable.removeprefix("\ufeff"), complete=False)
    end = len(document.text)
    message = f"not UTF-8: byte 0x{data[error.start]:02x}"
    found = document.problem_in(
        Span(end, end), "PR004", message, hint="save the file as UTF-8"
    )
    document.problems.append(found)
    return document


class _Stop(Exception):
    """Nothing behind this place can be read; the problem is noted."""


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being read."""

    container: dict[str, Any] | list[Any]
    path: Path
    recorded: bool  # False under a duplicate key: read, but kept nowhere
    key: tuple[str, Span] | None = None
    twice: bool = False


class _Reading:
    """One pass over PyYAML's events; no recursion, so depth is ours to limit."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._frames: list[_Frame] = []
        self._count = 0

    def read(self) -> None:
        document = self._document
        if len(document.text.encode("utf-8", "replace")) > BYTES_MAX:
            self._note(Span(0, 0), "PR005", f"larger than {BYTES_MAX // 1024} KiB")
            document.complete = False
            return
        self._refuse_reordering()
        try:
            for event in self._events():
                self._take(event)
        except _Stop:
            document.complete = False
            return
        if not document.nodes:
            hint = "an empty file says nothing"
            self._note(Span(0, 0), "PR004", "nothing in this file", hint)
            document.complete = False

    def _refuse_reordering(self) -> None:
        """Refuse what makes a line look like another, in remarks too."""
        for found in REORDERING.finditer(self._document.text):
            message = f"character U+{ord(found[0]):04X} is not allowed"
            hint = "delete it: it is invisible, and changes how the line looks"
            self._note(Span(*found.span()), "PR004", message, hint)

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self._document.text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            at = Span(error.position, error.position + 1)
            message = f"character U+{error.character:04X} is not allowed"
            self._stop(at, "PR004", message, "delete it; it may be invisible")
        except yaml.MarkedYAMLError as error:
            mark = _opening(error) or error.problem_mark
            at = Span(mark.index, mark.index + 1) if mark else Span(0, 0)
            message, hint = in_our_words(error)
            self._stop(at, "PR004", message, hint)
        except (ValueError, OverflowError) as error:
            # PyYAML converts digits of escapes and directives without a check
            self._stop(Span(0, 0), "PR004", f"not YAML: {error}", "")

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            if self._document.nodes:
                hint = 'keep one; "---" begins another'
                self._stop(_span(event), "PR004", "more than one document", hint)
            if event.tags:
                self._note(_span(event), "PR002", "%TAG is not allowed")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._frames.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._count += 1
            if self._count > NODES_MAX:
                self._stop(_span(event), "PR005", f"more than {NODES_MAX} values", "")
            self._refuse_magic(event)
            self._take_node(event)

    def _refuse_magic(self, event: yaml.NodeEvent) -> None:
        plain = "write the value out where it is used"
        if isinstance(event, yaml.AliasEvent):
            message = f"alias *{cut(str(event.anchor))} is not allowed"
            self._note(_span(event), "PR002", message, plain)
            return
        if event.anchor is not None:
            span = self._magic(event, 1 + len(event.anchor))
            message = f"anchor &{cut(event.anchor)} is not allowed"
            self._note(span, "PR002", message, plain)
        tag = getattr(event, "tag", None)
        if tag is not None:
            start, end = _span(event)
            found = TAG.search(self._document.text, start, end)
            span = Span(*found.span()) if found else Span(start, start + 1)
            written = self._document.text[span.start : span.end]
            self._note(span, "PR002", f"tag {cut(written)} is not allowed", "delete it")

    def _take_node(self, event: yaml.NodeEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame and isinstance(frame.container, dict) and frame.key is None:
            self._take_key(frame, event)
            return
        if len(self._frames) >= DEPTH_MAX and not isinstance(event, yaml.ScalarEvent):
            message = f"nested deeper than {DEPTH_MAX}"
            self._stop(self._magic(event, 1), "PR005", message, "")
        at, recorded, key = self._next_place(frame)
        value, scalar = self._value(event, at)
        if recorded:
            if frame is None:
                self._document.data = value
            elif isinstance(frame.container, dict):
                frame.container[str(at[-1])] = value
            else:
                frame.container.append(value)
            node = Node(self._content(event), key, scalar)
            self._document.nodes[at] = node
        if isinstance(value, dict | list):
            self._frames.append(_Frame(value, at, recorded))

    def _next_place(self, frame: _Frame | None) -> tuple[Path, bool, Span | None]:
        if frame is None:
            return (), True, None
        if isinstance(frame.container, list):
            return (*frame.path, len(frame.container)), frame.recorded, None
        assert frame.key is not None, "a value in a mapping follows its key"
        name, span = frame.key
        recorded = frame.recorded and not frame.twice
        frame.key, frame.twice = None, False
        return (*frame.path, name), recorded, span

    def _take_key(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        span = self._content(event)
        if isinstance(event, yaml.AliasEvent):
            frame.key = (f"*{event.anchor}", span)
            return
        if not isinstance(event, yaml.ScalarEvent):
            hint = 'quote a text that begins with "{" or "["'
            self._stop(self._magic(event, 1), "PR004", "a key must be a word", hint)
        name = str(event.value)
        if name == "<<" and event.style is None:
            hint = "write the keys out where they are used"
            self._note(span, "PR002", "merge key << is not allowed", hint)
            self._document.mark_wrong((*frame.path, name))
        elif event.style is None and not self._refuse_ambiguous(name, span):
            self._document.mark_wrong((*frame.path, name))
        self._refuse_surrogates(name, span)
        assert isinstance(frame.container, dict), "only a mapping has keys"
        frame.key = (name, span)
        frame.twice = name in frame.container
        if frame.twice and frame.recorded:
            first = self._document.line((*frame.path, name))
            message = f'key "{cut(name)}" stands here twice'
            self._note(span, "PR001", message, f"the first is in line {first}")

    def _value(self, event: yaml.NodeEvent, at: Path) -> tuple[Any, Scalar | None]:
        if isinstance(event, yaml.MappingStartEvent):
            return {}, None
        if isinstance(event, yaml.SequenceStartEvent):
            return [], None
        if isinstance(event, yaml.AliasEvent):
            self._document.mark_wrong(at)
            return None, None
        assert isinstance(event, yaml.ScalarEvent), "there are no other nodes"
        text = str(event.value)
        scalar = Scalar(text, event.style)
        span = self._content(event)
        if not self._refuse_surrogates(text, span):
            self._document.mark_wrong(at)
        if event.style is not None:
            return text, scalar
        if not self._refuse_ambiguous(text, span):
            self._document.mark_wrong(at)
        value = core_value(text)
        if isinstance(value, float) and not math.isfinite(value):
            message = f"number {cut(text)} is not finite"
            self._note(span, "PR005", message, "write a number below 1e308")
            self._document.mark_wrong(at)
            return None, scalar
        return value, scalar

    def _refuse_ambiguous(self, text: str, span: Span) -> bool:
        """Refuse what YAML 1.1 takes for a bool or a number; True if it is fine."""
        found = ambiguity(text)
        if found is None:
            return True
        self._note(span, "PR003", *found)
        return False

    def _refuse_surrogates(self, text: str, span: Span) -> bool:
        # an escape like "\ud800" is half a character: no encoding can write it
        if SURROGATE.search(text) is None:
            return True
        self._note(span, "PR004", "half a character (a surrogate escape)")
        return False

    def _note(self, span: Span, code: str, message: str, hint: str = "") -> None:
        found = self._document.problem_in(span, code, message, hint=hint)
        self._document.problems.append(found)

    def _stop(self, span: Span, code: str, message: str, hint: str) -> NoReturn:
        self._note(span, code, message, hint)
        raise _Stop

    def _content(self, event: yaml.NodeEvent) -> Span:
        """Return where the node itself stands, behind its anchor and tag."""
        start, end = _span(event)
        found = MAGIC.match(self._document.text, start, end)
        return Span(found.end() if found else start, end)

    def _magic(self, event: yaml.NodeEvent, length: int) -> Span:
        start, _ = _span(event)
        return Span(start, start + length)


def _opening(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Return where a quote or bracket opens that was not closed in its line."""
    opens, stumbles = error.context_mark, error.problem_mark
    context = error.context or ""
    if opens is None or stumbles is None:
        return None
    if "quoted scalar" in context:
        return opens
    return opens if "flow" in context and opens.line < stumbles.line else None


def _span(event: yaml.Event) -> Span:
    start, end = event.start_mark, event.end_mark
    assert start, "events of a text have marks"
    assert end, "events of a text have marks"
    return Span(start.index, end.index)
