"""Blank lines and line ends: one blank line between the groups of a file's parts.

Texts of several lines keep their blank lines; elsewhere there is one at most.
"""

from polyrules.language.formatting.blocks import cuts_of
from polyrules.language.formatting.layout import Layout
from polyrules.language.formatting.order import group


def tidied(layout: Layout) -> str:
    """Return the text of a file with its blank lines where they belong."""
    kept = _texts(layout)
    wanted = _breaks(layout)
    end = "\r\n" if "\r\n" in layout.text else "\n"
    written: list[str] = []
    for index, line in enumerate(layout.lines):
        if index in wanted and written and written[-1].strip():
            written.append(end)
        if index in kept:
            written.append(line)
            continue
        bare = line.rstrip()
        if bare or (written and written[-1].strip()):
            written.append(bare + _end(line))
    while written and not written[-1].strip() and len(layout.lines) - 1 not in kept:
        written.pop()
    return "".join(written)


def _texts(layout: Layout) -> set[int]:
    """Return the lines of all texts that go over several lines."""
    found: set[int] = set()
    for at, node in layout.nodes.items():
        first, last = layout.line(node.span.start), layout.last_line(at)
        if node.scalar is not None and last > first:
            found.update(range(first, last + 1))
    return found


def _breaks(layout: Layout) -> set[int]:
    """Return the lines above which a blank line must stand."""
    inner = layout.children(())
    if layout.is_flow(()):
        return set()
    groups = [group(str(at[-1])) for at in inner]
    cuts = cuts_of(layout, ())
    return {
        cuts[index]
        for index in range(1, len(inner))
        if groups[index] != groups[index - 1]
        and not layout.keeps_blank_lines(inner[index - 1])
    }


def _end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"
