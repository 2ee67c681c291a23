"""What the commands that read a journal share: where it is, and which run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from polyrules.config import (
    DEFAULT_JOURNAL,
    Desk,
    Secret,
    default_desk,
    load_desk,
    read_journal,
)
from polyrules.journal.store import Store

DESK = "desk.yaml"

Command = Callable[..., Any]


def journal_option(command: Command) -> Command:
    """Add `--journal URL` and `--desk PATH` to a command that reads a journal."""
    command = click.option(
        "--desk", "desk_path", help="Take the journal of this desk [./desk.yaml]."
    )(command)
    return click.option(
        "--journal",
        "journal_url",
        help=f"Database URL, instead of the desk's [{DEFAULT_JOURNAL}].",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json` to a command."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON instead of text."
    )(command)


def desk_at(path: str | None) -> Desk:
    """Return the desk at `path`, else ./desk.yaml, else the default one.

    Raises:
        ConfigError: The desk is wrong.
    """
    if path is not None:
        return load_desk(path)
    return load_desk(DESK) if Path(DESK).is_file() else default_desk()


def journal_at(url: str | None, desk: Desk) -> Secret:
    """Return the journal that `--journal` names, else the desk's.

    Raises:
        ConfigError: A variable of the URL is not set, or is no password.
    """
    return desk.journal if url is None else read_journal(url, os.environ)


def open_journal(url: str | None, desk_path: str | None) -> Store:
    """Open the journal at `url`, else that of a desk; it must be there already.

    Raises:
        ConfigError: The desk or the URL is wrong.
        JournalError: There is no journal, or it cannot be read.
    """
    # with a URL of its own a command has no need of a desk, not even of a sound one
    desk = default_desk() if url is not None else desk_at(desk_path)
    return Store.open(journal_at(url, desk).reveal(), create=False)
