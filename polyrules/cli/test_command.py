"""`polyrules test`: run the tests embedded in strategy files."""

from collections.abc import Iterator
from typing import NamedTuple

import click
import msgspec

from polyrules.cli.problems import counted, harmless, rendered
from polyrules.cli.shipped import resolve
from polyrules.errors import InputError, Problem, StrategyError
from polyrules.language.evaluators.cases import CaseResult, TruthTable, run_cases
from polyrules.language.load import load

FAILURES, UNUSABLE = 1, 2  # exit codes


class Tested(NamedTuple):
    """A file, and how its tests went; problems if it could not be loaded."""

    path: str
    name: str
    results: tuple[CaseResult, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return sum(not result.passed for result in self.results)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the results.",
)
def command(files: tuple[str, ...], layout: str) -> None:
    """Run the tests in strategies: files, or ids of shipped ones.

    A failed test shows every part of the condition it hangs on, with its values. Exit
    code 0: all passed, 1: a test failed or a file has errors, 2: a file cannot be read.
    """
    tested: list[Tested] = []
    unusable = False
    for file in files:
        try:
            tested.append(_test(*resolve(file)))
        except InputError as error:
            unusable = True
            click.echo(f"error: {harmless(error.message)}", err=True)
            if error.hint:
                click.echo(f"hint: {harmless(error.hint)}", err=True)
    text = _json(tested) if layout == "json" else "\n".join(_lines(tested))
    click.echo(text, nl=bool(tested))
    if unusable:
        raise SystemExit(UNUSABLE)
    if any(file.failed or file.problems for file in tested):
        raise SystemExit(FAILURES)


def _test(path: str, text: str) -> Tested:
    try:
        strategy = load(text, path=path)
    except StrategyError as error:
        return Tested(path, path, (), error.problems)
    return Tested(path, strategy.id, run_cases(strategy))


def _lines(tested: list[Tested]) -> Iterator[str]:
    width = max((len(file.name) for file in tested), default=0)
    for file in tested:
        yield f"{harmless(file.name):{width}}  {_summary(file)}"
        yield from rendered(file.problems)
        for result in file.results:
            if not result.passed:
                yield from _failure(file.path, result)


def _summary(file: Tested) -> str:
    if file.problems:
        return f"cannot be tested: {counted(file.problems)}"
    if not file.results:
        return "has no tests"
    passed = len(file.results) - file.failed
    parts = [f"{passed} passed"] if passed else []
    if file.failed:
        parts.append(f"{file.failed} FAILED")
    return ", ".join(parts)


def _failure(path: str, result: CaseResult) -> Iterator[str]:
    place = harmless(f"{path}:{result.case.line}")
    yield f"  FAIL {harmless(result.case.name)}  {place}"
    for mismatch in result.mismatches:
        got = harmless(mismatch.got)
        yield f"    expected {mismatch.key}={harmless(mismatch.expected)}  got {got}"
    for table in result.tables:
        yield from _table(table)


def _table(table: TruthTable) -> Iterator[str]:
    yield f"      {harmless(table.title)} = {table.truth}"
    texts = max(len(part.text) for part in table.parts)
    values = max(len(part.values) for part in table.parts)
    for part in table.parts:
        missing = f"  <- missing: {', '.join(part.missing)}" if part.missing else ""
        shown = f"{part.text:{texts}}  {part.values:{values}}  {part.truth}{missing}"
        yield f"        {harmless(shown)}"


def _json(tested: list[Tested]) -> str:
    files = [
        {
            "path": harmless(file.path),
            "ok": not (file.failed or file.problems),
            "passed": len(file.results) - file.failed,
            "failed": file.failed,
            "problems": [harmless(str(problem)) for problem in file.problems],
            "tests": [_plain(result) for result in file.results],
        }
        for file in tested
    ]
    return msgspec.json.format(msgspec.json.encode({"files": files})).decode()


def _plain(result: CaseResult) -> dict[str, object]:
    return {
        "name": harmless(result.case.name),
        "line": result.case.line,
        "ok": result.passed,
        "mismatches": _harmless(msgspec.to_builtins(result.mismatches)),
        "conditions": _harmless(msgspec.to_builtins(result.tables)),
    }


def _harmless(value: object) -> object:
    """Return plain data with every text in it harmless; its keys are ours."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {key: _harmless(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(each) for each in value]
    return value
