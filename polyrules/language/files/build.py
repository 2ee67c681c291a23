"""How the parts of a strategy file become a Strategy, and how they must fit together.

The document has been compared with the schema; here its expressions are read and the
sentences are checked that no schema can say. What is wrong already is passed over.
"""

import keyword
from collections.abc import Iterator
from typing import Any

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import shown_duration
from polyrules.domain.ids import StrategyId
from polyrules.errors import Problem, Severity
from polyrules.language.actions import Trade, protects
from polyrules.language.expression import Expression
from polyrules.language.files.digest import digest
from polyrules.language.files.examples import read_cases
from polyrules.language.files.money import (
    check_amounts,
    check_sizing,
    read_exits,
    read_size,
    risk,
    sizing,
)
from polyrules.language.files.row_domains import check_rows, read_inputs, read_rows
from polyrules.language.files.texts import BOOL, Texts
from polyrules.language.files.then import read_action
from polyrules.language.files.timing import read_schedule, with_times
from polyrules.language.hoisted import RUNNING
from polyrules.language.strategy import (
    Case,
    Exit,
    Guard,
    HitPolicy,
    Input,
    Let,
    Merge,
    OnUnknown,
    Param,
    Rule,
    Schedule,
    Strategy,
)

RESERVED = frozenset(keyword.kwlist) | {"true", "false", "null", "none", "missing"}
RESERVED_IDS = frozenset({"none", "universe", "hard_stop", "unbalanced"})
TAKEN = "PS011"
SHADOWS = "PS012"
LACKS_EDGE = "PS019"
RANKED = ("buy", "sell", "quote", "basket")
LOOKS_TOO_FAR = "PW002"
READS_NOTHING = "PL001"
SAMPLES_MAX = 100_000  # 800 KB a market
UNUSED = "PL004"


