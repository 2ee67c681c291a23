"""`polyrules desk`: write the operator's settings out, and check them."""

from pathlib import Path

import click
import msgspec

from polyrules import app
from polyrules.app.sources import inputs_for
from polyrules.cli.bases import bases_of
from polyrules.cli.schema import line
from polyrules.cli.shipped import resolve
from polyrules.config import (
    LIMITS,
    Collection,
    Desk,
    collection_values,
    desk_yaml,
    duration_text,
    load_desk,
)
from polyrules.config.desk import DEFAULT_SOURCES
from polyrules.errors import ConfigError, InputError, Problem, StrategyError


@click.group()
def command() -> None:
    """Write and check the operator's settings."""


@command.command()
@click.argument("path", default="desk.yaml")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
def init(path: str, *, force: bool) -> None:
    """Write a desk with every default, explained, to PATH (desk.yaml)."""
    target = Path(path)
    try:
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(f"{line('desk', target.parent)}\n{desk_yaml()}")
    except FileExistsError:
        raise InputError(
            f"{target} exists already", hint="--force overwrites it"
        ) from None
    except OSError as error:
        raise InputError(f"{target}: {(error.strerror or '').lower()}") from error
    click.echo(f"wrote {target}; change it, then: polyrules desk check {target}")


@command.command()
@click.argument("path", default="desk.yaml")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def check(path: str, *, as_json: bool) -> None:
    """Check the desk at PATH (desk.yaml) and print what holds.

    Keys it does not say have their defaults; of sources and of what is collected only
    what differs from them is printed. The strategies it names are checked too, with
    the parameters it gives them and the lists they ask for. Secrets are never printed.
    Exit 0: all is well. Exit 1: a strategy file is wrong. Exit 2: the desk itself is
    wrong, or a file it names cannot be read.
    """
    desk = load_desk(path)
    _check_strategies(path, desk)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_plain(desk))).decode())
        return
    click.echo(f"{path}: ok")
    rows = _rows(desk)
    width = max(20, *(len(name) for name, _ in rows))
    for name, value in rows:
        click.echo(f"  {name:{width}} {value}")


def _check_strategies(path: str, desk: Desk) -> None:
    """Load every strategy of a desk as a run would.

    Raises:
        StrategyError: Files are wrong; it carries the problems of all.
        ConfigError: A parameter does not fit, two strategies share an id, or a list
            that one asks for is missing or wrong.
        InputError: A file cannot be read.
    """
    problems: list[Problem] = []
    sources = []
    for entry in desk.strategies:
        label, text = resolve(entry.file)
        try:
            source = app.Source(
                path=label,
                text=text,
                settings=dict(entry.params),
                bases=bases_of(label, text),
            )
            app.load_all([source])
        except StrategyError as error:
            problems.extend(error.problems)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}", hint=error.hint) from error
        else:
            if entry.enabled:
                sources.append(source)
    if problems:
        raise StrategyError(tuple(dict.fromkeys(problems)))
    inputs_for(app.load_all(sources), desk.inputs)


def _rows(desk: Desk) -> list[tuple[str, str]]:
    rows = [("bankroll_usd", f"{desk.bankroll_usd:,f}")]
    rows += [(name, f"{getattr(desk.limits, name):,}") for name in LIMITS]
    for strategy in desk.strategies:
        settings = " ".join(f"{k}={v}" for k, v in strategy.params.items())
        state = "" if strategy.enabled else "(not enabled)"
        said = " ".join(filter(None, (strategy.file, settings, state)))
        rows.append(("strategy", said))
    for name, entries in desk.inputs.items():
        rows.append((f"inputs.{name}", f"{len(entries):,} entries"))
    rows += _of_the_venue(desk)
    rows.append(("journal", str(desk.journal)))
    rows.append(("tick", duration_text(desk.tick)))
    return rows


def _of_the_venue(desk: Desk) -> list[tuple[str, str]]:
    rows = [
        (f"sources.{name}", url)
        for name, url in desk.sources.items()
        if url != DEFAULT_SOURCES[name]
    ]
    speed = f", speed {desk.clock.speed:g}" if desk.clock.source == "venue" else ""
    rows.append(("clock", f"{desk.clock.source}{speed}"))
    usual = collection_values(Collection())
    for name, value in collection_values(desk.collection).items():
        if value != usual[name]:
            several = isinstance(value, list)
            told = ", ".join(map(_short, value if several else [value]))
            rows.append((f"collection.{name}", told))
    return rows


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(desk: Desk) -> dict[str, object]:
    return {
        "bankroll_usd": str(desk.bankroll_usd),
        "limits": msgspec.to_builtins(desk.limits),
        "strategies": msgspec.to_builtins(desk.strategies),
        "inputs": {name: list(entries) for name, entries in desk.inputs.items()},
        "sources": dict(desk.sources),
        "clock": {"from": desk.clock.source, "speed": desk.clock.speed},
        "collection": collection_values(desk.collection),
        "journal": str(desk.journal),
        "tick_ms": desk.tick // 1000,
    }
