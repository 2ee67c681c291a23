"""From a file that extends another to the one that says all: the chain of files.

Nothing is opened here: who asks hands in a way to find a base, from a disk or from a
journal. What a base may be called is decided here, for both.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from polyrules.documents.document import Document
from polyrules.documents.source import read_yaml
from polyrules.documents.words import cut
from polyrules.errors import InputError, Problem
from polyrules.language.files.extension import check_extension, is_extension

BASES_MAX = 5
NO_BASE = "PS020"
ENDLESS = "PS024"
ID = re.compile(r"[a-z][a-z0-9_]{0,47}")
SUFFIXES = (".yaml", ".yml")

Find = Callable[[str, str], tuple[str, str]]
"""Finds a base: (path of the asking file, what it names) -> (path, text).

Raises InputError where it cannot be had. The path is what `base_path` returns.
"""


class Chain(NamedTuple):
    """Files that stand on one another.

    Attributes:
        documents: The file asked for, its base, the base of that, and so on; as far as
            they could be found.
        problems: What is wrong with them as files, and with what they call their base.
        is_whole: Whether the last document extends nothing: all were found.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]
    is_whole: bool


def follow(document: Document, find: Find | None) -> Chain:
    """Find the bases of a file, and their bases.

    Args:
        document: The file asked for, as read.
        find: How to find a base; None: the chain ends at the first file that has one.

    Returns:
        The chain. Problems: PS020 for a base that cannot be had, PS024 for a circle or
        a chain that is too long, and those of the files as such.
    """
    documents, problems = [document], list(document.problems)
    while document.complete and is_extension(document):
        problems += check_extension(document)
        base, wrong = _base(document, documents, find)
        problems += wrong
        if base is None:
            return Chain(tuple(documents), tuple(problems), is_whole=False)
        documents.append(base)
        if is_extension(base) or not base.complete:
            problems += base.problems
        document = base
    return Chain(tuple(documents), tuple(problems), is_whole=document.complete)


def base_path(asking: str, named: str) -> str:
    """Return what to call a base in problems and in journals.

    A file of ours is called by its path from where the run is, with a `/` in it; a
    shipped strategy `ID.yaml`.

    Args:
        asking: Path of the file that extends.
        named: What it extends.

    Raises:
        InputError: Such a base may not be named: only an id, or a file below.
    """
    if ID.fullmatch(named):
        return f"{named}{SUFFIXES[0]}"
    parts = [part for part in named.split("/") if part != "."]
    hint = "write a shipped id, or a file in this folder or below: ./base.yaml"
    if not named.endswith(SUFFIXES) or "\\" in named or ":" in named or "\0" in named:
        message = f'"{cut(named)}" is neither a shipped id nor a YAML file'
        raise InputError(message, hint=hint)
    if "" in parts or ".." in parts or parts[0].startswith("~"):
        message = f'"{cut(named)}" is outside the folder of this file'
        raise InputError(message, hint=hint)
    folder = asking.replace("\\", "/").rpartition("/")
    home = folder[0] + folder[1]
    return (home or "./") + "/".join(parts)


def among(bases: Mapping[str, str]) -> Find:
    """Return a way to find bases among texts that were kept, by their paths."""

    def find(asking: str, named: str) -> tuple[str, str]:
        path = base_path(asking, named)
        if path not in bases:
            raise InputError(f"the text of {path} was not kept with this strategy")
        return path, bases[path]

    return find


def _base(
    document: Document, before: list[Document], find: Find | None
) -> tuple[Document | None, list[Problem]]:
    """Return the base of a file, None if it cannot be had, and what is wrong."""
    at = ("extends",)
    named = document.data["extends"]
    if document.is_wrong(at) or not isinstance(named, str):
        return None, []
    try:
        path = base_path(document.path, named)
        if path in [each.path for each in before[1:]]:
            message = f"{path} stands on itself: a circle"
            hint = "let one of the files say all, and extend nothing"
            return None, [document.problem(at, ENDLESS, message, hint=hint)]
        if len(before) > BASES_MAX:
            message = f"more than {BASES_MAX} files stand on one another"
            hint = "extend a file nearer to the one that says all"
            return None, [document.problem(at, ENDLESS, message, hint=hint)]
        if find is None:
            return None, []
        return read_yaml(find(document.path, named)[1], path), []
    except InputError as error:
        return None, [document.problem(at, NO_BASE, error.message, hint=error.hint)]