class Building:
    """One document on its way to a Strategy."""

    def __init__(self, document: Document, params: tuple[Param, ...]) -> None:
        self._document = document
        self._params = params
        self._texts = Texts(document, params, read_rows(document))
        self._inputs: tuple[Input, ...] = ()
        self._schedule: Schedule | None = None
        self._universe: Expression | None = None
        self._limit_by: Expression | None = None
        self._lets: list[Let] = []
        self._guards: list[Guard] = []
        self._rules: list[Rule] = []
        self._exits: list[Exit] = []
        self._cases: tuple[Case, ...] = ()

    def check(self) -> list[Problem]:
        """Read every part, and return the problems; warnings only if nothing else."""
        texts = self._texts
        self._check_names()
        self._inputs = read_inputs(texts)
        check_rows(texts, self._inputs)
        universe = texts.universe(("universe", "where"), BOOL)
        self._universe = with_times(texts, universe)
        self._limit_by = texts.ranking(("universe", "limit", "by"))
        self._schedule = read_schedule(texts)
        for name in texts.value("let") or ():
            read = texts.let(name)
            if read is not None:
                self._lets.append(Let(name=name, expression=read))
        self._read_guards()
        self._read_rules()
        self._exits = read_exits(texts)
        if self._schedule is not None:
            self._check_windows(self._schedule.every)
        check_amounts(texts)
        check_sizing(texts)
        self._check_edges()
        windowed = {let.name for let in self._lets if _has_window(let.expression)}
        self._cases = read_cases(self._document, texts, windowed)
        return texts.problems or list(self._unused())

    def strategy(self) -> Strategy:
        """Return the strategy; `check` must have found no error."""
        data = self._document.data
        about = data["strategy"]
        order = sorted(
            range(len(self._rules)), key=lambda i: -self._priority(i)
        )  # stable: equals stay in the order of the file
        assert self._schedule, "the schedule was checked"
        return Strategy(
            id=StrategyId(about["id"]),
            version=about["version"],
            title=about.get("title", ""),
            description=about.get("description", ""),
            path=self._document.path,
            digest=digest(data),
            params=self._params,
            inputs=self._inputs,
            rows=self._texts.rows,
            universe=self._universe,
            limit_by=self._limit_by,
            lets=tuple(self._lets),
            windows=tuple(self._texts.windows),
            groupings=self._texts.windows.groupings,
            guards=tuple(self._guards),
            hit_policy=HitPolicy(data.get("hit_policy", "first")),
            merge=Merge(**(data.get("merge") or {})),
            rules=tuple(self._rules[i] for i in order),
            priorities=tuple(self._priority(i) for i in order),
            sizing=sizing(data.get("sizing")),
            exits=tuple(self._exits),
            risk=risk(data.get("risk") or {}),
            schedule=self._schedule,
            cases=self._cases,
        )

    def _priority(self, index: int) -> int:
        return int(self._document.data["rules"][index].get("priority", 0))

    def _entries(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        texts = self._texts
        for index in range(len(texts.value(part) or ())):
            entry = texts.value(part, index)
            if isinstance(entry, dict):
                yield index, entry

    def _check_names(self) -> None:
        texts = self._texts
        params = texts.value("params") or {}
        lets = texts.value("let") or {}
        for part, names in (("params", params), ("let", lets)):
            what = "param" if part == "params" else "let"
            for name in names:
                if texts.is_wrong((part, name)):
                    continue
                other = ""
                if name in texts.features:
                    other = "a feature"
                elif name in RESERVED:
                    other = "a word of the language"
                elif part == "let" and name in params:
                    other = "a param"
                if other:
                    message = f'{what} "{name}" has the name of {other}'
                    texts.tell((part, name), SHADOWS, message, "rename it", on_key=True)
        self._check_ids(("guards", "rules"))
        self._check_ids(("exits",))

    def _check_ids(self, parts: tuple[str, ...]) -> None:
        texts = self._texts
        seen: dict[str, int] = {}
        for part in parts:
            for index, _ in self._entries(part):
                at: Path = (part, index, "id")
                name = texts.value(*at)
                if not isinstance(name, str):
                    continue
                if name in RESERVED_IDS:
                    message = f'id "{name}" has a meaning of its own'
                    texts.tell(at, TAKEN, message, "choose another")
                elif name in seen:
                    message = f'id "{name}" is taken'
                    texts.tell(at, TAKEN, message, f"the first is in line {seen[name]}")
                else:
                    seen[name] = self._document.line(at)

    def _read_guards(self) -> None:
        for index, guard in self._entries("guards"):
            when = self._texts.expression(("guards", index, "when"), BOOL)
            if when is not None:
                self._guards.append(Guard(id=str(guard.get("id")), when=when))

    def _read_rules(self) -> None:
        texts = self._texts
        for index, rule in self._entries("rules"):
            at: Path = ("rules", index)
            when = texts.expression((*at, "when"), BOOL)
            if when is not None and not self._reads_any(when):
                hint = "compare a feature with something, such as spread <= 0.02"
                message = "when reads no feature: it is the same on every market"
                texts.tell((*at, "when"), READS_NOTHING, message, hint)
            action = texts.value(*at, "then", "action")
            if action is None:
                continue
            then = read_action(texts, (*at, "then"))
            size = read_size(texts, then)
            if isinstance(then, Trade) and size is not None:
                then = msgspec.structs.replace(then, size=size)
            usual = "block" if then is not None and protects(then) else "skip"
            unknown = rule.get("on_unknown", usual)
            if when is None or then is None or texts.value(*at, "id") is None:
                continue
            if unknown in ("skip", "block"):
                self._rules.append(
                    Rule(
                        id=rule["id"],
                        when=when,
                        then=then,
                        on_unknown=OnUnknown(unknown),
                    )
                )

    def _reads_any(self, expression: Expression) -> bool:
        """Tell whether an expression reads a feature, itself or through lets."""
        lets = {let.name: let.expression for let in self._lets}
        seen: set[str] = set()
        waiting = list(expression.reads)
        while waiting:
            name = waiting.pop()
            if name not in lets:
                return True
            if name not in seen:
                seen.add(name)
                waiting += lets[name].reads
        return False

    def _check_windows(self, every: int) -> None:
        """Refuse windows that would remember too many samples of each market."""
        for window in self._texts.windows:
            if window.kernel in RUNNING:
                continue  # remembers no samples
            samples = window.length // every
            if samples > SAMPLES_MAX:
                message = (
                    f"{window.kernel} over {shown_duration(window.length)}, sampled"
                    f" every {shown_duration(every)}, remembers {samples:,} samples a"
                    f" market, at most {SAMPLES_MAX:,}"
                )
                hint = "look back over less, or set schedule.every higher"
                self._texts.tell(
                    self._texts.places[window.name], LOOKS_TOO_FAR, message, hint
                )

    def _check_edges(self) -> None:
        """Tell rules that best cannot compare: PS019."""
        texts = self._texts
        if texts.value("hit_policy") != "best":
            return
        for index, rule in self._entries("rules"):
            then = texts.value("rules", index, "then")
            if not isinstance(then, dict) or then.get("action") not in RANKED:
                continue
            if "edge" not in then and then.get("sides") != []:
                message = f'rule "{rule.get("id")}" has no edge, and hit_policy is best'
                at: Path = ("rules", index, "then")
                texts.tell(
                    at, LACKS_EDGE, message, "say what a share earns", on_key=True
                )

    def _unused(self) -> Iterator[Problem]:
        used = self._texts.used
        used |= {self._texts.rows.source}
        for part, what in (("params", "param"), ("inputs", "input"), ("let", "let")):
            for name in self._texts.value(part) or ():
                if name not in used:
                    yield self._document.problem(
                        (part, name),
                        UNUSED,
                        f'{what} "{name}" is never used',
                        hint="delete it, or use it",
                        on_key=True,
                        severity=Severity.WARNING,
                    )


def _has_window(expression: Expression) -> bool:
    return any(name.startswith("@") for name in expression.reads)
