"""A strategy as checked: what is left when all questions about a file are settled."""

from enum import Enum
from typing import Literal

import msgspec

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.language.expression import Expression, Type

Value = float | bool | str | None  # None is missing


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the strategy that its user may choose, within its range.

    `value` is the resolved one: the default, or what `--set` gave. Durations are in
    seconds.
    """

    name: str
    type: Type
    value: float | bool | str
    default: float | bool | str
    min: float | None = None
    max: float | None = None
    step: float | None = None
    doc: str = ""


class Let(msgspec.Struct, frozen=True, kw_only=True):
    """A derived column: a name for an expression, in the order of the file."""

    name: str
    expression: Expression


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A hoisted window function: `kernel` of `argument` over the last `length`.

    `argument` reads features only (never another window). `length` is in microseconds,
    `cover` the least share of it that must be covered by samples.
    """

    name: str  # "@1", "@2", ...: how the other expressions call its column
    kernel: Literal["lag", "mean_over", "std_over", "zscore"]
    argument: Expression
    length: int
    cover: float = 0.8


class OnUnknown(Enum):
    """What a guard or a rule does when its condition is UNKNOWN."""

    SKIP = "skip"
    BLOCK = "block"


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """A condition without which the whole strategy is silent on a row."""

    id: str
    when: Expression


class Urgency(Enum):
    """How an order meets the book.

    Low rests post-only, normal is a limit order that may rest, high takes what is
    there and cancels the rest (FAK).
    """

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Piece(msgspec.Struct, frozen=True):
    """A piece of a message: literal text, or a name with its format, e.g. `.3f`."""

    text: str
    name: str = ""
    format: str = ""


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule wants when it fires: buy or sell a token at a price.

    `ttl` and `cooldown` are microseconds, 0 for none. `fair` and `edge` are prob,
    `confidence` a ratio, `size` shares.
    """

    side: Side
    token: Literal["yes", "no"]
    price: Expression
    fair: Expression | None = None
    edge: Expression | None = None
    confidence: Expression | None = None
    urgency: Urgency = Urgency.NORMAL
    ttl: int = 0
    cooldown: int = 0
    reason: tuple[Piece, ...] = ()


class Veto(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that decides not to trade, and blocks those after it."""

    reason: tuple[Piece, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When `when` is TRUE, `then`. Under UNKNOWN a veto blocks, a trade stays."""

    id: str
    when: Expression
    then: Trade | Veto
    on_unknown: OnUnknown


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """When to leave a position; one of the four conditions is set.

    `stop_loss` and `take_profit` are distances from average cost [usd/share], measured
    at the best price we could sell at; `max_hold` is microseconds.
    """

    id: str
    when: Expression | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    max_hold: int | None = None
    urgency: Urgency = Urgency.HIGH


class Fixed(msgspec.Struct, frozen=True, kw_only=True, tag="fixed"):
    """The same stake each time: so many dollars, or so many shares."""

    usd: float | None = None
    shares: float | None = None


class Kelly(msgspec.Struct, frozen=True, kw_only=True, tag="kelly"):
    """A fraction of the Kelly stake on the rule's `fair`, at most `cap` [usd]."""

    fraction: float
    cap: float | None = None


class RiskRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a strategy asks to be held to, in the names of the desk's limits.

    Each applies to this strategy's own orders and positions, beside the desk's limits;
    None asks for nothing.
    """

    market_usd_max: float | None = None
    total_usd_max: float | None = None
    positions_max: int | None = None
    day_loss_usd_max: float | None = None
    week_loss_usd_max: float | None = None
    drawdown_max: float | None = None
    day_volume_usd_max: float | None = None
    order_usd_min: float | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An embedded test: the values of one row, and what must follow from them.

    `given` holds features, and lets that stand on a window; a name it lacks is
    missing. `expect` as written, checked against the schema: fires, token, action,
    price, guard, unknown, blocked_by.
    """

    name: str
    given: dict[str, Value]
    expect: dict[str, Value | list[str]]
    line: int


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in the order in which they are asked, and all that belongs to them.

    Attributes:
        digest: 32 hexadecimal digits over the file's meaning: two files that differ in
            comments or layout only have the same digest; parameters set by the user
            are not part of it.
        rules: By priority (highest first), then in the order of the file.
        every: Microseconds between evaluations.
    """

    id: StrategyId
    version: str
    title: str = ""
    description: str = ""
    path: str = ""
    digest: str
    params: tuple[Param, ...] = ()
    universe: Expression | None = None
    lets: tuple[Let, ...] = ()
    windows: tuple[Window, ...] = ()
    guards: tuple[Guard, ...] = ()
    rules: tuple[Rule, ...]
    sizing: Fixed | Kelly
    exits: tuple[Exit, ...] = ()
    risk: RiskRequest = RiskRequest()
    every: int
    cases: tuple[Case, ...] = ()
    priorities: tuple[int, ...] = ()  # of `rules`, same order

    @property
    def reads(self) -> frozenset[str]:
        """The features this strategy reads anywhere."""
        own = {let.name for let in self.lets} | {w.name for w in self.windows}
        names = frozenset[str]().union(*(e.reads for e in self.expressions()))
        return names - own

    def expressions(self) -> tuple[Expression, ...]:
        """Return every expression of the strategy, in the order of evaluation."""
        found: list[Expression | None] = [self.universe]
        found += [window.argument for window in self.windows]
        found += [let.expression for let in self.lets]
        found += [guard.when for guard in self.guards]
        for rule in self.rules:
            found.append(rule.when)
            if isinstance(rule.then, Trade):
                trade = rule.then
                found += [trade.price, trade.fair, trade.edge, trade.confidence]
        found += [exit_.when for exit_ in self.exits]
        return tuple(e for e in found if e is not None)
