"""Every error polyrules raises.

    PolyrulesError
    ├── StrategyError        a strategy file is wrong; carries every Problem found
    ├── ConfigError          the desk or a secret is missing or contradicts itself
    ├── InputError           a file we were given cannot be used: which, where, why
    │   └── TapeError        a tape is missing, torn, or is not what its manifest says
    ├── JournalError         the journal cannot be opened, written or read
    ├── VenueError           the exchange or the network failed us
    │   └── UnexpectedReply  the reply does not fit its documented shape
    └── InvariantError       our own bug: trading halts, the journal stays

What is *expected* is not an exception. A refused decision, a rejected order and a rule
without data are values: they travel in the Step and are journaled with it.
"""

from enum import Enum
from typing import ClassVar

import msgspec


class PolyrulesError(Exception):
    """Base of all errors raised on purpose.

    `exit_code` is what the command line ends with: 1 for findings, 2 for usage, input
    or I/O.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class Severity(Enum):
    """How bad a problem is. Only errors keep a file from running."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a file, told so that it can be mended.

    Lines and columns count from 1 in characters; `end_column` is the column after the
    last character of the range, on the same line. `source` is the whole line.
    """

    path: str
    line: int
    column: int
    end_column: int
    code: str
    message: str
    help: str = ""
    source: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return `path:line:col: error[CODE]: message`."""
        place = f"{self.path}:{self.line}:{self.column}"
        return f"{place}: {self.severity.value}[{self.code}]: {self.message}"


class StrategyError(PolyrulesError):
    """A strategy file is wrong. All its problems are reported at once."""

    exit_code = 1

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        assert problems, "a StrategyError names at least one problem"
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class ConfigError(PolyrulesError):
    """The desk or a secret is missing or contradicts itself."""


class InputError(PolyrulesError):
    """A file we were given cannot be used."""


class TapeError(InputError):
    """A tape is missing, torn, or not what its manifest says."""


class JournalError(PolyrulesError):
    """The journal cannot be opened, written or read."""


class VenueError(PolyrulesError):
    """The exchange or the network failed us."""

    retryable: ClassVar[bool] = False


class UnexpectedReply(VenueError):
    """The reply does not fit its documented shape."""


class InvariantError(PolyrulesError):
    """Our own bug. Trading halts; the journal stays readable."""
