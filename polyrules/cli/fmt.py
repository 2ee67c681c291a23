"""`polyrules fmt`: one layout for all strategies, so that a diff shows what changed.

A file is replaced as a whole or not at all, and keeps its mode, its line ends and its
byte order mark.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from polyrules.cli.problems import counted, harmless, rendered
from polyrules.cli.shipped import SIZE_MAX
from polyrules.cli.writing import replace, unusable
from polyrules.errors import InputError, Problem, StrategyError
from polyrules.language.formatting.canonical import formatted

CHANGED, UNUSABLE = 1, 2  # exit codes
MARK = "\ufeff"
BOM = MARK.encode()
STRATEGY = (
    re.compile(rb"^polyrules[ ]*:", re.MULTILINE),
    re.compile(rb"^strategy[ ]*:[ ]*(?:[{#].*)?\r?$", re.MULTILINE),
)
TESTS = (".test.yaml", ".test.yml")  # beside a strategy


class Laid(NamedTuple):
    """A file, and what its layout came to."""

    path: str
    before: str = ""
    after: str = ""
    marked: bool = False  # with a byte order mark
    changes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: InputError | None = None

    @property
    def ok(self) -> bool:
        """Whether it could be laid out."""
        return not self.problems and self.error is None


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILES...")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file differs.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print what was done.",
)
def command(paths: tuple[str, ...], *, check: bool, diff: bool, form: str) -> None:
    """Format strategies: keys in order, blanks in expressions, comments kept.

    FILES are files and folders; of a folder, all strategies in it and their tests. What
    a file means never changes, nor does its digest. Exit code 0: done, or nothing to
    do; 1: --check, and a file differs; 2: a file cannot be read or is no YAML; the
    others are done.
    """
    laid = [_laid(path) for path in _files(paths)]
    if not check and not diff:
        laid = [_written(file) for file in laid]
    if form == "json":
        click.echo(_json(laid))
    else:
        _tell(laid, diff=diff, written=not check and not diff)
    if not all(file.ok for file in laid):
        raise SystemExit(UNUSABLE)
    if check and any(file.changes for file in laid):
        raise SystemExit(CHANGED)


def _files(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield the files meant, each once; of folders the strategies, in their order."""
    seen: set[str] = set()
    for path in paths:
        found = _strategies(Path(path)) if Path(path).is_dir() else [path]
        if not found:
            raise InputError(
                f"{path}: no strategy in this folder",
                hint="a strategy is a .yaml file with the keys polyrules and strategy",
            )
        yield from (each for each in found if each not in seen)
        seen.update(found)


def _strategies(folder: Path) -> list[str]:
    files = (path for suffix in ("yaml", "yml") for path in folder.rglob(f"*.{suffix}"))
    return sorted(str(path) for path in files if _is_strategy(path, folder))


def _is_strategy(path: Path, folder: Path) -> bool:
    if any(part.startswith(".") for part in path.relative_to(folder).parts):
        return False
    if path.name.endswith(TESTS):
        return True
    try:
        data = path.read_bytes()
    except OSError:
        return not path.is_dir()  # told when it is its turn
    data = data.removeprefix(BOM)
    return all(pattern.search(data) for pattern in STRATEGY)


def _laid(path: str) -> Laid:
    try:
        text = _read(path)
        done = formatted(text, path)
    except InputError as error:
        return Laid(path, error=error)
    except StrategyError as error:
        return Laid(path, problems=error.problems)
    return Laid(
        path,
        before=text.removeprefix(MARK),
        after=done.text,
        marked=text.startswith(MARK),
        changes=done.changes,
    )


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from error
    if len(data) > SIZE_MAX:
        raise InputError(f"{path} is larger than {SIZE_MAX // 1024} KiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at {error.start}"
        hint = "save the file as UTF-8"
        raise InputError(f"{path} is not UTF-8: {found}", hint=hint) from error


def _written(file: Laid) -> Laid:
    """Write a file that changed; what cannot be written has an error then."""
    if not file.changes:
        return file
    data = file.after.encode()
    try:
        replace(Path(file.path), BOM + data if file.marked else data)
    except InputError as error:
        return file._replace(error=error)
    return file


def _tell(laid: list[Laid], *, diff: bool, written: bool) -> None:
    for file in laid:
        if file.error is not None:
            click.echo(f"error: {harmless(file.error.message)}", err=True)
            if file.error.hint:
                click.echo(f"hint: {harmless(file.error.hint)}", err=True)
        elif file.problems:
            for line in [*rendered(file.problems), counted(file.problems)]:
                click.echo(line, err=True)
        elif diff and file.changes:
            click.echo(_diff(file), nl=False)
        elif file.changes:
            verb = "reformatted" if written else "would reformat"
            click.echo(f"{verb} {harmless(file.path)} ({', '.join(file.changes)})")
    clean = sum(file.ok and not file.changes for file in laid)
    if clean and not diff:
        plural = "" if clean == 1 else "s"
        click.echo(f"{clean} file{plural} formatted already")


def _diff(file: Laid) -> str:
    lines = difflib.unified_diff(
        file.before.splitlines(),
        file.after.splitlines(),
        file.path,
        file.path,
        lineterm="",
    )
    return "".join(f"{harmless(line)}\n" for line in lines)


def _json(laid: list[Laid]) -> str:
    files = [
        {
            "path": harmless(file.path),
            "ok": file.ok,
            "changes": list(file.changes),
            "problems": [harmless(str(problem)) for problem in file.problems]
            + ([] if file.error is None else [harmless(file.error.message)]),
        }
        for file in laid
    ]
    return msgspec.json.format(msgspec.json.encode({"files": files})).decode()
