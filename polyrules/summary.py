"""What a run came to: counted from its Steps, told at its end.

A summary is made of what was decided, of what the venue answered and of the marks the
engine put on what is held. Every profit it names carries the optimism of the venue that
made it.

The realised profits of the strategies need not add up to the desk's. Where two hold one
token, the desk's cost is the average of both; what one of them sells is set against its
own cost in its account, and against the average in the desk's. Realised and open
together do add up.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from polyrules.domain.events import Filled, OrderReported, Settled
from polyrules.domain.ids import MarketId, StrategyId
from polyrules.domain.market import Market, is_yes
from polyrules.domain.money import ZERO, cost
from polyrules.domain.orders import PlaceOrder, Report
from polyrules.domain.steps import Marks, Refused, Step
from polyrules.engine.asking.rules import Funnel
from polyrules.engine.engine import Engine
from polyrules.engine.state import MarketState, State
from polyrules.journal.digest import Digest
from polyrules.journal.records import RunSpec
from polyrules.language.rows import Rows
from polyrules.language.strategy import Strategy

WHY = {
    "no_feed": "this source has no {feed} feed",
    "not_stated": "this source does not state it",
    "no_book": "no book was seen yet",
    "stale": "the book was too old",
    "lost": "its feed was lost",
    "one_sided_or_crossed": "the book was one-sided or crossed",
    "not_covered": "nothing to work it out from",
    "no_round": "the market is of no round",
    "unknown_word": "the feed said a word we do not know",
    "not_told": "the feed has not told of it",
}
NO_ROWS = {
    "pair": "no two open markets were found that differ in their deadline only",
    "event": "no event of several markets was open whenever it asked",
    "basket": "no basket was open whenever it asked",
    "trade": "no wallet of its list traded lately, as far as this source tells",
    "round": "no round of its series was going on whenever it asked",
}
NO_END = "the source states no end"
TO_CLOSE = ("hours_to_close", "seconds_to_close")
ALARMS_MAX = 3  # that a summary tells
WORD = re.compile(r"[^\s,;]+")  # such as the id of a market
MISSING_MIN = 0.01  # of rows; what is missing on fewer explains no silence


class StrategySummary(msgspec.Struct, kw_only=True):
    """One strategy's part of a run. Dollars are exact decimals."""

    id: str
    version: str
    digest: str
    params: dict[str, float | bool | str]
    decisions: int = 0
    markets: int = 0
    refusals: dict[str, int] = {}
    orders: int = 0
    fills: int = 0
    realised_usd: Decimal = ZERO
    open_usd: Decimal = ZERO
    silent_because: list[str] = []
    no_orders_because: str = ""


class HeldSummary(msgspec.Struct, kw_only=True):
    """What one strategy holds of one token at the end.

    `outcome` is YES or NO. `mark` is what a share is valued at [usd/share]: the best
    bid, else the last one known until it is too old, then 0. `open_usd` is value less
    cost, fees apart.
    """

    strategy: str
    market: str
    slug: str
    question: str
    token: str
    outcome: str
    shares: Decimal
    cost_usd: Decimal
    mark: Decimal
    value_usd: Decimal
    open_usd: Decimal


class AlarmSummary(msgspec.Struct, kw_only=True):
    """An alarm as it was raised, with slugs for ids. `at`: microseconds UTC."""

    at: int
    text: str


class Summary(msgspec.Struct, kw_only=True):
    """A whole run. `settled` counts positions by the market's outcome.

    `alarms` counts them all, `first_alarms` has the first ALARMS_MAX.
    `journal` is the URL of the journal that holds it, without any password. Of a run on
    live data `collected` says how well it was served (gauges by name, delays in seconds
    by `name_p99`), and `troubles` what went wrong how often.
    """

    run: str
    mode: str
    source: str
    ended: str
    first_at: int | None
    last_at: int | None
    events: int
    cycles: int
    decisions: int
    digest: str
    refusals: dict[str, int]
    orders: int
    rejected: dict[str, int]
    fills: int
    traded_usd: Decimal
    fees_usd: Decimal
    settled: dict[str, int]
    equity_usd: Decimal
    realised_usd: Decimal
    open_usd: Decimal
    drawdown_worst: Decimal
    alarms: int
    strategies: list[StrategySummary]
    assumptions: list[str]
    optimism: str
    held: list[HeldSummary] = []
    first_alarms: list[AlarmSummary] = []
    journal: str = ""
    collected: dict[str, float] = {}
    troubles: dict[str, int] = {}


