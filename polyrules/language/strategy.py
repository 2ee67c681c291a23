"""A strategy as checked: what is left when all questions about a file are settled."""

from enum import Enum
from typing import Literal

import msgspec

from polyrules.domain.ids import StrategyId
from polyrules.language.actions import Action, Urgency, protects, stated
from polyrules.language.expression import Expression, Type
from polyrules.language.rows import Rows

Value = float | bool | str | None  # None is missing
WindowKernel = Literal[
    "lag",
    "mean_over",
    "std_over",
    "min_over",
    "max_over",
    "sum_over",
    "count_over",
    "ewma",
    "zscore",
    "slope",
    "pct_rank_over",
    "held_for",
    "crossed_above",
    "since",
]
GroupKernel = Literal[
    "rank",
    "sum_in",
    "count_in",
    "max_in",
    "min_in",
    "mean_in",
    "share_in",
    "exposure",
]
By = Literal["event", "family", "category", "all"]


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

    `argument` reads features of one market only (never another window), and stands
    without the alias that the file calls the market by. `length` is in microseconds, 0
    of what has none; `cover` the least share of it that must be covered by samples.
    """

    name: str  # "@1", "@2", ...: how the other expressions call its column
    kernel: WindowKernel
    argument: Expression
    length: int
    cover: float = 0.8
    alias: str = ""  # of the market in a row that it looks back at, such as near


class Grouping(msgspec.Struct, frozen=True, kw_only=True):
    """A hoisted group function: `kernel` of `argument` over markets of one `by`.

    `argument` reads features of one market and columns that stand before this one,
    without an alias; None where markets are only counted.
    """

    name: str  # numbered with the windows
    kernel: GroupKernel
    argument: Expression | None
    by: By
    alias: str = ""  # of the market in a row whose group is meant


class OnUnknown(Enum):
    """What a guard or a rule does when its condition is UNKNOWN."""

    SKIP = "skip"
    BLOCK = "block"


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """A condition without which the whole strategy is silent on a row."""

    id: str
    when: Expression


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When `when` is TRUE, `then`. Under UNKNOWN a veto blocks, a trade stays."""

    id: str
    when: Expression
    then: Action
    on_unknown: OnUnknown

    @property
    def decides_unknown(self) -> bool:
        """Whether the rule acts where it is UNKNOWN as well: what protects does."""
        return self.on_unknown is OnUnknown.BLOCK and protects(self.then)


class HitPolicy(Enum):
    """Which rule decides where several are TRUE.

    First: the first. Unique: none, and an alarm. Best: the one with the highest edge.
    Collect: all of them. But for first, what protects stands before all others.
    """

    FIRST = "first"
    UNIQUE = "unique"
    BEST = "best"
    COLLECT = "collect"


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """How collected wishes for the same side of a token become one."""

    price: Literal["min", "max"] = "min"
    confidence: Literal["noisy_or", "max", "mean"] = "max"
    size: Literal["min", "max", "sum"] = "max"
    reason: Literal["join", "first"] = "join"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A list that lives in the desk, never in the file: of wallets, or of markets."""

    name: str
    type: Literal["wallet_set", "market_set"]
    doc: str = ""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When the rules are asked.

    Attributes:
        every: Microseconds between evaluations.
        by_tier: Each market at the interval of its own tier instead; `every` is then
            that of the quickest.
        triggers: Kinds of events after which a market is asked at once: book, trade,
            wallet, spot, odds, game.
    """

    every: int
    by_tier: bool = False
    triggers: tuple[str, ...] = ()


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """When to leave a position; one of the conditions is set.

    `stop_loss` and `take_profit` are distances from average cost [usd/share], measured
    at the best price we could sell at; `max_hold` is microseconds; `wallet_sells` the
    share of what the followed wallet bought that it has sold since.
    """

    id: str
    when: Expression | None = None
    wallet_sells: float | None = None
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


class Stated(msgspec.Struct, frozen=True, kw_only=True, tag="stated"):
    """Each rule states its own size; at most `cap` [usd] an order."""

    cap: float | None = None


Sizing = Fixed | Kelly | Stated


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
    group_usd_max: float | None = None
    orders_hour_max: int | None = None
    losses_row_max: int | None = None
    losses_rest: int | None = None  # microseconds
    leg_shares_max: float | None = None


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
        universe: Which rows; asked first.
        limit_by: Of a universe cut to `rows.top`: what ranks the rows.
        extends: The ids of the strategies this one stands on, the nearest first.
    """

    id: StrategyId
    version: str
    title: str = ""
    description: str = ""
    path: str = ""
    digest: str
    params: tuple[Param, ...] = ()
    inputs: tuple[Input, ...] = ()
    rows: Rows = Rows()
    universe: Expression | None = None
    limit_by: Expression | None = None
    lets: tuple[Let, ...] = ()
    windows: tuple[Window, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    guards: tuple[Guard, ...] = ()
    hit_policy: HitPolicy = HitPolicy.FIRST
    rules: tuple[Rule, ...]
    merge: Merge = Merge()
    sizing: Sizing
    exits: tuple[Exit, ...] = ()
    risk: RiskRequest = RiskRequest()
    schedule: Schedule
    cases: tuple[Case, ...] = ()
    priorities: tuple[int, ...] = ()  # of `rules`, same order
    extends: tuple[StrategyId, ...] = ()

    @property
    def hoisted(self) -> tuple[Window | Grouping, ...]:
        """Windows and groupings, each behind those it stands on."""
        columns: tuple[Window | Grouping, ...] = (*self.windows, *self.groupings)
        return tuple(sorted(columns, key=lambda each: int(each.name.removeprefix("@"))))

    @property
    def reads(self) -> frozenset[str]:
        """The features this strategy reads anywhere, as the file names them."""
        own = {each.name for each in (*self.lets, *self.hoisted)}
        names = frozenset[str]().union(*(e.reads for e in self._stated()))
        for each in self.hoisted:
            read = each.argument.reads if each.argument is not None else ()
            names |= {f"{each.alias}.{n}" if each.alias else n for n in read}
        return frozenset(n for n in names - own if "@" not in n)

    def expressions(self) -> tuple[Expression, ...]:
        """Return every expression of the strategy; windows look at theirs first."""
        looked = (each.argument for each in self.hoisted)
        return (*(e for e in looked if e is not None), *self._stated())

    def _stated(self) -> tuple[Expression, ...]:
        """Return the expressions that are asked about a row, in their order."""
        found: list[Expression | None] = [self.universe, self.limit_by]
        found += [let.expression for let in self.lets]
        found += [guard.when for guard in self.guards]
        for rule in self.rules:
            found += [rule.when, *stated(rule.then).values()]
        found += [exit_.when for exit_ in self.exits]
        return tuple(e for e in found if e is not None)


def recorded(rule: Rule) -> set[str]:
    """Return the names whose values are told when a rule fires."""
    told = {piece.name for piece in rule.then.reason if piece.name}
    read = [expression.reads for expression in stated(rule.then).values()]
    return told.union(rule.when.reads, *read)
