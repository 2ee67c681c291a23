"""`polyrules docs`: the card of a strategy, a page of Markdown in plain English."""

from pathlib import Path

import click
import msgspec

from polyrules.cli.bases import find_base
from polyrules.cli.problems import harmless
from polyrules.cli.test_files import Source, open_source
from polyrules.cli.writing import replace
from polyrules.errors import StrategyError
from polyrules.language.files.examples import read_tests
from polyrules.language.load import examine, load
from polyrules.language.prose.card import card
from polyrules.language.strategy import Strategy
from polyrules.language.testing.suite import shape_of_tests


@click.command()
@click.argument("file")
@click.option(
    "-o", "--output", metavar="PATH", help="Write to this file, in place of its text."
)
def command(file: str, output: str | None) -> None:
    """Say in plain English what a strategy does: a page of Markdown.

    FILE is a file, or the id of a shipped strategy. The page says where the strategy
    looks, when it acts, how much it risks, what it reads and how it is tested. It is
    made from the rules themselves, so it is never out of date. Tests in a file beside
    it are on it as well. Exit code 1: one of the files is wrong, and there is no page.
    """
    strategy = _loaded(open_source(file))
    page = "\n".join(map(harmless, card(strategy).split("\n")))
    if output is None:
        click.echo(page, nl=False)
    else:
        replace(Path(output), page.encode())


def _loaded(source: Source) -> Strategy:
    """Return a strategy with the tests of both files."""
    strategy = load(source.text, path=source.path, find=find_base)
    if source.beside is None:
        return strategy
    wrong = (*shape_of_tests(source.beside),)
    if not wrong:
        declared = examine(source.text, source.path, find=find_base).declared
        cases, wrong = read_tests(source.beside, strategy, declared)
        strategy = msgspec.structs.replace(strategy, cases=(*strategy.cases, *cases))
    if wrong:
        raise StrategyError(wrong)
    return strategy
