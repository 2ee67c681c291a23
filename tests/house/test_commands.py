import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from polyrules.cli import COMMANDS


def all_commands() -> Iterator[tuple[str, click.Command]]:
    for name, entry in COMMANDS.items():
        command = import_module(f"polyrules.cli.{entry.module}").command
        yield name, command
        if isinstance(command, click.Group):
            yield from (
                (f"{name} {sub}", child) for sub, child in command.commands.items()
            )


def test_every_command_has_help_and_so_has_every_option() -> None:
    lacking = [
        f"{name} {parameter.name}"
        for name, command in all_commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    helpless = [name for name, command in all_commands() if not command.help]

    assert lacking == []
    assert helpless == []


def test_every_command_is_shown_in_the_readme_or_the_docs(root: Path) -> None:
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)

    unseen = [name for name, _ in all_commands() if f"polyrules {name}" not in text]

    assert unseen == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_fits_a_terminal(name: str) -> None:
    line = f"  {name:9}  {COMMANDS[name].help}"

    assert len(line) <= 79
    assert line.endswith(".")


def test_the_documents_name_no_command_that_does_not_exist(root: Path) -> None:
    known = {name for name, _ in all_commands()}
    known |= {name.split()[0] for name in known}
    pages = [
        root / "README.md",
        root / "CONTRIBUTING.md",
        *(root / "docs").rglob("*.md"),
    ]

    unknown = [
        f"{page.name}: {line}"
        for page in pages
        for line in page.read_text("utf-8").splitlines()
        for named in re.findall(r"(?:^\$ |`)polyrules ([a-z-]+)", line)
        if named not in known
    ]

    assert unknown == []
