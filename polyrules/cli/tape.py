"""`polyrules tape`: recorded market data onto a tape, and a look at what is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, TaskID

from polyrules.cli.tape_text import calibration_lines, check_lines, info_lines
from polyrules.documents.source import read_yaml
from polyrules.errors import InputError, Severity
from polyrules.venues.recording.sealing.finish import recover
from polyrules.venues.tape import json_files, mapping, payloads, tables
from polyrules.venues.tape.calibration import calibrate
from polyrules.venues.tape.inspection import findings, inspect
from polyrules.venues.tape.manifest import Manifest
from polyrules.venues.tape.mapping import Mapping
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter

Told = Callable[[str, int], None]


@click.group()
def command() -> None:
    """Import recorded market data, look into it, and mend it."""


@command.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(path_type=Path),
    help="How the columns of tables (.csv, .parquet) become events.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The new tape."
)
def import_(sources: tuple[Path, ...], mapping_file: Path | None, out: Path) -> None:
    """Make a tape of recorded data: files, or directories of files.

    Without --mapping the sources are raw payloads of Polymarket (.json, .jsonl,
    .ndjson, plain or .gz): listings of Gamma and the CLOB, books, and messages of the
    market channel. With --mapping they are tables; examples/mappings shows how.
    What cannot be used is left out, counted, and told with its place.
    """
    described = _read_mapping(mapping_file) if mapping_file else None
    files = [file for each in sources for file in _files(each, described)]
    with TapeWriter(out, ranked=True) as writer, _progress() as told:
        if described:
            manifest = tables.import_tables(files, described, writer, told)
        else:
            manifest = payloads.import_payloads(files, writer, told)
    _report(manifest, out)


@command.command()
@click.argument("tape", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def info(tape: Path, *, as_json: bool) -> None:
    """Show what is on a tape: events, markets, feeds, assumptions.

    Of a tape that is being recorded, what its files hold so far.
    """
    opened = Tape.open(tape, unsealed=True)
    seen = inspect(opened)
    if as_json:
        _print_json({"manifest": opened.manifest, "seen": seen})
        return
    for line in info_lines(opened.manifest, seen):
        click.echo(line)
    if opened.unsealed:
        click.echo("its recording goes on, or was cut short: there is more in its log")
        click.echo(f"  if nothing records any more: polyrules tape seal {tape}")


@command.command()
@click.argument("tape", type=click.Path(path_type=Path))
def seal(tape: Path) -> None:
    """Put a tape in order whose recording was cut short.

    What a crash or a kill left in the log becomes part of the tape; a block that was
    only half written is dropped and counted. A tape that is in order stays as it is;
    one that is still being recorded is left alone, and that is an error.
    """
    before = Tape.open(tape, unsealed=True)
    was_unsealed = before.unsealed
    manifest = recover(tape)
    if not was_unsealed:
        click.echo(f"{tape}: in order already, {manifest.rows:,} events")
        return
    more = manifest.rows - before.manifest.rows
    click.echo(
        f"{tape}: sealed, {manifest.rows:,} events, {more:,} of them from its log"
    )
    for reason, count in manifest.left_out.items():
        click.echo(f"  left out, {reason}: {count:,}", err=True)


@command.command()
@click.argument("tape", type=click.Path(path_type=Path))
@click.option("--calibration", is_flag=True, help="Compare prices with answers.")
@click.option(
    "--lead",
    default="1h",
    show_default=True,
    help="With --calibration: how long before its end a market's price is taken.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def check(
    ctx: click.Context, tape: Path, *, calibration: bool, lead: str, as_json: bool
) -> None:
    """Check a tape: hash its files again, and list what is odd about the data.

    Ends with 0 if nothing is, and with 1 if there are findings.
    """
    opened = Tape.open(tape)
    ahead = _duration(lead)
    seen = inspect(opened, verify=True)
    found = findings(seen, opened.manifest.left_out)
    table = calibrate(opened, ahead) if calibration else None
    if as_json:
        _print_json({"seen": seen, "findings": found, "calibration": table})
    else:
        for line in check_lines(opened.manifest, seen, found):
            click.echo(line)
        for line in calibration_lines(table) if table else ():
            click.echo(line)
    ctx.exit(1 if found else 0)


def _read_mapping(file: Path) -> Mapping:
    try:
        text = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read, {error.strerror}") from error
    document = read_yaml(text, str(file))
    wrong = [each for each in document.problems if each.severity is Severity.ERROR]
    if wrong:
        raise InputError("\n".join(map(str, wrong)), hint=wrong[0].help)
    return mapping.parse(document.data, str(file))


def _files(source: Path, described: Mapping | None) -> Iterator[Path]:
    """Yield the files to import: `source`, or what is of use in that directory."""
    if not source.is_dir():
        if not source.exists():
            raise InputError(f"{source}: no such file or directory")
        yield source
        return
    inside = sorted(file for file in source.rglob("*") if file.is_file())
    useful = [file for file in inside if _of_use(file, described)]
    if not useful:
        kinds = ", ".join(tables.SUFFIXES if described else json_files.SUFFIXES)
        raise InputError(
            f"{source}: nothing to import in this directory",
            hint=f"looked for {kinds}; tables need --mapping, which names their files",
        )
    for file in inside:
        if file in useful:
            yield file
        else:
            click.echo(f"skipped {file.name}", err=True)


def _of_use(file: Path, described: Mapping | None) -> bool:
    if described is None:
        return json_files.is_json(file)
    return file.name.endswith(tables.SUFFIXES) and tables.is_for(file, described)


def _duration(text: str) -> int:
    try:
        return mapping.micros(msgspec.convert(text, mapping.Duration))
    except msgspec.ValidationError:
        raise click.BadParameter(
            f"{text} is no length of time; try 1h, 30m or 90s", param_hint="--lead"
        ) from None


@contextmanager
def _progress() -> Iterator[Told]:
    """Show what is read on stderr, where someone is there to see it."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        bars: dict[str, TaskID] = {}

        def told(name: str, count: int) -> None:
            if name not in bars:
                bars[name] = bar.add_task(name, total=None)
            done = bar.tasks[bars[name]].completed + count
            bar.update(bars[name], completed=done, description=f"{name} {done:,.0f}")

        yield told


def _report(manifest: Manifest, out: Path) -> None:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in manifest.counts.items())
    click.echo(f"{out}: {manifest.rows:,} events ({kinds or 'none'})")
    for note, count in manifest.notes.items():
        click.echo(f"  {note}: {count:,}")
    for reason, count in manifest.left_out.items():
        click.echo(f"  left out, {reason}: {count:,}", err=True)
    for problem in manifest.problems[:10]:
        click.echo(f"    {problem}", err=True)


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
