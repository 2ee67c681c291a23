"""The expressions and messages of one document, read in a scope that grows.

Each is read once, in the order in which it will be evaluated: a let sees what stands
above it. What a name means that is itself wrong is not guessed, and not told twice.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import parse_shares, parse_usd
from polyrules.documents.words import did_you_mean
from polyrules.errors import Problem
from polyrules.language.actions import Piece
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Finding, Scope, check
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.hoist import Windows
from polyrules.language.expressions.typed import shown, unit_shown
from polyrules.language.files.template import parse_template
from polyrules.language.rows import Rows
from polyrules.language.strategy import Param

BOOL = Type(Kind.BOOL)
PROB = Type(Kind.NUMBER, "prob")
RATIO = Type(Kind.NUMBER, "1")

QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNKNOWN_NAMES = ("PN001", "PN003", "PL012")
WRONG_TYPE = "PT007"
SUGGESTED_MAX = 200  # problems of a file; behind them nobody reads any suggestion
TOLD_ONCE = ("PW004",)  # of a file: it is about all windows together
TRUTH = {"true": "True", "false": "False"}


class Texts:
    """Reads expressions and messages, and remembers what they named and got wrong."""

    def __init__(self, document: Document, params: Iterable[Param], rows: Rows) -> None:
        data = document.data
        self._document = document
        self._wrong = document.wrong()
        self.rows = rows
        self._features: Mapping[str, Type] = rows.types()
        self._constants = {p.name: (p.type, p.value) for p in params}
        self._lets = frozenset(_keys(data.get("let")))
        self._broken = set(_keys(data.get("params"))) - set(self._constants)
        self._expressions: dict[str, Expression] = {}  # of the lets so far
        self.types: dict[str, Type] = dict(self._features)
        self.numbers: dict[str, float] = {}  # lets that are constant
        self.windows = Windows()
        self.places: dict[str, Path] = {}  # of windows: the let that asked first
        self.used: set[str] = set()
        self.problems: list[Problem] = []
        self._told: set[str] = set()  # codes

    @property
    def features(self) -> frozenset[str]:
        """The names of all features."""
        return frozenset(self._features)

    @property
    def keys(self) -> frozenset[str]:
        """The top-level keys of the file, right or wrong."""
        return frozenset(_keys(self._document.data))

    @property
    def _suggests(self) -> bool:
        return len(self.problems) < SUGGESTED_MAX

    def did_you_mean(self, name: str, known: Iterable[str]) -> str:
        """Return which of the known names may have been meant, "" for none."""
        return did_you_mean(name, known) if self._suggests else ""

    def value(self, *at: str | int) -> Any:  # noqa: ANN401 - any YAML value
        """Return what stands at a path; None if nothing does, or if it is wrong."""
        value: Any = self._document.data
        for depth, step in enumerate(at):
            if at[: depth + 1] in self._wrong:
                return None
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def is_wrong(self, at: Path) -> bool:
        """Tell whether what stands at a path is told as wrong already."""
        return at in self._wrong

    def tell(
        self, at: Path, code: str, message: str, hint: str = "", *, on_key: bool = False
    ) -> None:
        """Note a problem with the value at `at`."""
        found = self._document.problem(at, code, message, hint=hint, on_key=on_key)
        self.problems.append(found)

    def expression(self, at: Path, want: Type | None) -> Expression | None:
        """Read the expression at `at`, in the scope of features, params and lets."""
        return self._expression(at, want, self.types, None)

    def universe(self, at: Path, want: Type | None) -> Expression | None:
        """Read the expression at `at` over features and params only."""
        return self._expression(at, want, self._features, None)

    def ranking(self, at: Path) -> Expression | None:
        """Read the number at `at` by which rows are ranked, of any unit."""
        read = self.universe(at, None)
        if read is None or read.type.kind is Kind.NUMBER:
            return read
        message = f"{at[-1]} needs a number, got {shown(read.type)}"
        self.tell(at, WRONG_TYPE, message, "name a feature such as volume_24h")
        return None

    def let(self, name: str) -> Expression | None:
        """Read one let and put its name in scope."""
        at = ("let", name)
        read = self._expression(at, None, self.types, self.windows)
        for window in self.windows:
            self.places.setdefault(window.name, at)
        if read is None:
            self._broken.add(name)
        elif name not in self._features and name not in self._constants:
            self.types[name] = read.type
            self._expressions[name] = read
            value = constant(read.tree, self.numbers)
            if value is not None:
                self.numbers[name] = value
        return read

    def written(
        self, source: str, constants: Mapping[str, tuple[Type, float]]
    ) -> Expression:
        """Return an expression that we write for the file; windows may stand in it."""
        scope = Scope(
            self.types,
            {**self._constants, **constants},
            self.windows,
            numbers=self.numbers,
        )
        checked = check(source, scope, None)
        assert checked.expression, f"{source}: {checked.findings}"
        return checked.expression

    def amount(self, at: Path) -> Expression | None:
        """Read the amount at `at`: 25 USD, 50 shares, or an expression in either."""
        told = self.value(*at)
        for unit, parse in (("usd", parse_usd), ("shares", parse_shares)):
            if isinstance(told, str) and (stated := parse(told)) is not None:
                return self.written(
                    "stake", {"stake": (Type(Kind.NUMBER, unit), stated)}
                )
        read = self.expression(at, None)
        if read is None or read.type.unit in ("shares", "usd"):
            return read
        found = "a bool" if read.type.kind is Kind.BOOL else unit_shown(read.type.unit)
        message = f"{at[-1]} needs shares or usd, got {found}"
        hint = "write 25 USD or 50 shares, or an expression in one of them"
        self.tell(at, WRONG_TYPE, message, hint)
        return None

    def message(self, at: Path) -> tuple[Piece, ...]:
        """Read the message at `at`; empty if there is none."""
        text = self.value(*at)
        if not isinstance(text, str):
            return ()
        read = parse_template(
            text, self.types, self._constants, suggests=self._suggests
        )
        self.used |= read.names
        self._tell_findings(at, text, read.findings, self.types)
        return read.pieces

    def _expression(
        self,
        at: Path,
        want: Type | None,
        types: Mapping[str, Type],
        windows: Windows | None,
    ) -> Expression | None:
        if self.value(*at) is None:
            return None
        text = self._document.raw(at)
        text = TRUTH.get(text, text)
        names = set(WORD.findall(QUOTED.sub(" ", text)))
        self.used |= names
        scope = Scope(
            types,
            self._constants,
            windows,
            self._expressions,
            self.numbers,
            suggests=self._suggests,
        )
        checked = check(text, scope, want)
        self._tell_findings(at, text, checked.findings, types)
        return checked.expression

    def _tell_findings(
        self,
        at: Path,
        text: str,
        findings: Iterable[Finding],
        types: Mapping[str, Type],
    ) -> None:
        for finding in findings:
            name = text[finding.start : finding.end]
            hint = finding.help
            if finding.code in TOLD_ONCE and finding.code in self._told:
                continue
            self._told.add(finding.code)
            if finding.code in UNKNOWN_NAMES:
                if name in self._broken:
                    continue
                if name in self._lets and types is self._features:
                    hint = (
                        "the universe is asked before any let: features and params only"
                    )
                elif name in self._lets:
                    hint = f'the let "{name}" comes later: move it up'
            message = finding.message
            if finding.code == WRONG_TYPE:
                message = f"{at[-1]} {message}"  # "needs prob, got usd": say what does
            part = (finding.start, finding.end)
            self.problems.append(
                self._document.problem(at, finding.code, message, hint=hint, part=part)
            )


def _keys(value: object) -> list[str]:
    return list(value) if isinstance(value, dict) else []
