"""`polyrules lsp`: help while writing a strategy, for editors."""

import importlib.util

import click

from polyrules.errors import InputError


@click.command()
def command() -> None:
    """Answer an editor while a strategy is written, over stdin and stdout.

    It tells what is wrong as `polyrules validate` does, shows what a name means, offers
    names inside expressions, goes to lets, params and rules, mends typing errors and
    formats. Start it from your editor, for YAML files. Needs the extra lsp:
    pip install 'polyrules[lsp]'.
    """
    if importlib.util.find_spec("pygls") is None:
        raise InputError(
            "the language server needs pygls, which is not installed",
            hint="pip install 'polyrules[lsp]'",
        )
    from polyrules.lsp.server import make_server  # noqa: PLC0415 - needs the extra

    make_server().start_io()
