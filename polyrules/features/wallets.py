"""Wallet trades: who traded what lately, one row for each wallet, market and token.

Only the newest trade of a wallet in a token is kept, so a sale replaces the purchase
before it. A trade is as old as the venue says: some replay half an hour of them, and
those must not look new. Nothing here counts as a trade of the market; the same trade is
told of as TradePrinted, too.
"""

import math
from collections.abc import Iterator
from heapq import nsmallest
from itertools import takewhile

import msgspec
import numpy as np

from polyrules.domain.events import WalletTraded
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import ONE, Side
from polyrules.features.columns import Floats, Rows
from polyrules.features.entities import SIDES, TOKENS
from polyrules.features.table import Table

KEPT = 50_000  # trades held at most

_Key = tuple[MarketId, TokenId, str]  # the wallet in lower case


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """The newest trade of a wallet in a token.

    Attributes:
        row: The market's row in the table.
        of_yes: Whether the token is the market's YES.
        traded: When it was made, by the venue if it says so [microseconds UTC].
        at_once: The venue's numbers of all trades of that moment.
    """

    row: int
    of_yes: bool
    traded: int
    trade: WalletTraded
    at_once: frozenset[str] = frozenset()


_Told = tuple[_Key, Last]


class WalletRows(msgspec.Struct, frozen=True, kw_only=True):
    """Recent trades of wallets, one a row, by market, token and wallet.

    Attributes:
        markets: Rows of the markets in the table, shape (n,).
        columns: The features of `t`, e.g. "t.price", shape (n,) each.
        wallets: Whose trade each row is, in lower case.
        cut: How many rows were left out to keep to the limit.
    """

    markets: Rows
    columns: dict[str, Floats]
    wallets: list[str]
    cut: int = 0


class Recent:
    """The newest trade of each wallet in each token, the latest told last.

    Attributes:
        dropped: Trades that had to go as more than `kept` were held.
        unknown: Trades of markets, or of tokens, that nobody described.
        lost: Whether trades go by untold for now: then there are no rows.
    """

    def __init__(self, table: Table, kept: int = KEPT) -> None:
        self.dropped = 0
        self.unknown = 0
        self.lost = False
        self._table = table
        self._kept = kept
        self._last: dict[_Key, Last] = {}

    def add(self, row: int, trade: WalletTraded, *, of_yes: bool) -> bool:
        """Take in a trade that was just told of; tell whether it was news."""
        key = (trade.market, trade.token, trade.wallet.lower())
        traded = trade.at if trade.venue_at is None else min(trade.venue_at, trade.at)
        before = self._last.get(key)
        if before is not None and traded < before.traded:
            return False  # an old trade, told again or late
        at_once = before.at_once if before and before.traded == traded else frozenset()
        again = bool(trade.transaction) and trade.transaction in at_once
        self._last.pop(key, None)  # so that it goes to the end
        self._last[key] = Last(
            row=row,
            of_yes=of_yes,
            traded=traded,
            trade=trade,
            at_once=at_once | {trade.transaction},
        )
        if len(self._last) > self._kept:
            del self._last[next(iter(self._last))]
            self.dropped += 1
        return not again

    def rows(
        self,
        now: int,
        within: int,
        wallets: frozenset[str] | None = None,
        limit: int | None = None,
    ) -> WalletRows:
        """Return the trades of the last while.

        Args:
            now: Microseconds UTC; the table's books must be as of now.
            within: How old a trade may be [microseconds].
            wallets: Whose trades, in upper or lower case; None: everyone's.
            limit: Rows at most; the newest trades stay. None: all.

        Returns:
            A row for each wallet, market and token, ordered by market, token and
            wallet.
        """
        watched = None if wallets is None else {wallet.lower() for wallet in wallets}
        found = [
            (key, last)
            for key, last in (() if self.lost else self._told_since(now - within))
            if last.traded >= now - within and (watched is None or key[2] in watched)
        ]
        kept = sorted(_newest(found, limit))
        return WalletRows(
            markets=np.array([last.row for _, last in kept], dtype=np.intp),
            columns=self._columns([last for _, last in kept], now),
            wallets=[key[2] for key, _ in kept],
            cut=len(found) - len(kept),
        )

    def _told_since(self, moment: int) -> Iterator[_Told]:
        """Yield what was told at `moment` or later, the latest first."""
        # A trade is never told before it is made: all further ones are older.
        latest = reversed(self._last.items())
        return takewhile(lambda each: each[1].trade.at >= moment, latest)

    def _columns(self, lasts: list[Last], now: int) -> dict[str, Floats]:
        trades = [last.trade for last in lasts]
        rows = np.array([last.row for last in lasts], dtype=np.intp)
        of_yes = np.array([last.of_yes for last in lasts], dtype=np.bool_)

        def read(of_token: str, of_no: str) -> Floats:
            yes = self._table.read(of_token, rows, now)
            return np.where(of_yes, yes, self._table.read(of_no, rows, now))

        return {
            "t.price": _floats([trade.price / ONE for trade in trades]),
            "t.size": _floats([trade.size / ONE for trade in trades]),
            "t.notional": _floats([t.price * t.size / ONE / ONE for t in trades]),
            "t.age": _floats([(now - last.traded) / ONE for last in lasts]),
            "t.side": _floats([_SIDE[trade.side] for trade in trades]),
            "t.token": np.where(
                of_yes, TOKENS.index("yes_token"), TOKENS.index("no_token")
            ).astype(np.float64),
            "t.ask_now": read("best_ask", "no_best_ask"),
            "t.bid_now": read("best_bid", "no_best_bid"),
            "t.wallet_win_rate": _floats([_told(trade.win_rate) for trade in trades]),
            "t.wallet_trades_30d": _floats(
                [_told(trade.trades_30d) for trade in trades]
            ),
        }


_SIDE = {Side.BUY: SIDES.index("buy"), Side.SELL: SIDES.index("sell")}


def _newest(found: list[_Told], limit: int | None) -> list[_Told]:
    if limit is None or len(found) <= limit:
        return found
    return nsmallest(limit, found, key=lambda each: (-each[1].traded, each[0]))


def _floats(numbers: list[float] | list[int]) -> Floats:
    return np.array(numbers, dtype=np.float64)


def _told(number: float | None) -> float:
    return math.nan if number is None else float(number)
