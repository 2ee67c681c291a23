"""What is told of files that were written wrong from the guide alone.

One table, so that a mistake which is caught today cannot get away tomorrow unseen.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from polyrules.cli.bases import find_base
from polyrules.errors import Problem, Severity
from polyrules.language.analysis.lints import Profile
from polyrules.language.analysis.report import look_at

BLIND = Path(__file__).parents[1] / "bad_blind"
FILES = sorted([*BLIND.glob("*.yaml"), *BLIND.glob("mended/*.yaml")])


def shown(problems: Iterable[Problem]) -> str:
    return ", ".join(f"{each.code} {each.line}" for each in problems)


def told(file: Path, cli: Callable[..., Result]) -> str:
    """Return who tells what of a file, as it is tried by hand: one after the other."""
    report = look_at(file.read_text("utf-8"), file.name, find=find_base)
    if report.reached is None and report.cost is None:
        return f"validate: {shown(report.problems)}"
    asked = report.asked(Profile.SAFETY)
    found = [each for each in asked if each.severity is not Severity.INFO]
    if found:
        return f"lint: {shown(found)}"
    if cli("test", str(file)).exit_code == 1:
        return "test"
    return "nothing"


@pytest.mark.parametrize("folder", ["", "mended"])
def test_what_is_told_of_files_written_wrong_from_the_guide(
    folder: str, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    files = [file for file in FILES if file.parent == BLIND / folder]

    lines = [f"{file.stem}: {told(file, cli)}" for file in files]

    assert "\n".join(lines) == snapshot
