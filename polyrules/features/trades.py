"""Trade features: what was traded in the last hour, written into the market's row.

Everything is kept and summed in integer micro-units, so a sum never depends on the
order in which trades came or left.
"""

import math
from collections import deque
from collections.abc import Iterable

import msgspec

from polyrules.domain.moments import HOUR
from polyrules.domain.money import ONE
from polyrules.features.books import Cells
from polyrules.features.feature import WHALE_USD

COUNTS = (
    "trade_count_1h",
    "buy_count_1h",
    "sell_count_1h",
    "volume_1h",
    "buy_volume_1h",
    "sell_volume_1h",
    "whale_count_1h",
    "whale_volume_1h",
    "whale_net_flow_1h",
)
COLUMNS = (*COUNTS, "vwap_1h", "volatility_1h")


class Print(msgspec.Struct, frozen=True):
    """One trade in YES terms: `price` and `size` in micro-units, `usd` as paid.

    `lifts` is true where the taker bought YES or sold NO.
    """

    at: int
    price: int
    size: int
    usd: int
    lifts: bool

    @property
    def whale(self) -> bool:
        """True where this one trade is worth `WHALE_USD` or more."""
        return self.usd >= WHALE_USD * ONE


class LastHour:
    """The trades of one market in the hour before now, oldest first."""

    __slots__ = ("_changed", "_prints")

    def __init__(self) -> None:
        self._prints: deque[Print] = deque()
        self._changed = False

    def add(self, trade: Print) -> None:
        """Take in a trade that has just happened."""
        self._prints.append(trade)
        self._changed = True

    def tell(self, trades: Iterable[Print]) -> None:
        """Take in trades that happened before some that are known."""
        self._prints = deque(sorted([*trades, *self._prints], key=lambda t: t.at))
        self._changed = True

    def forget(self) -> None:
        """Begin anew: what was known is no longer all there was."""
        self._prints.clear()
        self._changed = True

    def refresh(self, cells: Cells, row: int, now: int) -> None:
        """Drop what is an hour old and write `COLUMNS` if anything changed."""
        while self._prints and self._prints[0].at <= now - HOUR:
            self._prints.popleft()
            self._changed = True
        if self._changed:
            self._write(cells, row)
            self._changed = False

    def _write(self, cells: Cells, row: int) -> None:
        buys = [trade for trade in self._prints if trade.lifts]
        count, lifted = len(self._prints), len(buys)
        volume = sum(trade.usd for trade in self._prints)
        bought = sum(trade.usd for trade in buys)
        cells["trade_count_1h"][row] = float(count)
        cells["buy_count_1h"][row] = float(lifted)
        cells["sell_count_1h"][row] = float(count - lifted)
        cells["volume_1h"][row] = volume / ONE
        cells["buy_volume_1h"][row] = bought / ONE
        cells["sell_volume_1h"][row] = (volume - bought) / ONE
        self._write_whales(cells, row)
        cells["vwap_1h"][row] = self._vwap()
        cells["volatility_1h"][row] = self._volatility()

    def _write_whales(self, cells: Cells, row: int) -> None:
        whales = [trade for trade in self._prints if trade.whale]
        volume = sum(trade.usd for trade in whales)
        bought = sum(trade.usd for trade in whales if trade.lifts)
        cells["whale_count_1h"][row] = float(len(whales))
        cells["whale_volume_1h"][row] = volume / ONE
        cells["whale_net_flow_1h"][row] = (2 * bought - volume) / ONE

    def _vwap(self) -> float:
        size = sum(trade.size for trade in self._prints)
        paid = sum(trade.price * trade.size for trade in self._prints)
        return paid / size / ONE if size else math.nan

    def _volatility(self) -> float:
        count = len(self._prints)
        if count < 2:  # noqa: PLR2004 - one price has no deviation
            return math.nan
        total = sum(trade.price for trade in self._prints)
        squares = sum(trade.price**2 for trade in self._prints)
        # Integers until the root: no cancellation however close the prices are.
        return math.sqrt(count * squares - total * total) / count / ONE
