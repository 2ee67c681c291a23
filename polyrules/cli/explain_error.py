"""`polyrules explain-error`: what a code means, with a wrong and a right example."""

import click
import msgspec

from polyrules.cli.problems import harmless
from polyrules.errors import InputError
from polyrules.language.codes import PAGES, Page


@click.command()
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(code: str | None, *, as_json: bool) -> None:
    """Explain the CODE of a problem, such as PU003, or list all codes.

    The page says why it is a problem, and shows a wrong and a right example: the parts
    of a file that matter.
    """
    chosen = list(PAGES.values()) if code is None else [_find(code)]
    if as_json:
        shown = chosen if code is None else chosen[0]
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    elif code is None:
        for page in chosen:
            click.echo(f"{page.code}  {page.title}")
    else:
        click.echo(_card(chosen[0]))


def _find(code: str) -> Page:
    page = PAGES.get(code.strip("[]").upper())
    if page is None:
        message = f'unknown code "{harmless(code)}"'
        raise InputError(message, hint="polyrules explain-error lists all")
    return page


def _card(page: Page) -> str:
    parts = (
        f"{page.code}: {page.title}",
        page.text,
        f"wrong:\n{_indented(page.wrong)}",
        f"right:\n{_indented(page.right)}",
    )
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