def with_slugs(alarm: str, markets: Mapping[MarketId, MarketState]) -> str:
    """Return the text of an alarm with the slugs of markets in place of their ids."""

    def named(word: re.Match[str]) -> str:
        known = markets.get(MarketId(word[0]))
        return word[0] if known is None else known.market.slug or word[0]

    return WORD.sub(named, alarm)


class Tally:
    """Counts Steps as they pass."""

    def __init__(self, strategies: Iterable[Strategy]) -> None:
        self._strategies = {strategy.id: strategy for strategy in strategies}
        self._params = {
            name: {p.name: p.value for p in strategy.params}
            for name, strategy in self._strategies.items()
        }
        self.digest = Digest()
        self.steps = 0
        self.first_at: int | None = None
        self.last_at: int | None = None
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.reasons: dict[tuple[str, str], str] = {}  # the first of each refusal
        self.decisions: Counter[str] = Counter()
        self.orders: Counter[str] = Counter()
        self.fills: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.settled: Counter[str] = Counter()
        self.traded = ZERO
        self.alarms = 0
        self.first_alarms: list[AlarmSummary] = []
        self._markets: dict[str, set[MarketId]] = {n: set() for n in self._strategies}
        self._owners: dict[str, str] = {}

    def take(self, step: Step, engine: Engine) -> None:
        """Count one Step of `engine`."""
        self.steps += 1
        self.last_at = step.event.at
        if self.first_at is None:
            self.first_at = step.event.at
        self.alarms += len(step.alarms)
        for alarm in step.alarms[: ALARMS_MAX - len(self.first_alarms)]:
            text = with_slugs(alarm, engine.state.markets)
            self.first_alarms.append(AlarmSummary(at=step.event.at, text=text))
        self._count_decisions(step)
        self._count_event(step, engine)

    def markets(self, strategy: str) -> int:
        """Return on how many markets a strategy decided."""
        return len(self._markets[strategy])

    def refused(self) -> dict[str, int]:
        """Return how often each check refused, all strategies together."""
        found: Counter[str] = Counter()
        for (_, check), count in self.refusals.items():
            found[check] += count
        return dict(found)

    def _count_decisions(self, step: Step) -> None:
        for decision, verdict in zip(step.decisions, step.verdicts, strict=True):
            name = decision.strategy
            self.decisions[name] += 1
            self._markets[name].add(decision.market)
            if isinstance(verdict, Refused):
                self.refusals[name, verdict.check] += 1
                self.reasons.setdefault((name, verdict.check), verdict.reason)
            self.digest.add(
                step.event.at,
                self._strategies[name].digest,
                self._params[name],
                decision,
                verdict,
            )
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self.orders[command.order.strategy] += 1
                self._owners[command.order.client_order_id] = command.order.strategy

    def _count_event(self, step: Step, engine: Engine) -> None:
        match step.event:
            case Filled() as fill:
                self.fills[self._owners.get(fill.client_order_id, "")] += 1
                self.traded += cost(fill.price, fill.size)
            case OrderReported(report=Report.REJECTED, reason=reason):
                self.rejected[reason] += 1
            case Settled() as paid:
                known = engine.state.markets[paid.market]
                self.settled[_outcome(paid, known.market)] += 1
            case _:
                pass


def why_silent(strategy: Strategy, funnel: Funnel) -> list[str]:
    """Return, in sentences, why a strategy never decided anything."""
    if funnel.evaluations == 0:
        seconds = strategy.schedule.every // 1_000_000
        return [f"it was never due: it asks every {seconds} s"]
    if funnel.rows == 0:
        return [NO_ROWS.get(strategy.rows.each, "no market was open whenever it asked")]
    return [_where_rows_stopped(strategy, funnel), *_what_was_missing(strategy, funnel)]


def _where_rows_stopped(strategy: Strategy, funnel: Funnel) -> str:
    if funnel.universe == 0:
        return f"none of {funnel.rows:,} rows was in its universe"
    seen = f"{funnel.universe:,} of {funnel.rows:,} rows were in its universe"
    stops = [f"guard {name} stopped {n:,}" for name, n in funnel.guarded.items()]
    if funnel.unknown:
        stops.append(f"{funnel.unknown:,} were UNKNOWN")
    vetoes = {rule.id for rule in strategy.rules if rule.id in funnel.fired}
    stops += [f"rule {name} took {funnel.fired[name]:,}" for name in sorted(vetoes)]
    if funnel.conflicts:
        stops.append(f"on {funnel.conflicts:,} several rules contradicted each other")
    if funnel.unpriced:
        stops.append(f"{funnel.unpriced:,} had no price or size an order can have")
    return f"{seen}; " + (", ".join(stops) or "no rule was TRUE on any of them")


