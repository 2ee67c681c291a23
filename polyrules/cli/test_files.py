"""Which files `polyrules test` reads: strategies, and the tests that stand beside them.

Tests of NAME.yaml may stand in NAME.test.yaml; that file is found when either is given,
and a strategy given twice is tested once.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from polyrules.cli.shipped import folder, read_text, resolve, shipped_ids
from polyrules.documents.document import Document
from polyrules.documents.source import read_yaml
from polyrules.errors import InputError
from polyrules.language.files.others import known_by

SUFFIX = ".test.yaml"
KEY = re.compile(rb"^([a-z_]+)[ ]*:", re.MULTILINE)  # at the top of a file


class Source(NamedTuple):
    """A strategy's file, and the file of tests beside it, if there is one."""

    path: str
    text: str
    beside: Document | None = None


def expanded(names: Iterable[str]) -> Iterator[str]:
    """Yield every file once; a directory stands for the strategies in it.

    A file of tests stands for its strategy where that is not given itself.
    """
    given = [each for name in names for each in files_of(name)]
    seen: set[str] = set()
    for name in given:
        key = str(Path(name.removesuffix(SUFFIX) + ".yaml").absolute())
        if not name.endswith(SUFFIX):
            key = str(Path(name).absolute())
        if key not in seen:
            seen.add(key)
            yield name


def open_source(name: str) -> Source:
    """Read a strategy, or the strategy that a file of tests names, and its tests.

    Raises:
        InputError: A file is missing or cannot be read.
    """
    if name.endswith(SUFFIX):
        return _named_by(read_yaml(read_text(Path(name)), name), name)
    path, text = resolve(name)
    place = _place(name).with_suffix(SUFFIX)
    beside: Document | None = None
    if place.is_file():
        shown = str(Path(path).with_suffix(SUFFIX))
        beside = read_yaml(read_text(place), shown)
        _check_named(beside, place, _place(name))
    return Source(path, text, beside)


def files_of(name: str) -> list[str]:
    """Return the files a name stands for: itself, or of a folder all strategies in it.

    Raises:
        InputError: The folder has none.
    """
    place = Path(name)
    if not place.is_dir():
        return [name]
    found = sorted(str(path) for path in place.glob("*.yaml") if not _is_other(path))
    if not found:
        raise InputError(f"{name} has no strategies: no .yaml file in it is one")
    return found


def _is_other(path: Path) -> bool:
    """Tell whether a file is no strategy; what cannot be read is told later."""
    if path.name.endswith(SUFFIX):
        return True
    try:
        keys = {key.decode() for key in KEY.findall(path.read_bytes())}
    except OSError:
        return False
    return known_by(keys) is not None


def _place(name: str) -> Path:
    path = Path(name)
    shipped = not path.exists() and name in shipped_ids()
    return folder("strategies") / f"{name}.yaml" if shipped else path


def _named_by(beside: Document, name: str) -> Source:
    data = beside.data
    named = data.get("strategy") if isinstance(data, dict) else None
    if not isinstance(named, str):
        raise InputError(
            f"{name} does not say which strategy it tests",
            hint="write strategy: ./NAME.yaml",
        )
    path = Path(name).parent / named
    return Source(str(path), read_text(path), beside)


def _check_named(beside: Document, place: Path, strategy: Path) -> None:
    """Tell where a file of tests names another strategy than it stands beside."""
    data = beside.data
    named = data.get("strategy") if isinstance(data, dict) else None
    if isinstance(named, str) and (place.parent / named).resolve() != (
        strategy.resolve()
    ):
        message = f"{named} is not the strategy beside this file"
        hint = f"write ./{strategy.name}, or rename this file"
        problem = beside.problem(("strategy",), "PS015", message, hint=hint)
        beside.problems.append(problem)
