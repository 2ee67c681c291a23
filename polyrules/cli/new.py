"""`polyrules new`: start a strategy of your own from one that exists."""

import json
import os
import re
from pathlib import Path

import click

from polyrules.cli.bases import find_base
from polyrules.cli.shipped import folder, resolve, shipped_ids
from polyrules.errors import InputError, StrategyError
from polyrules.language.chain import ID
from polyrules.language.load import examine, load

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
SPECIAL = re.compile(r"[^\w./-]")
SCHEMA_LINE = re.compile(r"^# yaml-language-server: \$schema=(?P<path>\S+)\n")


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "source",
    metavar="STRATEGY",
    help="A shipped strategy or a file to copy.",
)
@click.option(
    "--extends",
    "base",
    metavar="STRATEGY",
    help="A shipped strategy, or a file below this folder, to stand on.",
)
def command(name: str, source: str | None, base: str | None) -> None:
    """Write NAME.yaml, a strategy with an id of its own.

    With --from it is a copy of STRATEGY, comments and all. With --extends it stands on
    STRATEGY: it has its rules, lists its params with their defaults to be changed, and
    can tighten its limits. Nothing is overwritten, and the file is checked before it is
    written. Its first line tells editors where the schema of this installation is.
    """
    if (source is None) == (base is None):
        raise click.UsageError("say what to start from: --from or --extends")
    if not NAME.fullmatch(name):
        raise InputError(
            f'"{name}" cannot be the id of a strategy',
            hint="lower-case letters, digits and _, a letter first, 48 at most",
        )
    target = Path(f"{name}.yaml")
    if base is not None:
        _extend(name, base, target)
        return
    assert source is not None, "one of the two is given"
    label, text = resolve(source)
    old = load(text, path=label, find=find_base).id
    copy = renamed(with_schema(text, target.parent), old, name)
    if load(copy, path=str(target), find=find_base).id != name:
        raise InputError(f"{label}: could not find its id to change it")
    _write(target, copy)
    _say_next(target, f"a copy of {old}")


def _extend(name: str, base: str, target: Path) -> None:
    """Write a file that extends a base; params stand in it as remarks."""
    known = ID.fullmatch(base) and base in shipped_ids()
    named = base if known or base.startswith("./") else f"./{base}"
    head = (
        "polyrules: 1\n"
        f"strategy: {{id: {name}, version: 1.0.0}}\n"
        f"extends: {json.dumps(named) if SPECIAL.search(named) else named}\n"
    )
    looked = examine(head, str(target), find=find_base)
    if looked.strategy is None:
        raise StrategyError(looked.problems)
    written = looked.root.data.get("params") or {}
    params = looked.strategy.params
    lines = [f"#   {param.name}: {written[param.name]['default']}" for param in params]
    if lines:
        head += "\n# What may be changed, with the base's own defaults:\n# params:\n"
        head += "\n".join(lines) + "\n"
    _write(target, with_schema(head, target.parent, "extension"))
    _say_next(target, f"which stands on {looked.strategy.extends[0]}")


def _say_next(target: Path, what: str) -> None:
    click.echo(f"wrote {target}, {what}; change it, then")
    click.echo(f"  polyrules validate {target}")
    click.echo(f"  polyrules test {target}")
    click.echo(f"  polyrules run --paper {target} --tape TAPE")


def renamed(text: str, old: str, new: str) -> str:
    """Return the text of a strategy file with the id `new`; nothing else changes."""
    head, key, rest = text.partition("strategy:")
    place = re.compile(rf"(\bid:\s*)([\"']?){re.escape(old)}\2(?=[\s,}}]|$)")
    return head + key + place.sub(rf"\g<1>{new}", rest, count=1)


def with_schema(text: str, home: Path, kind: str = "strategy") -> str:
    """Return a strategy for a file in the folder `home`, with a first line for editors.

    The line says where the schema is, seen from there; one that holds is kept.
    """
    line = SCHEMA_LINE.match(text)
    if line is not None and (home / line["path"]).exists():
        return text
    rest = text if line is None else text[line.end() :]
    schema = folder("schemas") / f"{kind}.v1.json"
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
