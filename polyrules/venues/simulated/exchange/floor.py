"""How an order comes in, meets others, rests, and ends."""

from functools import partial

from polyrules.domain.moments import SECOND
from polyrules.domain.money import Side
from polyrules.venues.simulated.exchange import checks
from polyrules.venues.simulated.exchange.accounts import Accounts, Purse
from polyrules.venues.simulated.exchange.agenda import Agenda
from polyrules.venues.simulated.exchange.history import History
from polyrules.venues.simulated.exchange.matching import Plan, crosses, plan
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.trades import Trades
from polyrules.venues.simulated.exchange.words import (
    BookShown,
    LevelsMoved,
    Message,
    NewOrder,
    OrderMoved,
    Placed,
    Refused,
    TimeInForce,
    Traded,
)

GONE = "already canceled or matched"
UNKNOWN = "Order not found or already canceled"
HELD = "order match delayed due to market conditions"
_NOTHING = Plan([], whole=False)


class Floor:
    """Orders of all markets, those that rest and those that are held for a moment."""

    def __init__(
        self,
        accounts: Accounts,
        history: History,
        trades: Trades,
        agenda: Agenda,
        messages: list[Message],
    ) -> None:
        self._accounts = accounts
        self._history = history
        self._trades = trades
        self._agenda = agenda
        self._messages = messages
        self._held: dict[str, Working] = {}
        self._count = 0

    def place(self, pit: Pit, new: NewOrder, now: int) -> Placed | Refused:
        """Refuse an order, or take it, match it and let the rest rest if it may."""
        if new.id and self._history.named(new.id):
            return checks.invalid(new.id, "Duplicated.")
        refused = checks.by_shape(pit, new, now)
        if refused is not None:
            return refused
        order = self._working(pit, new, now)
        marketable = crosses(pit, bid=order.bid, limit=order.limit)
        planned = plan(pit, order) if marketable else _NOTHING
        held = marketable and pit.listed.delay > 0
        met = _NOTHING if held else planned  # nobody knows what it will meet later
        refused = checks.by_size(pit, new, marketable=marketable) or checks.by_balance(
            self._accounts[new.owner], order, met
        )
        if refused is not None:
            return refused
        refused = checks.by_plan(order, planned)
        if refused is not None:
            self._kill(order, refused, now)
            return refused
        if new.id:
            self._history.name(new.id)
        if held:
            return self._hold(pit, order, now)
        return self._enter(pit, order, planned, now, "PLACEMENT")

    def cancel(self, pit: Pit, order: Working, now: int) -> str | None:
        """End an order that works; None when done, else why not."""
        if order.id in self._held:
            return HELD
        self.end(pit, order, "CANCELED", now)
        return None

    def close(self, pit: Pit, now: int) -> None:
        """End all orders of a market that is resolved; its book is not shown again."""
        market = pit.listed.id
        held = [order for order in self._held.values() if order.market == market]
        for order in [*pit.resting(), *held]:
            self.end(pit, order, "CANCELED_MARKET_RESOLVED", now)

    def end(self, pit: Pit, order: Working, status: str, now: int) -> None:
        """Take an order away and give back what lay behind it."""
        if self._held.pop(order.id, None) is None:
            pit.side(bid=order.bid).remove(order)
            self._show(pit, [order.limit], now, bids=order.bid)
        self._unlock(order)
        self._drop(order, status, now)

    def _working(self, pit: Pit, new: NewOrder, now: int) -> Working:
        self._count += 1
        name = new.id or f"0x{self._count:064x}"
        return Working(new, name, pit.listed.id, now, pit.listed.yes)

    def _enter(
        self, pit: Pit, order: Working, planned: Plan, now: int, kind: str
    ) -> Placed:
        """Carry out the plan; then the order is done, dropped, or rests."""
        trades = self._fill(pit, order, planned, now) if planned.matches else []
        if order.new.time_in_force in checks.IMMEDIATE or not order.left:
            order.status = "MATCHED"
            self._history.ended(order)
            self._tell(order, kind, now)
        else:
            self._rest(pit, order, now, kind)
        return _placed(order, trades)

    def _fill(self, pit: Pit, order: Working, planned: Plan, now: int) -> list[Traded]:
        trades = self._trades.fill(pit, order, planned.matches, now)
        prices = list(dict.fromkeys(match.price for match in planned.matches))
        self._show(pit, prices, now, bids=not order.bid)
        bids, asks = pit.bids.shown(), pit.asks.shown()
        shown = BookShown(market=pit.listed.id, bids=bids, asks=asks, at=now)
        self._messages.append(shown)
        return trades

    def _rest(self, pit: Pit, order: Working, now: int, kind: str) -> None:
        self._lock(order)
        self._history.opened(order)
        pit.side(bid=order.bid).add(order)
        self._show(pit, [order.limit], now, bids=order.bid)
        self._tell(order, kind, now)
        if order.new.time_in_force is TimeInForce.GTD:
            ends = max(order.new.expiration - checks.GTD_SAFETY, now + SECOND)
            self._agenda.add(ends, partial(self._expire, pit, order))

    def _expire(self, pit: Pit, order: Working, at: int) -> None:
        if self._history.works(order.id) is not None:
            self.end(pit, order, "CANCELED_EXPIRED_ORDER", at)

    def _hold(self, pit: Pit, order: Working, now: int) -> Placed:
        """Keep a taker's order for the market's delay; it cannot be cancelled."""
        order.status = "DELAYED"
        self._lock(order)
        self._held[order.id] = order
        self._history.opened(order)
        self._tell(order, "PLACEMENT", now)
        self._agenda.add(now + pit.listed.delay, partial(self._release, pit, order))
        return Placed(order_id=order.id, status="delayed")

    def _release(self, pit: Pit, order: Working, at: int) -> None:
        """Match an order whose delay is over, at the book as it is by now."""
        if self._held.pop(order.id, None) is None:
            return
        self._unlock(order)
        order.status = "LIVE"
        planned = plan(pit, order)
        account = self._accounts[order.new.owner]
        if checks.by_balance(account, order, planned) is not None:
            self._drop(order, "CANCELED_NOT_ENOUGH_BALANCE", at)
        elif (refused := checks.by_plan(order, planned)) is not None:
            self._kill(order, refused, at)
        else:
            self._enter(pit, order, planned, at, "UPDATE")

    def _kill(self, order: Working, refused: Refused, at: int) -> None:
        """Tell the owner of a FOK or FAK order that it was killed."""
        if order.new.time_in_force in checks.IMMEDIATE:
            self._drop(order, f"CANCELED_{refused.message}", at)

    def _drop(self, order: Working, status: str, at: int) -> None:
        order.status = status
        self._history.ended(order)
        self._tell(order, "CANCELLATION", at)

    def _lock(self, order: Working) -> None:
        order.locked = order.need()
        self._purse(order).lock(order.locked)

    def _unlock(self, order: Working) -> None:
        self._purse(order).unlock(order.locked)
        order.locked = 0

    def _purse(self, order: Working) -> Purse:
        account = self._accounts[order.new.owner]
        buys = order.new.side is Side.BUY
        return account.cash if buys else account.of(order.new.token)

    def _show(self, pit: Pit, prices: list[int], now: int, *, bids: bool) -> None:
        changes = pit.moved(prices, bids=bids)
        moved = LevelsMoved(market=pit.listed.id, changes=changes, at=now)
        self._messages.append(moved)

    def _tell(self, order: Working, kind: str, now: int) -> None:
        if order.new.owner in self._history.watched:
            self._messages.append(OrderMoved(order=order.shown(), kind=kind, at=now))


def _placed(order: Working, trades: list[Traded]) -> Placed:
    shares = sum(trade.size for trade in trades)
    usd = order.paid
    making, taking = (usd, shares) if order.new.side is Side.BUY else (shares, usd)
    return Placed(
        order_id=order.id,
        status="matched" if trades else "live",
        making=making,
        taking=taking,
        trades=tuple(trade.id for trade in trades),
        transaction=trades[0].transaction if trades else "",
    )
