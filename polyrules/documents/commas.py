"""Values that a comma cut in two: inside { } it ends a value, in brackets too.

`{price: min(best_ask, 0.97)}` is, in YAML, a price of `min(best_ask` and a key `0.97)`
without a value. That is one mistake, and it is told of the value, not of the key.
"""

from collections.abc import Mapping
from typing import Any

from polyrules.documents.document import Document, Path

HINT = "put it in quotes: inside { } a comma ends a value"


def cut_values(document: Document) -> dict[Path, Path]:
    """Return the keys that are the rest of a value, each with that value's path."""
    rests: dict[Path, Path] = {}
    for at, node in document.nodes.items():
        in_braces = document.text.startswith("{", node.span.start)
        if node.scalar is None and in_braces:
            rests.update(_rests(document, at))
    return rests


def _rests(document: Document, at: Path) -> dict[Path, Path]:
    rests: dict[Path, Path] = {}
    cut: Path | None = None
    open_ = 0
    for key, value in _items(document.data, at).items():
        place = (*at, key)
        text = _plain(document, place)
        if cut is not None and open_ > 0 and value is None and text == "":
            rests[place] = cut
            open_ += _depth(key)
            continue
        cut, open_ = place, _depth(text or "")
    return rests


def _items(data: Any, at: Path) -> Mapping[str, Any]:  # noqa: ANN401 - any YAML value
    for step in at:
        data = data[step]
    return data if isinstance(data, dict) else {}


def _plain(document: Document, at: Path) -> str | None:
    """Return the text of a scalar without quotes; None for everything else."""
    node = document.nodes.get(at)
    if node is None or node.scalar is None or node.scalar.style is not None:
        return None
    return node.scalar.text


def _depth(text: str) -> int:
    """Return how many round brackets a text opens and does not close."""
    return text.count("(") - text.count(")")
