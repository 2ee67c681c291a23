"""Mappings and lists in brackets: their keys in order, one blank behind each comma.

What stands on several lines keeps its line breaks and the order of its keys: its writer
has laid it out.
"""

import re
from collections.abc import Iterator, Mapping

from polyrules.documents.document import Path
from polyrules.language.formatting.layout import Edit, Layout
from polyrules.language.formatting.order import ranks

SEPARATOR = re.compile(r"[ \t]*,[ \t]*")
TAIL = re.compile(r"[ \t]*,?[ \t]*")
BLANKS = re.compile(r"[ \t]*")
COLON = re.compile(r"[ \t]*:[ \t]*")


def flow_edits(layout: Layout, orders: Mapping[Path, tuple[str, ...]]) -> list[Edit]:
    """Return what is to be changed in all that is written in brackets.

    Args:
        layout: The file.
        orders: The keys of its mappings in their order, by path.
    """
    writing = _Writing(layout, orders)
    return [
        Edit(layout.nodes[at].span.start, layout.end(at), writing.value(at))
        for at in layout.nodes
        if layout.is_flow(at) and not _inside(layout, at)
    ]


def colon_edits(layout: Layout) -> Iterator[Edit]:
    """Yield what is to be changed between keys and values outside of brackets."""
    for at, node in layout.nodes.items():
        if node.key is None or _inside(layout, at):
            continue
        gap = layout.text[node.key.end : node.span.start]
        if COLON.fullmatch(gap) and node.span.end > node.span.start:
            yield Edit(node.key.end, node.span.start, ": ")


def _inside(layout: Layout, at: Path) -> bool:
    return any(layout.is_flow(at[:depth]) for depth in range(len(at)))


class _Writing:
    """Writes values as they should stand; nothing that holds a place is kept."""

    def __init__(self, layout: Layout, orders: Mapping[Path, tuple[str, ...]]) -> None:
        self._layout = layout
        self._orders = orders

    def value(self, at: Path) -> str:
        """Return the text of a value."""
        layout = self._layout
        start, end = layout.nodes[at].span.start, layout.end(at)
        inner = layout.children(at)
        if not layout.is_flow(at) or not inner:
            return layout.text[start:end]
        gaps = self._gaps(at, inner)
        entries = [self._entry(child) for child in inner]
        if at in self._orders and not any("\n" in gap for gap in gaps):
            keys = [str(child[-1]) for child in inner]
            entries = [entries[i] for i in ranks(keys, self._orders[at])]
        pieces = [layout.text[start]]
        for gap, entry in zip(gaps, entries, strict=False):  # the last gap is behind
            pieces += (gap, entry)
        return "".join((*pieces, gaps[-1], layout.text[end - 1]))

    def _entry(self, at: Path) -> str:
        node = self._layout.nodes[at]
        if node.key is None:
            return self.value(at)
        key = self._layout.text[node.key.start : node.key.end]
        gap = self._layout.text[node.key.end : node.span.start]
        if node.span.start == node.span.end:  # a key alone means null
            return self._layout.text[node.key.start : self._layout.end(at)]
        return key + (": " if COLON.fullmatch(gap) else gap) + self.value(at)

    def _gaps(self, at: Path, inner: list[Path]) -> list[str]:
        """Return what stands in front of each entry, and behind the last one."""
        layout, text = self._layout, self._layout.text
        ends = [layout.nodes[at].span.end, *map(layout.end, inner)]
        starts = [*map(layout.start, inner), layout.end(at) - 1]
        gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
        for index, gap in enumerate(gaps):
            wanted = ", " if 0 < index < len(inner) else ""
            form = (BLANKS, SEPARATOR, TAIL)[(index > 0) + (index == len(inner))]
            gaps[index] = wanted if form.fullmatch(gap) else gap
        return gaps
