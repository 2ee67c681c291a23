"""Makes trades of what an order meets, and leads them to the chain, or not.

MATCHED, then MINED and CONFIRMED; a trade with another fate is RETRYING first, then
MINED late or FAILED and undone. Every step is told for trades of watched owners, of
others only that they failed.
"""

import hashlib
import random
from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import attrgetter

from polyrules.domain.money import ONE
from polyrules.venues.simulated.exchange.accounts import Accounts
from polyrules.venues.simulated.exchange.agenda import Agenda
from polyrules.venues.simulated.exchange.history import History
from polyrules.venues.simulated.exchange.matching import Match, cost
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.settlement import (
    TradeRecord,
    deliver,
    exchange_hands,
    reverse,
)
from polyrules.venues.simulated.exchange.words import (
    Fate,
    MakerFill,
    Message,
    OrderMoved,
    Timing,
    Traded,
    TradeMoved,
    TradeStatus,
)


def confirmed(_: Traded) -> Fate:
    """Let every trade reach the chain."""
    return Fate.CONFIRMED


def drawn(
    rng: random.Random, *, failed: float, retried: float = 0.0
) -> Callable[[Traded], Fate]:
    """Return a fate by lot: these shares of all trades fail or are retried [0 to 1]."""

    def fate(_: Traded) -> Fate:
        lot = rng.random()
        if lot < failed:
            return Fate.FAILED
        return Fate.RETRIED if lot < failed + retried else Fate.CONFIRMED

    return fate


class Trades:
    """All trades of an exchange.

    Attributes:
        timing: How long a trade takes to the chain.
        fate: Decides for each trade whether it reaches the chain.
        count: Trades made so far.
    """

    def __init__(
        self,
        timing: Timing,
        accounts: Accounts,
        history: History,
        agenda: Agenda,
        messages: list[Message],
    ) -> None:
        self.timing = timing
        self.fate: Callable[[Traded], Fate] = confirmed
        self.count = 0
        self._accounts = accounts
        self._history = history
        self._agenda = agenda
        self._messages = messages
        self._transactions = 0

    def fill(
        self, pit: Pit, taker: Working, matches: list[Match], now: int
    ) -> list[Traded]:
        """Carry out what was planned: one trade for each price, all in one transaction.

        The makers' orders become smaller or go; the taker's is not in the book.
        """
        self._transactions += 1
        number = str(self._transactions).encode()
        transaction = "0x" + hashlib.blake2b(number, digest_size=32).hexdigest()
        made: list[Traded] = []
        for _, group in groupby(matches, key=attrgetter("price")):
            together = list(group)
            trade = self._trade(pit, taker, together, transaction, now)
            self._settle(pit, taker, together, trade)
            made.append(trade)
        return made

    def _trade(
        self, pit: Pit, taker: Working, matches: list[Match], transaction: str, now: int
    ) -> Traded:
        self.count += 1
        new, price = taker.new, matches[0].price
        own = price if new.token == pit.listed.yes else ONE - price
        return Traded(
            id=f"{self.count:08x}-0000-4000-8000-{self.count:012x}",
            market=pit.listed.id,
            token=new.token,
            side=new.side,
            price=own,
            size=sum(match.size for match in matches),
            fee=sum(match.fee for match in matches),
            taker=new.owner,
            taker_order_id=taker.id,
            makers=tuple(_maker(pit, match) for match in matches),
            transaction=transaction,
            at=now,
        )

    def _settle(
        self, pit: Pit, taker: Working, matches: list[Match], trade: Traded
    ) -> None:
        """Move what the trade moves, and tell it."""
        record = TradeRecord(pit, trade, self.fate(trade))
        exchange_hands(record, self._accounts, taker, matches)
        pit.last = (trade.token, trade.side, trade.price)
        self._history.traded(record)
        self._messages.append(trade)
        self._note(taker, trade)
        taker.left -= trade.size
        taker.matched += trade.size
        worth = sum(cost(taker, match) for match in matches)
        taker.paid += worth
        if taker.spend is not None:
            taker.spend -= worth
        for match in matches:
            self._fill_maker(pit, match, trade)
        self._say(record, TradeStatus.MATCHED, trade.at)
        self._plan(record)

    def _fill_maker(self, pit: Pit, match: Match, trade: Traded) -> None:
        maker = match.maker
        pit.side(bid=maker.bid).reduce(maker, match.size)
        maker.matched += match.size
        maker.paid += cost(maker, match)
        self._note(maker, trade)
        if not maker.left:
            maker.status = "MATCHED"
            self._history.ended(maker)
        if maker.new.owner in self._history.watched:
            moved = OrderMoved(order=maker.shown(), kind="UPDATE", at=trade.at)
            self._messages.append(moved)

    def _note(self, order: Working, trade: Traded) -> None:
        if order.new.owner in self._history.watched:
            order.trades = (*order.trades, trade.id)

    def _plan(self, record: TradeRecord) -> None:
        """Put on the agenda what becomes of the trade."""
        timing, at, add = self.timing, record.trade.at, self._agenda.add
        if record.fate is Fate.CONFIRMED:
            if timing.mined:
                add(at + timing.mined, partial(self._mine, record))
            else:
                self._mine(record, at)
            if record.told:
                add(at + timing.confirmed, partial(self._confirm, record))
            return
        add(at + timing.mined, partial(self._retry, record))
        if record.fate is Fate.FAILED:
            add(at + timing.failed, partial(self._fail, record))
            return
        add(at + timing.mined + timing.retried, partial(self._mine, record))
        add(at + timing.confirmed + timing.retried, partial(self._confirm, record))

    def _mine(self, record: TradeRecord, at: int) -> None:
        deliver(record)
        self._say(record, TradeStatus.MINED, at)

    def _confirm(self, record: TradeRecord, at: int) -> None:
        self._say(record, TradeStatus.CONFIRMED, at)

    def _retry(self, record: TradeRecord, at: int) -> None:
        self._say(record, TradeStatus.RETRYING, at)

    def _fail(self, record: TradeRecord, at: int) -> None:
        reverse(record, self._accounts)
        self._say(record, TradeStatus.FAILED, at)

    def _say(self, record: TradeRecord, status: TradeStatus, at: int) -> None:
        record.status = status
        record.updated = at
        # that a trade never was is told of strangers too: the Data API must know
        if record.told or status is TradeStatus.FAILED:
            moved = TradeMoved(trade=record.trade, status=status, at=at)
            self._messages.append(moved)


def _maker(pit: Pit, match: Match) -> MakerFill:
    new = match.maker.new
    return MakerFill(
        order_id=match.maker.id,
        owner=new.owner,
        token=new.token,
        side=new.side,
        price=match.price if new.token == pit.listed.yes else ONE - match.price,
        size=match.size,
    )