def _what_was_missing(strategy: Strategy, funnel: Funnel) -> list[str]:
    return [
        f"missing {name} on {count / funnel.rows:.0%} of rows: "
        + _why(strategy.rows, name, why)
        for (name, why), count in funnel.missing.most_common()
        if count >= MISSING_MIN * funnel.rows
    ]


def _why(rows: Rows, name: str, why: str) -> str:
    if rows.split(name)[1] in TO_CLOSE and why != "no_feed":
        return NO_END
    return WHY.get(why, why).format(feed=rows.feature(name).feed.value)


def why_no_orders(strategy: StrategyId, tally: Tally) -> str:
    """Return the commonest refusal of a strategy, its number and its words."""
    own = Counter({c: n for (s, c), n in tally.refusals.items() if s == strategy})
    if not own:
        return ""
    ((check, count),) = own.most_common(1)
    return f"{check} {count:,}x: {tally.reasons[strategy, check]}"


def _outcome(paid: Settled, market: Market) -> str:
    if paid.payout not in (0, 1):
        return "50/50"
    won = paid.payout == 1
    return "YES" if won is (paid.token == market.yes) else "NO"


def summarise(
    spec: RunSpec,
    engine: Engine,
    tally: Tally,
    *,
    ended: str,
    source: str,
    assumptions: tuple[str, ...],
    optimism: str,
    journal: str = "",
    collected: dict[str, float] | None = None,
    troubles: dict[str, int] | None = None,
) -> Summary:
    """Return what a run came to, as its engine and its tally stand now.

    Args:
        spec: How the run was begun.
        engine: After its last Step.
        tally: Of all its Steps.
        ended: Why it ended.
        source: Where its events came from.
        assumptions: What that source takes for granted.
        optimism: What whoever prints a profit must say beside it.
        journal: Where it is recorded, without any password.
        collected: How well live data was served; none of a tape.
        troubles: What went wrong with it, how often.
    """
    engine.state.mark()
    marks = engine.state.desk.marks()
    return Summary(
        run=spec.id,
        mode=spec.mode,
        source=source,
        ended=ended,
        first_at=tally.first_at,
        last_at=tally.last_at,
        events=tally.steps,
        cycles=engine.cycles,
        decisions=tally.digest.count,
        digest=tally.digest.value(),
        refusals=tally.refused(),
        orders=tally.orders.total(),
        rejected=dict(tally.rejected),
        fills=tally.fills.total(),
        traded_usd=tally.traded,
        fees_usd=marks.fees,
        settled=dict(tally.settled),
        equity_usd=marks.equity,
        realised_usd=marks.realised,
        open_usd=marks.open,
        drawdown_worst=marks.drawdown,
        alarms=tally.alarms,
        first_alarms=tally.first_alarms,
        collected=collected or {},
        troubles=troubles or {},
        strategies=[
            _strategy_summary(
                rules.strategy, tally, rules.funnel, engine.state.own[name].marks()
            )
            for name, rules in engine.rules.items()
        ],
        assumptions=list(assumptions),
        optimism=optimism,
        held=_held(engine.state),
        journal=journal,
    )


def _held(state: State) -> list[HeldSummary]:
    """Return what every strategy holds, at its mark."""
    found = []
    for strategy, ledger in state.own.items():
        for token, position in ledger.portfolio.positions.items():
            market = state.markets[position.market].market
            mark = state.worth(market.id, token)
            value = position.shares * mark
            held = HeldSummary(
                strategy=strategy,
                market=market.id,
                slug=market.slug,
                question=market.question,
                token=token,
                outcome="YES" if is_yes(market, token) else "NO",
                shares=position.shares,
                cost_usd=position.cost,
                mark=mark,
                value_usd=value,
                open_usd=value - position.cost,
            )
            found.append(held)
    return found


def _strategy_summary(
    strategy: Strategy, tally: Tally, funnel: Funnel, marks: Marks
) -> StrategySummary:
    """Return one strategy's part of the summary."""
    name = strategy.id
    decided = tally.decisions[name]
    return StrategySummary(
        id=name,
        version=strategy.version,
        digest=strategy.digest,
        params={p.name: p.value for p in strategy.params},
        decisions=decided,
        markets=tally.markets(name),
        refusals={
            check: n for (who, check), n in tally.refusals.items() if who == name
        },
        orders=tally.orders[name],
        fills=tally.fills[name],
        realised_usd=marks.realised,
        open_usd=marks.open,
        silent_because=[] if decided else why_silent(strategy, funnel),
        no_orders_because="" if tally.orders[name] else why_no_orders(name, tally),
    )
