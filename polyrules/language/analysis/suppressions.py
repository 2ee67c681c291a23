"""Finds that a file takes on purpose: `# polyrules: ignore[PL013] why it is all right`.

The remark stands on the line, or alone on the line above. A reason is required, and a
remark that keeps nothing silent is a find itself. Errors cannot be taken on purpose.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from polyrules.documents.document import BREAK, Document
from polyrules.documents.places import Span
from polyrules.errors import Problem, Severity

REMARK = re.compile(
    r"#[ \t]*polyrules:[ \t]*ignore\[(?P<codes>[^\]\n]{0,200})\]"
    r"[ \t]*(?P<reason>[^\n]*)"
)
NO_REASON, NO_USE = "PL024", "PL025"


class Suppression(NamedTuple):
    """One remark: the codes it names, why, and the line it speaks of."""

    span: Span
    codes: tuple[str, ...]
    reason: str
    line: int


def suppressions(document: Document) -> Iterator[Suppression]:
    """Yield the remarks of a file, in the order of its lines."""
    scalars = sorted(n.span for n in document.nodes.values() if n.scalar is not None)
    starts = [span.start for span in scalars]
    for found in REMARK.finditer(document.text):
        nearest = bisect_right(starts, found.start()) - 1
        if nearest >= 0 and scalars[nearest].end > found.start():
            continue  # part of a text, no remark
        before = document.text[: found.start()]
        lines = BREAK.split(before)
        alone = not lines[-1].strip()
        codes = tuple(code.strip() for code in found["codes"].split(","))
        end = found.start() + len(found[0].rstrip())
        span = Span(found.start(), end)
        yield Suppression(span, codes, found["reason"].strip(), len(lines) + alone)


def suppressed(
    document: Document, problems: Iterable[Problem]
) -> tuple[list[Problem], int]:
    """Leave out what a file takes on purpose.

    Returns:
        What is left, with what is wrong with the remarks themselves, and how many
        problems were left out.
    """
    remarks = list(suppressions(document))
    used: set[tuple[int, str]] = set()
    left: list[Problem] = []
    count = 0
    for problem in problems:
        hit = next((each for each in remarks if _speaks_of(each, problem)), None)
        if hit is None:
            left.append(problem)
            continue
        used.add((hit.span.start, problem.code))
        if hit.reason:
            count += 1
        else:
            left.append(problem)
    left += (found for each in remarks for found in _wrong(document, each, used))
    return left, count


def _speaks_of(remark: Suppression, problem: Problem) -> bool:
    taken = problem.code in remark.codes and problem.line == remark.line
    return taken and problem.severity is not Severity.ERROR


def _wrong(
    document: Document, remark: Suppression, used: set[tuple[int, str]]
) -> Iterator[Problem]:
    idle = [code for code in remark.codes if (remark.span.start, code) not in used]
    message, hint, code = "", "", NO_USE
    if idle:
        message = f"nothing here is {' or '.join(idle)}: this keeps nothing silent"
        hint = "delete it"
    elif not remark.reason:
        code, message = NO_REASON, "a find is taken on purpose without a reason"
        hint = "write why behind the bracket"
    if message:
        yield document.problem_in(
            remark.span, code, message, hint=hint, severity=Severity.WARNING
        )
