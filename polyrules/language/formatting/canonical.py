"""A strategy file in its one layout: keys in order, expressions spaced, nothing lost.

Comments stay with what they stand at, texts and long mappings in brackets keep their
line breaks. What comes out means what went in: that is looked at each time, and not
taken for granted. A file that cannot be read is refused, with its problems; one that
is wrong in what it says (a name, a unit) is laid out like any other.
"""

import ast
import re
from collections.abc import Iterator

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.documents.places import Span
from polyrules.documents.shape import check_shape
from polyrules.documents.source import read_yaml
from polyrules.errors import InvariantError, Problem, StrategyError
from polyrules.language.expressions.parse import parse
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.formatting.blocks import block_edit
from polyrules.language.formatting.flow import colon_edits, flow_edits
from polyrules.language.formatting.layout import Edit, Layout, applied
from polyrules.language.formatting.lines import tidied
from polyrules.language.formatting.order import Keys, Words, parts
from polyrules.language.formatting.spacing import respaced

ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
NOT_YAML = "PR004"


class Formatted(msgspec.Struct, frozen=True, kw_only=True):
    """A file in its layout, and what was changed for that.

    Attributes:
        text: The whole file, without a byte order mark; its line ends are kept.
        changes: In words: `key order`, `2 expressions`; `spacing` where only that.
    """

    text: str
    changes: tuple[str, ...] = ()


def formatted(text: str, path: str) -> Formatted:
    """Return a strategy file in its layout.

    Args:
        text: The whole file.
        path: What to call it in problems.

    Raises:
        StrategyError: It is not YAML of ours, or an expression in it is none.
    """
    document = _read(text, path)
    after = _laid_out(document)
    if _meaning(document) != _meaning(after):
        raise InvariantError(f"{path}: another layout would change what it means")
    return Formatted(text=after.text, changes=tuple(_changes(document, after)))


def _laid_out(document: Document) -> Document:
    if not document.text.endswith("\n"):
        end = "\r\n" if "\r\n" in document.text else "\n"
        document = _again(document, document.text + end)
    spaced = _again(document, applied(document.text, _expression_edits(document)))
    ordered = _in_order(spaced)
    return _again(ordered, tidied(Layout(ordered)))


def _read(text: str, path: str) -> Document:
    """Read a file; StrategyError if it is not readable through and through."""
    document = read_yaml(text, path)
    problems = tuple(document.problems) or tuple(_unreadable(document))
    if problems:
        raise StrategyError(problems)
    return document


def _unreadable(document: Document) -> Iterator[Problem]:
    odd = ODD_BREAK.search(document.text)
    if odd is not None:
        message = f"line break U+{ord(odd[0]):04X}: not all editors see it"
        place = Span(*odd.span())
        yield document.problem_in(place, NOT_YAML, message, hint="write a plain one")
    if not isinstance(document.data, dict):
        yield from check_shape(document, STRATEGY_SCHEMA)
        return
    for at in _expressions(document):
        text = document.raw(at)
        for found in parse(text).findings:
            part = (found.start, found.end)
            yield document.problem(
                at, found.code, found.message, hint=found.help, part=part
            )


def _expressions(document: Document) -> list[Path]:
    return [found.at for found in parts(document.data) if isinstance(found, Words)]


def _orders(document: Document) -> dict[Path, tuple[str, ...]]:
    found = parts(document.data)
    return {each.at: each.order for each in found if isinstance(each, Keys)}


def _expression_edits(document: Document) -> Iterator[Edit]:
    for at in _expressions(document):
        node = document.nodes[at]
        assert node.scalar is not None, "an expression is a scalar"
        source = document.text[node.span.start : node.span.end]
        after = respaced(source, node.scalar)
        if after != source:
            yield Edit(node.span.start, node.span.end, after)


def _in_order(document: Document) -> Document:
    """Return the document with all keys in order, outer mappings first."""
    orders = _orders(document)
    layout = Layout(document)
    edits = [*flow_edits(layout, orders), *colon_edits(layout)]
    document = _again(document, applied(document.text, edits))
    depths = sorted({len(at) for at in orders})
    for depth in depths:
        layout = Layout(document)
        found = (
            block_edit(layout, at, order)
            for at, order in orders.items()
            if len(at) == depth and layout.is_mapping(at) and not layout.is_flow(at)
        )
        edits = [edit for edit in found if edit is not None]
        document = _again(document, applied(document.text, edits))
    return document


def _again(document: Document, text: str) -> Document:
    """Read what we have written; it must be as readable as what it was made of."""
    if text == document.text:
        return document
    try:
        return _read(text, document.path)
    except StrategyError as error:
        message = f"{document.path}: another layout could not be read"
        raise InvariantError(message) from error


def _changes(before: Document, after: Document) -> Iterator[str]:
    """Yield what differs, in words."""
    if before.text == after.text:
        return
    spacing = True
    if _key_orders(before) != _key_orders(after):
        spacing = False
        yield "key order"
    changed = sum(
        before.raw(at).strip() != after.raw(at).strip() for at in _expressions(before)
    )
    if changed:
        spacing = False
        yield f"{changed} expression{'' if changed == 1 else 's'}"
    if spacing:
        yield "spacing"


def _key_orders(document: Document) -> dict[Path, list[str | int]]:
    layout = Layout(document)
    return {
        at: [child[-1] for child in layout.children(at)] for at in _orders(document)
    }


def _meaning(document: Document) -> object:
    """Return what a file says; two files are alike if theirs are equal."""
    said: dict[Path, object] = dict.fromkeys(document.nodes)
    said |= {at: text.rstrip("\n") for at, text in document.scalars()}
    for at in _expressions(document):
        tree = parse(document.raw(at)).tree
        assert tree is not None, "an unreadable expression was refused"
        said[at] = ast.dump(tree)
    return said, list(document.data.get("let") or ())
