"""`polyrules docs`: the card of a strategy, a page of Markdown in plain English."""

from pathlib import Path

import click

from polyrules.cli.bases import find_base
from polyrules.cli.problems import harmless
from polyrules.cli.shipped import resolve
from polyrules.cli.writing import replace
from polyrules.language.load import load
from polyrules.language.prose.card import card


@click.command()
@click.argument("file")
@click.option(
    "-o", "--output", metavar="PATH", help="Write to this file, in place of its text."
)
def command(file: str, output: str | None) -> None:
    """Say in plain English what a strategy does: a page of Markdown.

    FILE is a file, or the id of a shipped strategy. The page says where the strategy
    looks, when it acts, how much it risks, what it reads and how it is tested. It is
    made from the rules themselves, so it is never out of date. Exit code 1: the
    strategy is wrong, and has no page.
    """
    label, text = resolve(file)
    strategy = load(text, path=label, find=find_base)
    page = "\n".join(map(harmless, card(strategy).split("\n")))
    if output is None:
        click.echo(page, nl=False)
    else:
        replace(Path(output), page.encode())
