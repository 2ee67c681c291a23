"""Rules that fired, to wishes: prices on the market's ticks, sizes, messages.

A wish has the price an order can have; one that no order can have is no wish. How much
may be had of it is for others to say.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from polyrules.domain.market import Market
from polyrules.domain.money import ZERO, Price, Shares, Side, limit_price, shares_of
from polyrules.domain.orders import TimeInForce
from polyrules.domain.steps import Decision, Value
from polyrules.engine.asking.policy import Wish
from polyrules.engine.rows.rowset import RowSet
from polyrules.engine.state import MarketState, State
from polyrules.features.entities import TOKENS
from polyrules.language.actions import (
    Basket,
    Leg,
    Piece,
    Token,
    Trade,
    Urgency,
)
from polyrules.language.strategy import Rule, Stated, Strategy

Numbers = dict[str, float]


class Fired(NamedTuple):
    """A rule that fired on one row: what it states there, and what it read."""

    rule: Rule
    priority: int
    row: int  # of `rows`
    rows: RowSet
    numbers: Numbers
    values: dict[str, Value]

    def market(self, state: State, alias: str) -> MarketState:
        """Return the market the row calls by an alias."""
        return state.by_row[int(self.rows.markets[alias][self.row])]

    def number(self, name: str) -> float | None:
        """Return a stated number, None if it is missing or not stated."""
        number = self.numbers.get(name)
        return None if number is None or math.isnan(number) else number


def trade(strategy: Strategy, fired: Fired, state: State) -> Wish | None:
    """Return the wish of a trade; None where no order can express it.

    A sell wishes what is free of the position, or the size it states if that is less.
    """
    action = fired.rule.then
    assert isinstance(action, Trade), "asked for trades only"
    known = fired.market(state, action.market)
    of_yes = _is_yes(action.token, fired)
    price = on_tick(fired.number("price"), known.market, action.side)
    if price is None or of_yes is None:
        return None
    size = _size(strategy, action, fired, price)
    if size is None:
        return None
    high = action.urgency is Urgency.HIGH
    decision = Decision(
        strategy=strategy.id,
        rule=fired.rule.id,
        market=known.market.id,
        token=known.market.yes if of_yes else known.market.no,
        side=action.side,
        price=price,
        size=size,
        values=fired.values,
        fair=fired.number("fair"),
        edge=fired.number("edge"),
        confidence=fired.number("confidence"),
        reason=message(action.reason, fired.values),
        time_in_force=TimeInForce.FAK if high else TimeInForce.GTC,
        post_only=action.urgency is Urgency.LOW,
        ttl=action.ttl or None,
        reduces=action.side is Side.SELL,
    )
    return Wish(
        decisions=(decision,),
        priority=fired.priority,
        cooldown=action.cooldown,
        group=known.market.group or "",
        follows=_followed(fired),
    )


def basket(strategy: Strategy, fired: Fired, state: State) -> Wish | None:
    """Return the wish of a basket: a decision for each leg, all of one size."""
    action = fired.rule.then
    assert isinstance(action, Basket), "asked for baskets only"
    shares = fired.number("shares")
    legs = list(_legs(action, fired, state))
    if shares is None or shares_of(shares) <= 0 or None in legs:
        return None
    decisions = tuple(
        Decision(
            strategy=strategy.id,
            rule=fired.rule.id,
            market=leg.market.id,
            token=leg.market.yes if leg.of_yes else leg.market.no,
            side=leg.side,
            price=leg.price,
            size=shares_of(shares),
            values=fired.values,
            edge=fired.number("edge"),
            confidence=fired.number("confidence"),
            reason=message(action.reason, fired.values),
            time_in_force=TimeInForce.FOK,
            reduces=leg.side is Side.SELL,
            legs=len(legs),
        )
        for leg in legs
        if leg is not None
    )
    return Wish(
        decisions=decisions,
        priority=fired.priority,
        cooldown=action.cooldown,
        group=state.markets[decisions[0].market].market.group or "",
    )


class _Leg(NamedTuple):
    market: Market
    of_yes: bool
    side: Side
    price: Price


def _legs(action: Basket, fired: Fired, state: State) -> Iterator[_Leg | None]:
    if isinstance(action.legs, tuple):
        for index, leg in enumerate(action.legs):
            yield _named_leg(leg, fired.number(f"price_{index}"), fired, state)
        return
    members = [state.by_row[row] for row in fired.rows.involved(fired.row)]
    if len(members) == 1:  # both tokens of one market
        yield _at_ask(members[0], state, of_yes=True)
        yield _at_ask(members[0], state, of_yes=False)
        return
    for known in members:
        yield _at_ask(known, state, of_yes=action.legs == "all_yes")


def _named_leg(
    leg: Leg, wanted: float | None, fired: Fired, state: State
) -> _Leg | None:
    market = fired.market(state, leg.market).market
    price = on_tick(wanted, market, leg.side)
    if price is None:
        return None
    return _Leg(market, leg.token == "yes", leg.side, price)


def _at_ask(known: MarketState, state: State, *, of_yes: bool) -> _Leg | None:
    if state.table.is_stale(known.row, state.now):
        return None  # what it showed once is no offer
    token = known.market.yes if of_yes else known.market.no
    ask = known.ask(token)
    price = on_tick(None if ask is None else ask / 1e6, known.market, Side.BUY)
    return None if price is None else _Leg(known.market, of_yes, Side.BUY, price)


def on_tick(wanted: float | None, market: Market, side: Side) -> Price | None:
    """Return the price an order can have on the safe side of the one wanted."""
    if wanted is None:
        return None
    try:
        return limit_price(wanted, market.tick, side)
    except ValueError:
        return None


def message(pieces: Iterable[Piece], values: dict[str, Value]) -> str:
    """Return a message with the values in their places; a missing one is a `?`."""
    return "".join(
        _formatted(values.get(piece.name), piece.format) if piece.name else piece.text
        for piece in pieces
    )


def _formatted(value: Value, spec: str) -> str:
    if value is None:
        return "?"
    return format(value, spec) if isinstance(value, float) else str(value)


def _is_yes(token: Token, fired: Fired) -> bool | None:
    if token != "row":
        return token == "yes"
    code = float(fired.rows.own["t.token"][fired.row])
    return None if math.isnan(code) else TOKENS[int(code)] == "yes_token"


def _size(
    strategy: Strategy, action: Trade, fired: Fired, price: Price
) -> Shares | None:
    """Return the shares a trade states; 0 where sizing is to say, None for no order."""
    if action.size is None:
        return Shares(ZERO)
    told = fired.number("size")
    if told is None or told <= 0:
        return None
    usd = action.size.type.unit == "usd"
    shares = told / float(price) if usd else told
    if isinstance(strategy.sizing, Stated) and strategy.sizing.cap is not None:
        shares = min(shares, strategy.sizing.cap / float(price))
    # 0 would ask sizing, or sell all there is.
    return shares_of(shares) or None


def _followed(fired: Fired) -> tuple[tuple[str, int], ...]:
    if not fired.rows.wallets:
        return ()
    bought = float(fired.rows.own["t.size"][fired.row])
    return ((fired.rows.wallets[fired.row], round(bought * 1e6)),)
