"""`polyrules schema`: the JSON Schema of our files, for editors."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import click

from polyrules.cli.shipped import folder
from polyrules.cli.writing import replace


@click.command()
@click.argument("kind", type=click.Choice(["strategy", "extension", "desk", "mapping"]))
@click.option(
    "-o", "--output", metavar="FILE", help="Write to this file, in place of its text."
)
@click.option(
    "--line",
    "reader",
    metavar="FILE",
    help="Print the first line with which FILE leads editors to the schema.",
)
def command(kind: str, output: str | None, reader: str | None) -> None:
    """Print the JSON Schema (draft-07) of a kind of file.

    Editors that know it complete keys and words, show what each means, and mark what is
    wrong. A file says where its schema is in its first line, a comment: --line prints
    it. VS Code (with the YAML extension), JetBrains and Neovim follow it.
    """
    if reader is not None and output is not None:
        raise click.UsageError("--line prints one line: it has no use for --output")
    if reader is not None:
        click.echo(line(kind, Path(reader).parent))
    elif output is None:
        click.echo(text(kind), nl=False)
    else:
        replace(Path(output), text(kind).encode())


def text(kind: str) -> str:
    """Return the schema of a kind of file as JSON, made from the code."""
    return SCHEMAS[kind]()


def line(kind: str, home: Path) -> str:
    """Return the line that leads editors to a schema, from a file in folder `home`.

    Raises:
        InputError: This installation has no schemas.
    """
    schema = folder("schemas") / f"{kind}.v1.json"
    try:
        place = os.path.relpath(schema, home.resolve())
    except ValueError:  # another drive of Windows
        place = str(schema)
    return f"# yaml-language-server: $schema={Path(place).as_posix()}"


def _strategy() -> str:
    from polyrules.language.files.schema import (  # noqa: PLC0415 - only if asked for
        STRATEGY_SCHEMA,
    )

    return json.dumps(STRATEGY_SCHEMA, indent=1, ensure_ascii=False) + "\n"


def _extension() -> str:
    from polyrules.language.files.schema_extension import (  # noqa: PLC0415 - only if asked for
        EXTENSION_SCHEMA,
    )

    return json.dumps(EXTENSION_SCHEMA, indent=1, ensure_ascii=False) + "\n"


def _desk() -> str:
    from polyrules import config  # noqa: PLC0415 - only if asked for

    return json.dumps(config.schema(), indent=1) + "\n"


def _mapping() -> str:
    from polyrules.venues.tape import mapping  # noqa: PLC0415 - heavy: polars

    return mapping.schema().decode()


SCHEMAS: dict[str, Callable[[], str]] = {
    "strategy": _strategy,
    "extension": _extension,
    "desk": _desk,
    "mapping": _mapping,
}
