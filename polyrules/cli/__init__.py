"""The doorway: click commands, one small file per family, loaded when asked for.

`polyrules --help` imports click and nothing else that is heavy: the list of commands is
a table of words here, and a command's module is imported when that command is called.
Errors raised on purpose end here as lines on stderr; a bug keeps its traceback.
"""

import errno
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

from polyrules import __version__

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # what a write may say
UNWRITTEN = 2  # I/O, as for any other file
PIPE_CLOSED = 141  # 128 + SIGPIPE: `polyrules ... | head` is no error of ours


class Entry(NamedTuple):
    """Where a command lives, and its one line in the list of commands."""

    module: str
    help: str


COMMANDS: dict[str, Entry] = {
    "validate": Entry("validate", "Check strategy files; say what is wrong and where."),
    "fmt": Entry("fmt", "Format strategy files; comments stay."),
    "lint": Entry("lint", "Look for what is doubtful in strategies that would run."),
    "explain-error": Entry("explain_error", "Say what the code of a problem means."),
    "test": Entry("test_command", "Run the tests embedded in strategy files."),
    "features": Entry("features", "List the numbers a rule may name."),
    "functions": Entry("functions", "List the functions a rule may call."),
    "schema": Entry("schema", "Print the JSON Schema of files, for editors."),
    "docs": Entry("docs", "Say in plain English what a strategy does."),
    "new": Entry("new", "Start a strategy of your own from a shipped one."),
    "lsp": Entry("lsp", "Help an editor while you write a strategy."),
    "desk": Entry("desk", "Write and check the operator's settings."),
    "tape": Entry("tape", "Import recorded market data, and look into it."),
    "run": Entry("run", "Run strategies on paper: over a tape, or on live data."),
    "sim": Entry("sim", "Run a simulated venue on this machine, to trade against."),
    "record": Entry("record", "Record live market data onto a tape."),
    "replay": Entry("replay", "Recompute a recorded run and compare every step."),
    "status": Entry("status", "Show the runs a journal holds, or how one went."),
    "positions": Entry("positions", "Show what a run holds and what it is worth."),
    "decisions": Entry("decisions", "Show what a run decided, and why."),
}


class Doorway(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None if there is none of that name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(f"polyrules.cli.{entry.module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, n=1)
            meant = f'did you mean "{near[0]}"?' if near else "see polyrules --help"
            raise click.UsageError(f'no such command "{name}"; {meant}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command; turn our own errors into lines and an exit code."""
        from polyrules.errors import PolyrulesError  # noqa: PLC0415 - not for --help

        try:
            return super().invoke(ctx)
        except PolyrulesError as error:
            from polyrules.cli.failures import told  # noqa: PLC0415 - only now needed

            click.echo(told(error), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            ctx.exit(PIPE_CLOSED)


@click.group(
    cls=Doorway,
    epilog="Exit codes: 0 clean or same; 1 findings or differences; 2 usage, input"
    " or I/O.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def polyrules() -> None:
    """Trading rules for prediction markets that you can read, check and replay."""


def main() -> None:
    """Run polyrules: the entry point of the installed command."""
    try:
        try:
            polyrules.main(prog_name="polyrules")
        finally:
            if sys.stdout is not None:  # None where the shell closed it: >&-
                sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        if error.filename is not None or error.errno not in FULL:
            raise  # of another file: a bug of ours, as it was not told before
        _drop_output()
        reason = (error.strerror or str(error)).lower()
        click.echo(f"error: the output cannot be written: {reason}", err=True)
        sys.exit(UNWRITTEN)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)


def _drop_output() -> None:
    # Python flushes stdout once more at exit and would complain: give it a sink.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
