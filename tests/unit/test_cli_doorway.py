import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from polyrules import __version__
from polyrules.cli import COMMANDS, Entry, features
from polyrules.errors import InputError, Problem, StrategyError

Cli = Callable[..., Result]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let `polyrules features` raise something."""

    def fail_with(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(features, "command", command)

    return fail_with


def test_an_error_of_ours_is_lines_on_stderr_and_its_exit_code(
    cli: Cli, failing: Callable[[BaseException], None]
) -> None:
    failing(InputError("x.yaml: no such file", hint="look elsewhere"))

    result = cli("features")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "error: x.yaml: no such file\nhint: look elsewhere\n"


def test_a_wrong_strategy_ends_with_exit_code_one(
    cli: Cli, failing: Callable[[BaseException], None]
) -> None:
    problem = Problem(
        path="x.yaml",
        line=1,
        column=2,
        end_column=4,
        code="PE001",
        message="syntax",
        source="a b",
    )
    failing(StrategyError((problem,)))

    result = cli("features")

    assert result.exit_code == 1
    assert result.stderr == (
        "x.yaml:1:2: error[PE001]: syntax\n  |\n1 | a b\n  |  ^~\n\n1 error\n"
    )


def test_what_came_from_outside_cannot_steer_the_terminal(cli: Cli) -> None:
    result = cli("validate", "\x1b[2Jx.yaml")

    assert result.exit_code == 2
    assert "\x1b" not in result.output


def test_an_interrupt_ends_with_one_line_and_130(
    cli: Cli, failing: Callable[[BaseException], None]
) -> None:
    failing(KeyboardInterrupt())

    result = cli("features")

    assert (result.exit_code, result.output) == (130, "interrupted\n")


def test_a_bug_keeps_its_traceback(
    cli: Cli, failing: Callable[[BaseException], None]
) -> None:
    failing(ZeroDivisionError("a bug"))

    result = cli("features")

    assert isinstance(result.exception, ZeroDivisionError)


def test_a_misspelled_command_is_told_what_was_probably_meant(cli: Cli) -> None:
    result = cli("validte")

    assert result.exit_code == 2
    assert 'no such command "validte"; did you mean "validate"?' in result.stderr


def test_the_version_is_the_package_s(cli: Cli) -> None:
    assert cli("--version").output == f"polyrules {__version__}\n"


def test_help_needs_no_module_of_any_command(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = dict.fromkeys(COMMANDS, Entry("not_there", "It is gone."))
    monkeypatch.setattr("polyrules.cli.COMMANDS", gone)

    result = cli("--help")

    assert result.exit_code == 0
    assert result.output.count("It is gone.") == len(COMMANDS)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("features",), ("--help",), ("desk", "check")])
def test_a_full_disk_under_the_output_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], unbuffered: str, tmp_path: Path
) -> None:
    (tmp_path / "desk.yaml").write_text("bankroll_usd: 5\n", "utf-8")
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no device that is always full")

    with full.open("wb") as output:
        ran = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "polyrules", *arguments],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )

    assert ran.returncode == 2
    assert ran.stderr.decode() == (
        "error: the output cannot be written: no space left on device\n"
    )


def test_a_reader_who_leaves_early_is_no_error() -> None:
    script = (
        f"{sys.executable} -m polyrules features | head -n 1; echo ${{PIPESTATUS[0]}}"
    )

    ran = subprocess.run(  # noqa: S603 - our own script
        ["bash", "-c", script],  # noqa: S607 - whichever bash there is
        capture_output=True,
        text=True,
        check=True,
    )

    first, code = ran.stdout.splitlines()
    assert first == "book: from the order book"
    assert code in {"0", "141"}  # whether it was done writing when the reader left
    assert ran.stderr == ""
