"""`polyrules test`: run the tests of strategies, and ask how good they are."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import click

from polyrules.cli.bases import find_base
from polyrules.cli.junit import as_junit
from polyrules.cli.problems import harmless
from polyrules.cli.test_files import Source, expanded, open_source
from polyrules.cli.test_json import as_json
from polyrules.cli.test_text import Tested, lines
from polyrules.documents.document import Document
from polyrules.errors import InputError, StrategyError
from polyrules.language.evaluators.reference import Row
from polyrules.language.files.examples import Fixture
from polyrules.language.load import examine, load
from polyrules.language.strategy import Strategy
from polyrules.language.testing.coverage import coverage
from polyrules.language.testing.mutate import Score, mutants, score
from polyrules.language.testing.suite import Suite, open_suite

FAILURES, UNUSABLE = 1, 2  # exit codes


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--coverage", "covers", is_flag=True, help="What do the tests see?")
@click.option(
    "--mutate", "mutates", is_flag=True, help="Which small mistakes go unnoticed?"
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Least coverage, and least share of mistakes noticed, of each file.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the results there as JUnit XML.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the results.",
)
def command(  # noqa: PLR0917 - click passes options by name
    files: tuple[str, ...],
    covers: bool,  # noqa: FBT001 - a flag is a bool
    mutates: bool,  # noqa: FBT001 - a flag is a bool
    threshold: float | None,
    junit: Path | None,
    layout: str,
) -> None:
    """Run the tests of strategies: files, directories, or ids of shipped ones.

    Tests stand in the strategy's file, or in NAME.test.yaml beside NAME.yaml. A failed
    test shows every part of the condition it hangs on, with its values.

    --coverage counts for every condition how often it was TRUE, FALSE and UNKNOWN, and
    which of its parts never decided. --mutate makes small mistakes, such as < for <= or
    a part left out, and shows those that no test notices.

    Exit code 0: all passed, 1: a test failed, a file has errors or is under the
    threshold, 2: a file cannot be read or written.
    """
    if threshold is not None and not (covers or mutates):
        raise click.UsageError("--threshold is about --coverage or --mutate: add one")
    tested: list[Tested] = []
    unusable = False
    for read in _sources(files):
        if isinstance(read, InputError):
            unusable = True
            _tell(read)
        else:
            tested.append(_test(read, covers=covers, mutates=mutates))
    text = as_json(tested) if layout == "json" else "\n".join(lines(tested))
    click.echo(text, nl=bool(tested))
    under = list(_under(tested, threshold))
    for _, message in under:
        click.echo(f"error: {harmless(message)}", err=True)
    if junit is not None:
        unusable = not _written(junit, as_junit(tested, under)) or unusable
    if unusable:
        raise SystemExit(UNUSABLE)
    if under or any(file.failed or file.problems for file in tested):
        raise SystemExit(FAILURES)


def _sources(names: tuple[str, ...]) -> Iterator[Source | InputError]:
    try:
        files = list(expanded(names))
    except InputError as error:
        yield error
        return
    for name in files:
        try:
            yield open_source(name)
        except InputError as error:
            yield error


def _test(source: Source, *, covers: bool, mutates: bool) -> Tested:
    loads = partial(_load, source)
    looked = examine(source.text, source.path, find=find_base)
    try:
        suite = open_suite(
            looked.document, loads, source.beside, _from_tape, looked.declared
        )
    except StrategyError as error:
        return Tested(source.path, source.path, (), error.problems)
    return Tested(
        source.path,
        suite.strategy.id,
        suite.run(),
        document=looked.root,
        coverage=coverage(suite.strategy, suite.trials) if covers else None,
        score=_score(suite, looked.root) if mutates else None,
    )


def _score(suite: Suite, root: Document) -> Score:
    return score(suite.trials, mutants(suite.strategy, root))


def _load(source: Source, settings: Mapping[str, str]) -> Strategy:
    return load(source.text, path=source.path, settings=settings, find=find_base)


def _from_tape(fixture: Fixture, path: str, strategy: Strategy) -> Row:
    from polyrules.cli.fixture_rows import row_of  # noqa: PLC0415 - only who needs a tape pays for it

    return row_of(fixture, path, strategy)


def _under(tested: list[Tested], threshold: float | None) -> Iterator[tuple[str, str]]:
    """Yield path and message of every file under the threshold."""
    if threshold is None:
        return
    for file in tested:
        found = {"coverage": file.coverage, "mutation": file.score}
        for what, measured in found.items():
            if measured is not None and measured.percent < threshold:
                share = f"{measured.percent:.1f} % is under {threshold:g} %"
                yield file.path, f"{file.path}: {what} {share}"


def _written(path: Path, data: bytes) -> bool:
    try:
        path.write_bytes(data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _tell(InputError(f"{path} cannot be written: {reason}"))
        return False
    return True


def _tell(error: InputError) -> None:
    click.echo(f"error: {harmless(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {harmless(error.hint)}", err=True)
