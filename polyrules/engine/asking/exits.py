"""When to leave a position: a strategy's exits, and the desk's hard stop.

Stop and take look at the best price we could sell at, against average cost. An exit
that is UNKNOWN holds the position and raises an alarm; the hard stop stands behind it.
Who must leave (urgency high, the hard stop) takes what the book holds, and a sell of
ours that rests in the way is cancelled first.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from polyrules.domain.ids import StrategyId, TokenId
from polyrules.domain.market import Levels, Market, mirror
from polyrules.domain.money import (
    ONE,
    Price,
    Shares,
    Side,
    limit_price,
    snap,
    to_micros,
)
from polyrules.domain.orders import CancelOrder, TimeInForce
from polyrules.domain.portfolio import Position
from polyrules.domain.steps import Decision, Value
from polyrules.engine.asking.policy import Asked, Wish
from polyrules.engine.rows.reading import Columns, Reading
from polyrules.engine.rows.rowset import Rows, RowSet, alone
from polyrules.engine.state import MarketState, State
from polyrules.language.actions import Urgency
from polyrules.language.evaluators.compile import Plan
from polyrules.language.strategy import Exit, Strategy

HARD_STOP = "hard_stop"
FIRST = 1_000_000  # the hard stop's priority, above any a file may give
BEFORE_RULES = 800_000  # an exit's: what a rule sells never keeps it from leaving


class Held(NamedTuple):
    """A position of a strategy.

    `free` shares are not offered for sale yet. `bid` is the best price paid for the
    token [usd/share]: None if there is none, or if the book is crossed or stale.
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

    def decide(
        self, reading: Reading, rows: RowSet, only: Rows | None = None
    ) -> list[Asked]:
        """Ask every exit of every position, in the order of the file.

        Args:
            reading: The moment.
            rows: All rows of the strategy, open or not in its universe.
            only: Markets whose positions are asked about, by row, and with them those
                of the other markets in their rows; None: all.

        Returns:
            At most one wish a position, and an alarm for each exit that has come to be
            UNKNOWN or without a buyer.
        """
        if not self._strategy.exits:
            return []
        held = list(positions(self._strategy.id, reading.state))
        tokens = {item.position.token for item in held}
        self._alarmed = {key for key in self._alarmed if key[1] in tokens}
        found: list[Asked] = []
        markets = np.array([item.known.row for item in held], dtype=np.intp)
        for item in held:
            if only is None or self._speaks_of(item, rows, only):
                about = self._rows(item, rows, markets)
                found += self._ask(item, reading, about)
        return found

    def _speaks_of(self, item: Held, rows: RowSet, only: Rows) -> bool:
        """Tell whether some markets, or the rows they are in, are a position's too.

        What was bought as one is left as one: one leg alone is another bet.
        """
        row = item.known.row
        if row in only or len(self._strategy.rows.domain.markets) == 1:
            return row in only
        return rows.touching(only).touching(np.array([row])).count > 0

    def _rows(self, item: Held, rows: RowSet, held: Rows) -> RowSet:
        """Return the rows in which a position is looked at.

        Of one market: its own row, whether it still is in the universe or not. Of more:
        the rows that speak of it, where every other market they speak of is held too.
        """
        row = np.array([item.known.row])
        domain = self._strategy.rows.domain
        if len(domain.markets) == 1:
            return alone(self._strategy, row)
        about = rows.touching(row)
        if len(domain.markets) > 1:
            whole = [np.isin(each, held) for each in about.markets.values()]
            about = about.take(np.logical_and.reduce(whole))
        return about

    def _ask(self, item: Held, reading: Reading, rows: RowSet) -> Iterator[Asked]:
        columns = reading.columns(self._reads, rows)
        for index, rule in enumerate(self._strategy.exits):
            where = 0  # the row of which the reason is told
            if rule.when is not None:
                leaves, where = self._is_true(index, columns, rows.count)
            else:
                leaves = self._leaves(rule, item, reading.state)
            if leaves is None:
                missing = reading.missing(rule.when, columns)
                yield self._alarm(rule, item, f"UNKNOWN{missing}")
            elif leaves and item.bid is None:
                yield self._alarm(rule, item, "wants to leave and nobody buys")
                return
            else:
                self._alarmed.discard((rule.id, item.position.token))
            if leaves:
                values: dict[str, Value] = {}
                if rule.when is not None:
                    told = reading.values(rule.when.reads, columns, rows.count)
                    values = told[where]
                yield leave(self._strategy.id, rule, item, reading.state, values)
                return

    def _is_true(
        self, index: int, columns: Columns, count: int
    ) -> tuple[bool | None, int]:
        """Tell whether a condition holds in some row, None if unknown, and in which."""
        true, unknown = self._plan.exit(index, columns, count)
        if true.any():
            return True, int(np.argmax(true))
        return (None if unknown.any() else False), 0

    def _leaves(self, rule: Exit, item: Held, state: State) -> bool | None:
        """Tell whether an exit without a condition asks to leave."""
        if rule.max_hold is not None:
            return bool(state.now - item.position.opened_at >= rule.max_hold)
        if rule.wallet_sells is not None:
            token = item.position.token
            sold = state.follows.sold_share(self._strategy.id, token)
            return sold is not None and sold >= rule.wallet_sells
        if item.bid is None:
            return None
        gain = snap(item.bid - item.average)
        if rule.stop_loss is not None:
            return gain <= -rule.stop_loss
        assert rule.take_profit is not None, "the schema asks for one condition"
        return gain >= rule.take_profit

    def _alarm(self, rule: Exit, item: Held, what: str) -> Asked:
        key = (rule.id, item.position.token)
        if key in self._alarmed:
            return Asked()
        self._alarmed.add(key)
        alarm = (
            f"{self._strategy.id}/{rule.id}: {what} on {item.position.market}, "
            "holding; the desk's hard stop still stands"
        )
        return Asked(alarms=(alarm,))


