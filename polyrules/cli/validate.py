"""`polyrules validate`: check strategy files, and say what is wrong and where."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import click
import msgspec

from polyrules.cli.bases import find_base
from polyrules.cli.problems import counted, harmless, plain, rendered
from polyrules.cli.shipped import resolve
from polyrules.cli.test_files import files_of
from polyrules.errors import ConfigError, InputError, PolyrulesError, Problem, Severity
from polyrules.language.load import load_all

FINDINGS, UNUSABLE = 1, 2  # exit codes


class Checked(NamedTuple):
    """A file and what was found in it."""

    path: str
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the file may run; warnings do not keep it from that."""
        return all(p.severity is not Severity.ERROR for p in self.problems)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print what was found.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Check with this value of a param; may be repeated.",
)
def command(files: tuple[str, ...], layout: str, assignments: tuple[str, ...]) -> None:
    """Check strategies: files, folders of them, or ids of shipped ones.

    All mistakes are told at once, each with its place. Exit code 0: all clean (warnings
    may be told), 1: errors found, 2: a file cannot be read, or a setting does not fit.
    """
    settings = dict(_assignment(text) for text in assignments)
    checked: list[Checked] = []
    unusable = False
    for name in files:
        for found in _checked(name, settings):
            if isinstance(found, Checked):
                checked.append(found)
            else:
                unusable = True
                _complain(found)
    click.echo(_json(checked) if layout == "json" else _text(checked), nl=bool(checked))
    if unusable:
        raise SystemExit(UNUSABLE)
    if not all(file.ok for file in checked):
        raise SystemExit(FINDINGS)


def _checked(
    name: str, settings: Mapping[str, str]
) -> Iterator[Checked | PolyrulesError]:
    """Yield what was found in each file that a name stands for, or why it was not."""
    try:
        files = files_of(name)
    except InputError as error:
        yield error
        return
    for file in files:
        try:
            path, text = resolve(file)
            _, problems = load_all(text, path, settings, find_base)
        except (InputError, ConfigError) as error:
            yield error
        else:
            yield Checked(path, problems)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(
            f'"{text}" is not NAME=VALUE, e.g. min_prob=0.95', param_hint="--set"
        )
    return name.strip(), value.strip()


def _complain(error: PolyrulesError) -> None:
    click.echo(f"error: {harmless(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {harmless(error.hint)}", err=True)


def _text(checked: list[Checked]) -> str:
    lines: list[str] = []
    for path, problems in checked:
        lines += rendered(problems)
        if not problems:
            lines.append(f"{harmless(path)}: ok")
    found = [problem for file in checked for problem in file.problems]
    if found:
        lines += ["", counted(found)]
    return "\n".join(lines)


def _json(checked: list[Checked]) -> str:
    files = [
        {
            "path": harmless(file.path),
            "ok": file.ok,
            "problems": [plain(problem) for problem in file.problems],
        }
        for file in checked
    ]
    return msgspec.json.format(msgspec.json.encode({"files": files})).decode()
