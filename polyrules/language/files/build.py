"""How the parts of a strategy file become a Strategy, and how they must fit together.

The document has been compared with the schema; here its expressions are read and the
sentences are checked that no schema can say. What is wrong already is passed over.
"""

import keyword
from collections.abc import Iterable, Iterator
from typing import Any

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import (
    SECOND,
    UNITS,
    parse_duration,
    parse_shares,
    parse_usd,
    per_cent,
    shown_duration,
)
from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.errors import Problem, Severity
from polyrules.language.expression import Expression
from polyrules.language.expressions.constants import constant
from polyrules.language.files.digest import digest
from polyrules.language.files.examples import read_cases
from polyrules.language.files.texts import BOOL, PROB, RATIO, Texts
from polyrules.language.strategy import (
    Case,
    Exit,
    Fixed,
    Guard,
    Kelly,
    Let,
    OnUnknown,
    Param,
    RiskRequest,
    Rule,
    Strategy,
    Trade,
    Urgency,
    Veto,
)

RESERVED = frozenset(keyword.kwlist) | {"true", "false", "null", "none", "missing"}
RESERVED_IDS = frozenset({"none", "universe"})
EVERY_MIN, EVERY_MAX = SECOND // 10, UNITS["d"]
EXIT_CONDITIONS = ("when", "stop_loss", "take_profit", "max_hold")
RISK = {
    "max_position": "market_usd_max",
    "max_total": "total_usd_max",
    "max_open": "positions_max",
    "max_daily_loss": "day_loss_usd_max",
    "max_weekly_loss": "week_loss_usd_max",
    "max_drawdown": "drawdown_max",
    "max_daily_volume": "day_volume_usd_max",
    "min_order": "order_usd_min",
}
NOT_ALONE = "PS010"
TAKEN = "PS011"
SHADOWS = "PS012"
LACKS_FAIR = "PS014"
OUT_OF_RANGE = "PS007"
LOOKS_TOO_FAR = "PW002"
READS_NOTHING = "PL001"
SAMPLES_MAX = 100_000  # 800 KB a market
OUT_OF_DOMAIN = "PU003"
UNUSED = "PL004"


