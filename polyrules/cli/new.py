"""`polyrules new`: start a strategy of your own from one that exists."""

import os
import re
from pathlib import Path

import click

from polyrules.cli.shipped import folder, resolve
from polyrules.errors import InputError
from polyrules.language.load import load

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
SCHEMA_LINE = re.compile(r"^# yaml-language-server: \$schema=(?P<path>\S+)\n")


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "source",
    required=True,
    metavar="STRATEGY",
    help="A shipped strategy or a file to copy.",
)
def command(name: str, source: str) -> None:
    """Write NAME.yaml, a copy of STRATEGY with an id of its own.

    Comments are kept, nothing is overwritten, and the copy is checked before it is
    written. Its first line tells editors where the schema of this installation is.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f'"{name}" cannot be the id of a strategy',
            hint="lower-case letters, digits and _, a letter first, 48 at most",
        )
    label, text = resolve(source)
    old = load(text, path=label).id
    target = Path(f"{name}.yaml")
    copy = renamed(with_schema(text, target.parent), old, name)
    if load(copy, path=str(target)).id != name:
        raise InputError(f"{label}: could not find its id to change it")
    _write(target, copy)
    click.echo(f"wrote {target}, a copy of {old}; change it, then")
    click.echo(f"  polyrules validate {target}")
    click.echo(f"  polyrules test {target}")
    click.echo(f"  polyrules run --paper {target} --tape TAPE")


def renamed(text: str, old: str, new: str) -> str:
    """Return the text of a strategy file with the id `new`; nothing else changes."""
    head, key, rest = text.partition("strategy:")
    place = re.compile(rf"(\bid:\s*)([\"']?){re.escape(old)}\2(?=[\s,}}]|$)")
    return head + key + place.sub(rf"\g<1>{new}", rest, count=1)


def with_schema(text: str, home: Path) -> str:
    """Return a strategy for a file in the folder `home`, with a first line for editors.

    The line says where the schema is, seen from there; one that holds is kept.
    """
    line = SCHEMA_LINE.match(text)
    if line is not None and (home / line["path"]).exists():
        return text
    rest = text if line is None else text[line.end() :]
    schema = folder("schemas") / "strategy.v1.json"
    try:
        place = os.path.relpath(schema, home.resolve())
    except ValueError:  # another drive of Windows
        place = str(schema)
    return f"# yaml-language-server: $schema={Path(place).as_posix()}\n{rest}"


def _write(target: Path, text: str) -> None:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"{target} exists already", hint="choose another name, or move it away"
        ) from None
    except OSError as error:
        raise InputError(f"{target}: {(error.strerror or '').lower()}") from error
