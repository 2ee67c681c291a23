"""`polyrules functions`: what an expression may call, each with its meaning."""

import click
import msgspec

from polyrules.documents.words import did_you_mean
from polyrules.errors import InputError
from polyrules.language.functions import FUNCTIONS, GROUPS, WINDOWS, Function

ALL = {**FUNCTIONS, **WINDOWS, **GROUPS}


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(name: str | None, *, as_json: bool) -> None:
    """List the functions an expression may call, or explain one of them.

    Functions that look back, or at other markets, may be called under let only.
    """
    chosen = list(ALL.values()) if name is None else [_find(name)]
    if as_json:
        listed = [_plain(function) for function in chosen]
        shown = listed if name is None else listed[0]
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
        return
    width = max(len(function.signature) for function in chosen)
    for function in chosen:
        click.echo(f"{function.signature:{width}}  {function.doc}")


def _find(name: str) -> Function:
    function = ALL.get(name)
    if function is None:
        hint = did_you_mean(name, ALL) or "polyrules functions lists all"
        raise InputError(f'unknown function "{name}"', hint=hint)
    return function


def _plain(function: Function) -> dict[str, object]:
    return {
        "name": function.name,
        "signature": function.signature,
        "takes": list(function.takes),
        "gives": function.gives,
        "looks_back": function.name in WINDOWS,
        "compares": function.name in GROUPS,
        "doc": function.doc,
    }