class Building:
    """One document on its way to a Strategy."""

    def __init__(self, document: Document, params: tuple[Param, ...]) -> None:
        self._document = document
        self._params = params
        self._texts = Texts(document, params)
        self._universe: Expression | None = None
        self._lets: list[Let] = []
        self._guards: list[Guard] = []
        self._rules: list[Rule] = []
        self._exits: list[Exit] = []
        self._cases: tuple[Case, ...] = ()

    def check(self) -> list[Problem]:
        """Read every part, and return the problems; warnings only if nothing else."""
        texts = self._texts
        self._check_names()
        self._universe = texts.universe(("universe", "where"))
        for name in texts.value("let") or ():
            read = texts.let(name)
            if read is not None:
                self._lets.append(Let(name=name, expression=read))
        self._read_guards()
        self._read_rules()
        self._read_exits()
        self._check_amounts()
        self._check_kelly()
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
        every = parse_duration(data["schedule"]["every"])
        assert every, "the schedule was checked"
        return Strategy(
            id=StrategyId(about["id"]),
            version=about["version"],
            title=about.get("title", ""),
            description=about.get("description", ""),
            path=self._document.path,
            digest=digest(data),
            params=self._params,
            universe=self._universe,
            lets=tuple(self._lets),
            windows=tuple(self._texts.windows),
            guards=tuple(self._guards),
            rules=tuple(self._rules[i] for i in order),
            priorities=tuple(self._priority(i) for i in order),
            sizing=_sizing(data["sizing"]),
            exits=tuple(self._exits),
            risk=_risk(data.get("risk") or {}),
            every=every,
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
                    message = f'id "{name}" has a meaning of its own in tests'
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
            then = self._veto(at) if action == "none" else self._trade(at, action)
            unknown = rule.get("on_unknown", "block" if action == "none" else "skip")
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

    def _veto(self, at: Path) -> Veto:
        return Veto(reason=self._texts.message((*at, "then", "reason")))

    def _trade(self, at: Path, action: str) -> Trade | None:
        texts, then = self._texts, (*at, "then")
        price = texts.expression((*then, "price"), PROB)
        fair = texts.expression((*then, "fair"), PROB)
        edge = texts.expression((*then, "edge"), PROB)
        confidence = texts.expression((*then, "confidence"), RATIO)
        reason = texts.message((*then, "reason"))
        self._check_literal((*then, "price"), price, "(0, 1)")
        self._check_literal((*then, "fair"), fair, "[0, 1]")
        self._check_literal((*then, "confidence"), confidence, "[0, 1]")
        token = texts.value(*then, "token")
        urgency = texts.value(*then, "urgency")
        if price is None or token is None:
            return None
        return Trade(
            side=Side.BUY if action == "buy" else Side.SELL,
            token="yes" if token == "yes_token" else "no",
            price=price,
            fair=fair,
            edge=edge,
            confidence=confidence,
            urgency=Urgency(urgency) if urgency else Urgency.NORMAL,
            ttl=self._duration((*then, "ttl")) or 0,
            cooldown=self._duration((*then, "cooldown")) or 0,
            reason=reason,
        )

    def _check_literal(self, at: Path, read: Expression | None, domain: str) -> None:
        value = None if read is None else constant(read.tree, self._texts.numbers)
        if value is None:
            return
        inside = 0 <= value <= 1 if domain[0] == "[" else 0 < value < 1
        if not inside:
            message = f"{at[-1]} {value:g} is outside {domain}"
            self._texts.tell(at, OUT_OF_DOMAIN, message, per_cent(value))

    def _duration(self, at: Path) -> int | None:
        text = self._texts.value(*at)
        return parse_duration(text) if isinstance(text, str) else None

    def _read_exits(self) -> None:
        texts = self._texts
        for index, entry in self._entries("exits"):
            at: Path = ("exits", index)
            when = texts.expression((*at, "when"), BOOL)
            given = [key for key in EXIT_CONDITIONS if key in entry]
            if len(given) != 1:
                found = " and ".join(given) or "none of them"
                message = (
                    f"an exit has one of {', '.join(EXIT_CONDITIONS)}, found {found}"
                )
                hint = "write one exit for each" if given else "say when to leave"
                texts.tell((*at, "id"), NOT_ALONE, message, hint)
                continue
            urgency = texts.value(*at, "urgency")
            self._exits.append(
                Exit(
                    id=str(entry.get("id")),
                    when=when,
                    stop_loss=texts.value(*at, "stop_loss"),
                    take_profit=texts.value(*at, "take_profit"),
                    max_hold=self._duration((*at, "max_hold")),
                    urgency=Urgency(urgency) if urgency else Urgency.HIGH,
                )
            )

    def _check_amounts(self) -> None:
        texts = self._texts
        every = self._duration(("schedule", "every"))
        if every is not None and not EVERY_MIN <= every <= EVERY_MAX:
            found = texts.value("schedule", "every")
            message = f"every must be in [100ms, 1d], was {found}"
            texts.tell(("schedule", "every"), OUT_OF_RANGE, message)
        elif every is not None:
            self._check_windows(every)
        places: list[Path] = [("sizing", "amount"), ("sizing", "cap")]
        places += [("risk", key) for key in RISK if key != "min_order"]
        places += [("exits", i, "max_hold") for i, _ in self._entries("exits")]
        for at in places:
            text = texts.value(*at)
            if isinstance(text, str) and not any(
                digit in text for digit in "123456789"
            ):
                message = f"{at[-1]} must be more than 0, was {text}"
                texts.tell(at, OUT_OF_RANGE, message)

    def _check_windows(self, every: int) -> None:
        """Refuse windows that would remember too many samples of each market."""
        for window in self._texts.windows:
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

    def _check_kelly(self) -> None:
        texts = self._texts
        if texts.value("sizing", "method") != "kelly":
            return
        for index, rule in self._entries("rules"):
            then = texts.value("rules", index, "then")
            if not isinstance(then, dict) or then.get("action") not in ("buy", "sell"):
                continue
            if "fair" not in then:
                message = f'rule "{rule.get("id")}" has no fair, and sizing is kelly'
                hint = "say what a share is worth, or use sizing: {method: fixed}"
                texts.tell(
                    ("rules", index, "then"), LACKS_FAIR, message, hint, on_key=True
                )

    def _unused(self) -> Iterator[Problem]:
        used = self._texts.used
        for part, what in (("params", "param"), ("let", "let")):
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


def _sizing(sizing: dict[str, Any]) -> Fixed | Kelly:
    if sizing["method"] == "kelly":
        cap = sizing.get("cap")
        return Kelly(
            fraction=float(sizing["fraction"]),
            cap=None if cap is None else parse_usd(cap),
        )
    amount = sizing["amount"]
    return Fixed(usd=parse_usd(amount), shares=parse_shares(amount))


def _risk(risk: dict[str, Any]) -> RiskRequest:
    return RiskRequest(**dict(_amounts(risk.items())))


def _amounts(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in items:
        amount = parse_usd(value) if isinstance(value, str) else value
        yield RISK[key], amount
