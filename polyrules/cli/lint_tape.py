"""`polyrules lint --tape`: try on a tape whether a strategy sees the future.

What is found is a problem of the strategy's file like any other, at the rule whose
decision changed. What was tried is told on stderr.
"""

import sys
from pathlib import Path

import click
import msgspec

from polyrules import app, clock, lookahead
from polyrules.cli.bases import bases_of, find_base
from polyrules.cli.journal_options import desk_at
from polyrules.cli.problems import harmless
from polyrules.documents.document import Document
from polyrules.documents.document import Path as Place
from polyrules.errors import Problem
from polyrules.language.analysis.report import Report
from polyrules.language.expressions.late import LOOKS_AHEAD
from polyrules.language.load import examine

QUIET_SECONDS = 1.0
HINT = (
    "what feeds it knows more than was known then: look for what comes from later rows"
)


def with_proof(
    report: Report, text: str, settings: dict[str, str], tape: Path, moments: int
) -> Report:
    """Return a report with what a tape shows: PL012 for each moment that differs.

    A file with errors is not run.

    Args:
        report: What was found without a tape.
        text: The file.
        settings: Values for its params, as text.
        tape: Directory of the tape.
        moments: How many to try at most.

    Raises:
        TapeError: There is no such tape, or it is damaged.
        ConfigError: The desk here is wrong, or lacks a list that the strategy asks for.
    """
    if report.cost is None:  # it has errors
        return report
    path = report.path
    source = app.Source(
        path=path, text=text, settings=settings, bases=bases_of(path, text)
    )
    job = app.paper_job([source], desk_at(None), tape=tape)
    proof = lookahead.prove(job, moments=moments, told=_Progress(path))
    click.echo(harmless(_told(path, tape, proof)), err=True)
    root = examine(text, path, settings, find_base).root
    found = tuple(_problem(root, each) for each in proof.differences)
    return msgspec.structs.replace(report, problems=(*report.problems, *found))


def _problem(root: Document, found: lookahead.Difference) -> Problem:
    rules = [rule.get("id") for rule in root.data["rules"]]
    at: Place = ()
    if found.rule in rules:
        at = ("rules", rules.index(found.rule), "id")
    ended = f"{clock.to_datetime(found.cut):%Y-%m-%d %H:%M:%S}"
    message = f"looks ahead: with the tape cut at {ended} UTC, {found.what}"
    return root.problem(at, LOOKS_AHEAD, message, hint=HINT)


def _told(path: str, tape: Path, proof: lookahead.Proof) -> str:
    differ = len(proof.differences)
    whole = "looks ahead" if differ else "no look-ahead"
    tried = f"{proof.moments} moments recomputed, {differ} differ"
    parts = [f"{path} on {tape}: {whole}: {tried}; {proof.decisions} decisions"]
    if proof.events < proof.recorded:
        parts.append(
            f"the first {proof.events:,} of {proof.recorded:,} events were looked at"
        )
    if proof.moments < proof.wanted:
        parts.append(f"{proof.wanted} moments would have taken too long")
    if proof.decisions == 0:
        parts.append("it decided nothing on this tape, so this proves little")
    return "; ".join(parts)


class _Progress:
    """A line on a terminal, for who waits for more than a moment."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._began = clock.monotonic()
        self._shows = sys.stderr.isatty()

    def __call__(self, done: int, of: int) -> None:
        if not self._shows or clock.monotonic() - self._began < QUIET_SECONDS:
            return
        line = f"\r{harmless(self._path)}: {done} of {of} moments"
        click.echo(line if done < of else f"\r{' ' * len(line)}\r", err=True, nl=False)
