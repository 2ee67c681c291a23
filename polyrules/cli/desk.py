"""`polyrules desk`: write the operator's settings out, and check them."""

from pathlib import Path

import click
import msgspec

from polyrules.config import LIMITS, Desk, desk_yaml, duration_text, load_desk
from polyrules.errors import InputError


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
            file.write(desk_yaml())
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

    Keys it does not say have their defaults. Secrets are never printed.
    """
    desk = load_desk(path)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_plain(desk))).decode())
        return
    click.echo(f"{path}: ok")
    for name, value in _rows(desk):
        click.echo(f"  {name:20} {value}")


def _rows(desk: Desk) -> list[tuple[str, str]]:
    rows = [("bankroll_usd", f"{desk.bankroll_usd:,f}")]
    rows += [(name, f"{getattr(desk.limits, name):,}") for name in LIMITS]
    for strategy in desk.strategies:
        settings = " ".join(f"{k}={v}" for k, v in strategy.params.items())
        state = "" if strategy.enabled else "(not enabled)"
        said = " ".join(filter(None, (strategy.file, settings, state)))
        rows.append(("strategy", said))
    rows.append(("journal", str(desk.journal)))
    rows.append(("tick", duration_text(desk.tick)))
    return rows


def _plain(desk: Desk) -> dict[str, object]:
    return {
        "bankroll_usd": str(desk.bankroll_usd),
        "limits": msgspec.to_builtins(desk.limits),
        "strategies": msgspec.to_builtins(desk.strategies),
        "sources": dict(desk.sources),
        "journal": str(desk.journal),
        "tick_ms": desk.tick // 1000,
    }
