"""What can be mended in a file without a choice: text in, text out.

Three things are: a let or a param that nothing uses goes, a word that other readers of
YAML take for something else gets quotes, and a remark that keeps nothing silent goes.
Each change is looked at again: one that does not simply make its problem disappear is
not made. What a rule does is never changed.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain, islice
from typing import NamedTuple

from polyrules.documents.document import BREAK, Document, Path
from polyrules.documents.source import read_yaml
from polyrules.errors import Problem, Severity
from polyrules.language.analysis.report import look_at

CHANGES_MAX = 100  # of a file: each is looked at again
UNUSED = re.compile(r'(?P<part>param|let) "(?P<name>[^"]+)" is never used')
CLOSED = re.compile(r"[}\]\s]*(?:#.*)?\s*")  # what may stand behind a last value
SECTIONS = {"param": "params", "let": "let"}
AMBIGUOUS, IDLE = "PR003", "PL025"


class Fixed(NamedTuple):
    """A text, and what was changed in it, in words."""

    text: str
    changes: tuple[str, ...] = ()


def fixed(text: str, path: str, beside: Document | None = None) -> Fixed:
    """Mend what can be mended.

    Args:
        text: The whole file.
        path: What to call it.
        beside: The file of tests beside it, if there is one.

    Returns:
        The same text if there is nothing to mend.
    """
    done = Fixed(text)
    refused: set[tuple[str, str]] = set()
    while len(done.changes) < CHANGES_MAX:
        step = _step(done, path, beside, refused)
        if step is None:
            break
        done = step
    return done


def _step(
    done: Fixed, path: str, beside: Document | None, refused: set[tuple[str, str]]
) -> Fixed | None:
    """Return the text with one thing more mended, None if nothing is left to mend."""
    document = read_yaml(done.text, path)
    before = look_at(done.text, path, beside=beside).problems
    for problem in before:
        key = (problem.code, problem.message)
        edit = _EDITS.get(problem.code)
        if edit is None or key in refused:
            continue
        text = edit(document, problem)
        if text is not None:
            after = look_at(text, path, beside=beside).problems
            if _is_better(before, after, key):
                change = f"{problem.code} {problem.message}"
                return Fixed(text, (*done.changes, change))
        refused.add(key)
    return None


def _is_better(
    before: tuple[Problem, ...], after: tuple[Problem, ...], key: tuple[str, str]
) -> bool:
    """Tell whether a problem has gone and no other has come.

    Of a file with errors nothing else was looked for, so that what is found now is no
    news.
    """
    if any(problem.severity is Severity.ERROR for problem in before):
        after = tuple(each for each in after if each.severity is Severity.ERROR)
    gone = Counter(_keys(before)) - Counter([key])
    return Counter(_keys(after)) <= gone


def _keys(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in problems]


def _without_unused(document: Document, problem: Problem) -> str | None:
    """Return the text without a let or a param that has its lines for itself."""
    found = UNUSED.fullmatch(problem.message)
    if found is None:
        return None
    section = SECTIONS[found["part"]]
    at: Path = (section, found["name"])
    if len(document.data[section]) == 1:
        at = (section,)
    node = document.nodes.get(at)
    if node is None or node.key is None:
        return None
    text = document.text
    start = _offset(text, document.line(at))
    inside = [
        each.span.end for to, each in document.nodes.items() if to[: len(at)] == at
    ]
    last = max(inside)
    end = _line_end(text, last)
    if text[start : node.key.start].strip() or not CLOSED.fullmatch(text[last:end]):
        return None
    return text[:start] + text[end:]


def _quoted(document: Document, problem: Problem) -> str | None:
    """Return the text with quotes around the word that a problem marks."""
    text = document.text
    start = _offset(text, problem.line) + problem.column - 1
    end = start + problem.end_column - problem.column
    word = text[start:end]
    if not word or re.search(r"[\"'\\\n]", word):
        return None
    return f'{text[:start]}"{word}"{text[end:]}'


def _without_remark(document: Document, problem: Problem) -> str | None:
    """Return the text without a remark, and without its line if that is all of it."""
    text = document.text
    begin = _offset(text, problem.line)
    start = begin + problem.column - 1
    ending = BREAK.search(text, start)
    end, after = ending.span() if ending else (len(text), len(text))
    if not text[begin:start].strip():
        return text[:begin] + text[after:]
    return text[:start].rstrip(" \t") + text[end:]


def _offset(text: str, line: int) -> int:
    """Return where a line begins, counted as problems count them."""
    starts = (found.end() for found in BREAK.finditer(text))
    return next(islice(chain([0], starts), line - 1, None))


def _line_end(text: str, at: int) -> int:
    ending = BREAK.search(text, at)
    return ending.end() if ending else len(text)


_EDITS: Mapping[str, Callable[[Document, Problem], str | None]] = {
    "PL004": _without_unused,
    AMBIGUOUS: _quoted,
    IDLE: _without_remark,
}