def hard_stops(strategy: StrategyId, state: State, stop: Decimal) -> Iterator[Asked]:
    """Yield what leaves every position that fell by `stop` below its cost.

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
            yield leave(strategy, rule, item, state, {}, priority=FIRST)


def positions(strategy: StrategyId, state: State) -> Iterator[Held]:
    """Yield what a strategy holds."""
    for token, position in state.own[strategy].portfolio.positions.items():
        known = state.markets[position.market]
        bid = known.bid(token)
        stale = state.table.is_stale(known.row, state.now)
        yield Held(
            position=position,
            known=known,
            free=state.sellable(strategy, token),
            bid=None if bid is None or stale else bid / ONE,
        )


def leave(
    strategy: StrategyId,
    rule: Exit,
    item: Held,
    state: State,
    values: dict[str, Value],
    *,
    priority: int = BEFORE_RULES,
) -> Asked:
    """Return the wish to sell all that is free, and cancels of sells in its way.

    Only who must leave cancels; the shares are free once the venue has answered, and
    the exit asks again.
    """
    must = rule.urgency is Urgency.HIGH
    cancels = tuple(_resting_sells(strategy, item, state)) if must else ()
    if item.bid is None or item.free <= 0:
        return Asked(cancels=cancels)
    market = item.known.market
    decision = Decision(
        strategy=strategy,
        rule=rule.id,
        market=market.id,
        token=item.position.token,
        side=Side.SELL,
        price=_price(rule.urgency, item),
        size=Shares(item.free),
        values={**values, "average_cost": item.average, "best_price_to_sell": item.bid},
        reason=f"{rule.id}: {item.bid:.4f} against a cost of {item.average:.4f}",
        time_in_force=TimeInForce.FAK if must else TimeInForce.GTC,
        post_only=rule.urgency is Urgency.LOW,
        reduces=True,
    )
    wish = Wish(decisions=(decision,), priority=priority, group=market.group or "")
    return Asked(wishes=(wish,), cancels=cancels)


def _resting_sells(
    strategy: StrategyId, item: Held, state: State
) -> Iterator[CancelOrder]:
    for live in state.open_orders(item.position.market, strategy):
        order = live.order
        is_sell = order.side is Side.SELL and order.token == item.position.token
        # What was sent to take is answered before the next event anyway.
        if is_sell and order.time_in_force is TimeInForce.GTC and not live.cancelling:
            yield CancelOrder(order.client_order_id, "an exit must leave")


def _price(urgency: Urgency, item: Held) -> Price:
    """Return what a sell asks: deep enough to be filled, at the touch, or above it."""
    market, bid = item.known.market, item.bid
    assert bid is not None, "without a bid nothing is sold"
    match urgency:
        case Urgency.HIGH:
            return _on_tick(_depth(item) / ONE, market)
        case Urgency.NORMAL:
            return _on_tick(bid, market)
        case Urgency.LOW:
            return _on_tick(bid + float(market.tick), market)


def _depth(item: Held) -> int:
    """Return the price of the level down to which the book takes all that is free."""
    wanted = to_micros(item.free)
    price = 0
    for price, size in _bids(item):  # noqa: B007 - the last price is the answer
        wanted -= size
        if wanted <= 0:
            break
    return price


def _bids(item: Held) -> Levels:
    book = item.known.book
    if item.position.token == item.known.market.yes:
        return tuple(book.bids())
    return mirror(tuple(book.asks()))


def _on_tick(wanted: float, market: Market) -> Price:
    """Return a price the book accepts, at or below the one wanted.

    Rounded towards the market: an exit would rather take a tick less than stay.
    """
    lowest, highest = market.tick, 1 - market.tick
    try:
        return limit_price(wanted, market.tick, Side.BUY)
    except ValueError:
        return Price(lowest if wanted < float(lowest) else highest)
