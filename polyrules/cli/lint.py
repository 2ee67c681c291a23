"""`polyrules lint`: what is doubtful in a strategy although it would run."""

import difflib
from pathlib import Path
from typing import NamedTuple

import click

from polyrules.cli.bases import find_base
from polyrules.cli.lint_formats import FORMATS, Listed
from polyrules.cli.problems import harmless
from polyrules.cli.test_files import expanded, open_source
from polyrules.cli.writing import replace
from polyrules.documents.document import Document
from polyrules.errors import ConfigError, InputError, PolyrulesError
from polyrules.features.catalog import Feed
from polyrules.language.analysis.fixes import fixed
from polyrules.language.analysis.lints import Profile
from polyrules.language.analysis.report import look_at

FINDINGS, UNUSABLE = 1, 2  # exit codes
GIVEN = tuple(feed.value for feed in Feed)


class Read(NamedTuple):
    """A file as it is to be looked at, and what was mended in it."""

    path: str
    text: str
    beside: Document | None = None
    changes: tuple[str, ...] = ()


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--profile",
    "profile",
    type=click.Choice([each.word for each in Profile]),
    default="basic",
    show_default=True,
    help="How much is asked: each includes those before it.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(list(FORMATS)),
    default="text",
    help="How to print what was found.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Look at it with this value of a param; may be repeated.",
)
@click.option(
    "--feeds",
    metavar="FEED,...",
    help=f"Only these feeds are there, of {', '.join(GIVEN)}.",
)
@click.option(
    "--tape",
    type=click.Path(path_type=Path),
    help="Try on this tape whether it looks ahead: cut it, and decide again.",
)
@click.option(
    "--moments",
    type=click.IntRange(1, 10_000),
    default=70,
    show_default=True,
    help="How many moments --tape tries at most.",
)
@click.option("--fix", is_flag=True, help="Mend what can be mended without a choice.")
@click.option(
    "--diff", is_flag=True, help="Show what --fix would change; write nothing."
)
def command(
    files: tuple[str, ...],
    profile: str,
    layout: str,
    assignments: tuple[str, ...],
    feeds: str | None,
    *,
    tape: Path | None,
    moments: int,
    fix: bool,
    diff: bool,
) -> None:
    """Look for what is doubtful in strategies: files, folders, ids of shipped ones.

    Errors are told as by validate, and what would run but is hardly meant: conditions
    that are never true, rules that are never reached, prices no order can have, rules
    without tests. What a file takes on purpose is left out: `# polyrules: ignore[PL013]
    why`, on the line or alone above it.

    Profiles: min (errors only), basic (certain mistakes), safety (stops, caps, limits),
    shared (tests, descriptions), live (before real money). Exit code 0: the profile is
    reached, 1: it is not, or --diff shows a change, 2: a file cannot be read.
    """
    settings = dict(_assignment(text) for text in assignments)
    lacking = _lacking(feeds)
    asked = Profile[profile.upper()]
    listed: list[Listed] = []
    unusable = changed = False
    for file in expanded(files):
        try:
            read = _read(file, fix=fix, diff=diff)
            changed |= diff and bool(read.changes)
            report = look_at(
                read.text, read.path, settings, lacking, read.beside, find=find_base
            )
            if tape is not None:
                from polyrules.cli.lint_tape import (  # noqa: PLC0415 - heavy: polars
                    with_proof,
                )

                report = with_proof(report, read.text, settings, tape, moments)
        except (InputError, ConfigError) as error:
            unusable = True
            _complain(error)
        else:
            listed.append(Listed(report, read.changes))
    if not diff and listed:
        click.echo(FORMATS[layout](listed, asked))
    if unusable:
        raise SystemExit(UNUSABLE)
    if changed or not (diff or all(each.report.passes(asked) for each in listed)):
        raise SystemExit(FINDINGS)


def _read(file: str, *, fix: bool, diff: bool) -> Read:
    """Return a file, mended if that was asked for."""
    path, text, beside = open_source(file)
    if not (fix or diff):
        return Read(path, text, beside)
    mended = fixed(text, path, beside)
    if diff:
        _show(path, text, mended.text)
    elif mended.text != text:
        if not Path(path).is_file():
            raise InputError(
                f"{file} is shipped with polyrules and is not changed in place",
                hint=f"polyrules new my_{file} --from {file} makes a copy of your own",
            )
        replace(Path(path), mended.text.encode())
    return Read(path, mended.text, beside, mended.changes)


def _show(path: str, before: str, after: str) -> None:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), path, path, lineterm=""
    )
    for line in lines:
        click.echo(harmless(line))


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(
            f'"{text}" is not NAME=VALUE, e.g. min_prob=0.95', param_hint="--set"
        )
    return name.strip(), value.strip()


def _lacking(feeds: str | None) -> frozenset[Feed]:
    if feeds is None:
        return frozenset()
    given = {word.strip() for word in feeds.split(",")}
    unknown = sorted(given - set(GIVEN))
    if unknown:
        raise click.BadParameter(
            f'no feed is called "{unknown[0]}"; there are {", ".join(GIVEN)}',
            param_hint="--feeds",
        )
    own = {Feed.CLOCK.value, Feed.PORTFOLIO.value}  # always there
    return frozenset(feed for feed in Feed if feed.value not in given | own)


def _complain(error: PolyrulesError) -> None:
    click.echo(f"error: {harmless(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {harmless(error.hint)}", err=True)
