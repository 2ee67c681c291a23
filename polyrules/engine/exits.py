"""When to leave a position: a strategy's exits, and the desk's hard stop.

Stop and take look at the best price we could sell at, against average cost. An exit
that is UNKNOWN holds the position and raises an alarm; the hard stop stands behind it.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from polyrules.domain.ids import StrategyId, TokenId
from polyrules.domain.money import ONE, Shares, Side, limit_price, snap
from polyrules.domain.orders import TimeInForce
from polyrules.domain.portfolio import Position
from polyrules.domain.steps import Decision, Value
from polyrules.engine.policy import Wish
from polyrules.engine.reading import Columns, Reading
from polyrules.engine.state import MarketState, State
from polyrules.language.evaluators.compile import Plan
from polyrules.language.strategy import Exit, Strategy, Urgency

HARD_STOP = "hard_stop"


class Held(NamedTuple):
    """A position of a strategy that is free to be sold.

    `bid` is the best price paid for its token [usd/share]: None if there is none, or
    if the book is crossed or stale.
    """

    position: Position
    known: MarketState
    free: Decimal
    bid: float | None

    @property
    def average(self) -> float:
        """Average cost [usd/share]."""
        return float(self.position.cost / self.position.shares)


class Exits:
    """The exits of one strategy; remembers only which alarms it has raised."""

    def __init__(self, strategy: Strategy, plan: Plan) -> None:
        self._strategy = strategy
        self._plan = plan
        asks = any(rule.when is not None for rule in strategy.exits)
        self._reads = plan.reads if asks else frozenset[str]()
        self._alarmed: set[tuple[str, TokenId]] = set()

    def decide(self, reading: Reading) -> tuple[list[Wish], list[str]]:
        """Ask every exit of every position, in the order of the file.

        Returns:
            At most one wish a position, and an alarm for each exit that has become
            UNKNOWN.
        """
        wishes: list[Wish] = []
        alarms: list[str] = []
        if not self._strategy.exits:
            return wishes, alarms
        for item in positions(self._strategy.id, reading.state):
            rows = np.array([item.known.row])
            columns = reading.columns(self._reads, rows)
            for index, rule in enumerate(self._strategy.exits):
                leaves = self._leaves(index, rule, item, reading.state.now, columns)
                alarms.extend(self._alarm(rule, item, unknown=leaves is None))
                if leaves:
                    values = self._read_by(rule, reading, columns)
                    wishes.extend(leave(self._strategy.id, rule, item, values))
                    break
        return wishes, alarms

    def _leaves(
        self, index: int, rule: Exit, item: Held, now: int, columns: Columns
    ) -> bool | None:
        """Tell whether an exit asks to leave; None where it cannot know."""
        if rule.when is not None:
            true, unknown = self._plan.exit(index, columns, 1)
            return None if unknown[0] else bool(true[0])
        if rule.max_hold is not None:
            return bool(now - item.position.opened_at >= rule.max_hold)
        if item.bid is None:
            return None
        gain = snap(item.bid - item.average)
        if rule.stop_loss is not None:
            return gain <= -rule.stop_loss
        assert rule.take_profit is not None, "the schema asks for one condition"
        return gain >= rule.take_profit

    def _alarm(self, rule: Exit, item: Held, *, unknown: bool) -> Iterator[str]:
        key = (rule.id, item.position.token)
        if not unknown:
            self._alarmed.discard(key)
        elif key not in self._alarmed:
            self._alarmed.add(key)
            yield (
                f"{self._strategy.id}/{rule.id}: UNKNOWN on {item.position.market}, "
                "holding; the desk's hard stop still stands"
            )

    def _read_by(
        self, rule: Exit, reading: Reading, columns: Columns
    ) -> dict[str, Value]:
        if rule.when is None:
            return {}
        return reading.values(rule.when.reads, columns, 1)[0]


def hard_stops(strategy: StrategyId, state: State, stop: Decimal) -> Iterator[Wish]:
    """Yield a wish to leave every position that fell by `stop` below its cost.

    Args:
        strategy: Whose positions.
        state: Markets and positions.
        stop: Fall of the best price to sell at [usd/share]; 1 or more never happens.
    """
    if stop >= 1:
        return
    rule = Exit(id=HARD_STOP)
    for item in positions(strategy, state):
        if item.bid is not None and snap(item.average - item.bid) >= float(stop):
            yield from leave(strategy, rule, item, {})


def positions(strategy: StrategyId, state: State) -> Iterator[Held]:
    """Yield what a strategy holds and does not already sell."""
    for token, position in state.own[strategy].portfolio.positions.items():
        free = state.sellable(strategy, token)
        if free <= 0:
            continue
        known = state.markets[position.market]
        bid = known.bid(token)
        stale = state.table.is_stale(known.row, state.now)
        usable = None if bid is None or stale else bid / ONE
        yield Held(position=position, known=known, free=free, bid=usable)


def leave(
    strategy: StrategyId, rule: Exit, item: Held, values: dict[str, Value]
) -> Iterator[Wish]:
    """Yield the wish to sell all that is free of a position; none without a bid."""
    if item.bid is None:
        return
    market = item.known.market
    try:
        price = limit_price(item.bid, market.tick, Side.SELL)
    except ValueError:
        return
    force = TimeInForce.FAK if rule.urgency is Urgency.HIGH else TimeInForce.GTC
    decision = Decision(
        strategy=strategy,
        rule=rule.id,
        market=market.id,
        token=item.position.token,
        side=Side.SELL,
        price=price,
        size=Shares(item.free),
        values={**values, "average_cost": item.average, "best_price_to_sell": item.bid},
        reason=f"{rule.id}: {item.bid:.4f} against a cost of {item.average:.4f}",
        time_in_force=force,
        post_only=rule.urgency is Urgency.LOW,
        reduces=True,
    )
    yield Wish(decision=decision, group=market.group or "")
