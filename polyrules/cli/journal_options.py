"""What the commands that read a journal share: where it is, and which run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from polyrules.config import default_desk, load_desk
from polyrules.journal.store import Store

DESK = "desk.yaml"

Command = Callable[..., Any]


def journal_option(command: Command) -> Command:
    """Add `--journal URL` to a command."""
    return click.option(
        "--journal",
        "journal_url",
        help="Database URL [of ./desk.yaml, else sqlite:///polyrules.db].",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json` to a command."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON instead of text."
    )(command)


def open_journal(url: str | None) -> Store:
    """Open the journal at `url`, else the desk's; it must be there already.

    Raises:
        ConfigError: The desk is wrong.
        JournalError: There is no journal, or it cannot be read.
    """
    if url is None:
        here = Path(DESK)
        desk = load_desk(here) if here.is_file() else default_desk()
        url = desk.journal.reveal()
    return Store.open(url, create=False)
