"""Where a strategy's bases come from: shipped ones, or files below its own folder.

A file may come from a stranger. It can name a shipped id, or a file in its own folder
or below; no link leads out of there, and nothing but a file of text is opened.
"""

from pathlib import Path

from polyrules.cli.shipped import folder, read_text, shipped_ids
from polyrules.documents.source import read_yaml
from polyrules.documents.words import did_you_mean
from polyrules.errors import InputError, StrategyError
from polyrules.language.chain import ID, base_path, follow


def find_base(asking: str, named: str) -> tuple[str, str]:
    """Return path and text of what a file extends.

    Args:
        asking: Path of the file that extends.
        named: What it names.

    Raises:
        InputError: It may not be named, is not there, or cannot be read.
    """
    path = base_path(asking, named)
    if ID.fullmatch(named):
        known = shipped_ids()
        if named not in known:
            hint = did_you_mean(named, known) or f"shipped: {', '.join(known)}"
            raise InputError(
                f"no shipped strategy is called {named}",
                hint=f"{hint} a file is named so: ./{path}",
            )
        return path, read_text(folder("strategies") / path)
    place = Path(path)
    _check_inside(place, Path(asking).parent, named)
    return path, read_text(place)


def bases_of(path: str, text: str) -> dict[str, str]:
    """Return all that a strategy stands on, as text by path; nothing if on nothing.

    Raises:
        StrategyError: One of the files cannot be had, or names what it may not.
    """
    chain = follow(read_yaml(text, path), find_base)
    if len(chain.documents) == 1 and chain.is_whole:
        return {}
    if not chain.is_whole and chain.problems:
        raise StrategyError(chain.problems)
    return {document.path: document.text for document in chain.documents[1:]}


def _check_inside(place: Path, home: Path, named: str) -> None:
    """Refuse a file outside of the folder, or what is no plain file."""
    try:
        real = place.resolve()
        inside = real.is_relative_to(home.resolve())
        plain = real.is_file()
    except (OSError, RuntimeError, ValueError):  # a circle of links, or too long
        inside, plain = True, False
    if not inside:
        raise InputError(
            f"{named} leads out of the folder of this file",
            hint="copy the base into the folder",
        )
    if not plain:
        raise InputError(
            f"{named}: no such file beside this one",
            hint="write a shipped id, or a file in this folder or below",
        )
