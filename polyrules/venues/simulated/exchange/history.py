"""What the exchange remembers: the open orders of all, all orders of watched owners.

A world's traders place millions of orders; only owners somebody asks for (those with
an API key) are watched. Of the others an order is forgotten when it ends, of the
watched when many newer ones have.
"""

from typing import TypeVar

from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.settlement import TradeRecord

ENDED_MAX = 20_000  # orders of all watched owners
TRADES_MAX = 10_000  # of each of them
NAMED_MAX = 100_000  # ids that cannot be taken again
T = TypeVar("T")


class History:
    """Orders by id and owner, and the trades of watched owners.

    Attributes:
        watched: Owners whose ended orders and trades are kept, and told.
        trades: Trades of watched owners by owner, oldest first; the newest of many.
    """

    def __init__(self) -> None:
        self.watched: set[str] = set()
        self.trades: dict[str, list[TradeRecord]] = {}
        self._open: dict[str, Working] = {}
        self._of: dict[str, dict[str, Working]] = {}
        self._ended: dict[str, Working] = {}
        self._named: dict[str, None] = {}

    def opened(self, order: Working) -> None:
        """Remember an order that now works."""
        self._open[order.id] = order
        owned = self._of.get(order.new.owner)
        if owned is None:
            owned = self._of[order.new.owner] = {}
        owned[order.id] = order

    def ended(self, order: Working) -> None:
        """Forget an order, or keep it as an ended one if its owner is watched."""
        if self._open.pop(order.id, None) is not None:
            del self._of[order.new.owner][order.id]
        if order.new.owner in self.watched:
            self._ended[order.id] = order
            _drop_oldest(self._ended, ENDED_MAX)

    def named(self, order_id: str) -> bool:
        """Tell whether an order with this id of its own was taken before."""
        return order_id in self._named

    def name(self, order_id: str) -> None:
        """Take an order's own id: it cannot be taken again."""
        self._named[order_id] = None
        _drop_oldest(self._named, NAMED_MAX)

    def find(self, order_id: str) -> Working | None:
        """Return an order that works or is remembered."""
        return self._open.get(order_id) or self._ended.get(order_id)

    def works(self, order_id: str) -> Working | None:
        """Return an order if it works still."""
        return self._open.get(order_id)

    def open_of(self, owner: str) -> list[Working]:
        """Return the orders of an owner that work, oldest first."""
        return list(self._of.get(owner, {}).values())

    def trades_of(self, owner: str, names: tuple[str, ...]) -> list[TradeRecord]:
        """Return those of a watched owner's trades that are named."""
        known = self.trades.get(owner, [])[-len(names) :] if names else []
        return [record for record in known if record.trade.id in names]

    def traded(self, record: TradeRecord) -> None:
        """Keep a trade for those of its owners who are watched."""
        trade = record.trade
        owners = {trade.taker, *(maker.owner for maker in trade.makers)}
        for owner in owners & self.watched:
            record.told = True
            trades = self.trades.setdefault(owner, [])
            trades.append(record)
            if len(trades) > TRADES_MAX:
                del trades[: TRADES_MAX // 10]


def _drop_oldest(kept: dict[str, T], most: int) -> None:
    """Drop the oldest of more than `most`."""
    if len(kept) > most:
        del kept[next(iter(kept))]
