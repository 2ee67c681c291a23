"""What a strategy did lately: orders an hour, rounds taken, losses in a row, follows.

Limits and rules ask for these; nothing here is money.
"""

from collections import Counter, deque
from decimal import Decimal

import msgspec

from polyrules.domain.events import Filled, WalletTraded
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.moments import HOUR
from polyrules.domain.money import ZERO, Side


class Record:
    """The record of one strategy.

    Attributes:
        entries: Buys that filled, wholly or in part, by market.
        losses: Positions in a row that closed with a loss.
        lost_at: When the last of them closed [microseconds UTC].
    """

    def __init__(self) -> None:
        self.entries: Counter[MarketId] = Counter()
        self.losses = 0
        self.lost_at = 0
        self._placed: deque[int] = deque()
        self._gains: dict[TokenId, Decimal] = {}

    def placed(self, now: int) -> None:
        """Note an order that leaves now."""
        self._placed.append(now)
        self.orders_in_hour(now)  # forgets what is older, whether or not anybody asks

    def orders_in_hour(self, now: int) -> int:
        """Return how many orders left in the last hour."""
        while self._placed and self._placed[0] <= now - HOUR:
            self._placed.popleft()
        return len(self._placed)

    def filled(self, fill: Filled, *, first: bool, gain: Decimal) -> None:
        """Note a fill; `first` of its order, `gain` is what it realised [usd]."""
        if fill.side is Side.BUY and first:
            self.entries[fill.market] += 1
        self.gained(fill.token, gain)

    def gained(self, token: TokenId, gain: Decimal) -> None:
        """Note what a position realised [usd], fees included."""
        self._gains[token] = self._gains.get(token, ZERO) + gain

    def left(self, token: TokenId, now: int) -> None:
        """Note that a position is closed: a loss follows others, a win ends the row."""
        if self._gains.pop(token, ZERO) < 0:
            self.losses, self.lost_at = self.losses + 1, now
        else:
            self.losses = 0

    def rests(self, now: int, most: int, rest: int) -> bool:
        """Tell whether so many losses in a row still ask for a rest.

        Args:
            now: Microseconds UTC.
            most: Losses in a row.
            rest: How long to rest after the last of them [microseconds].
        """
        if self.losses < most:
            return False
        if now - self.lost_at < rest:
            return True
        self.losses = 0
        return False


class Followed(msgspec.Struct, kw_only=True):
    """A wallet that a position follows: what it bought then, what it sold since."""

    bought: int  # micro-shares
    sold: int = 0


class Follows:
    """Whose trades the positions of strategies follow."""

    def __init__(self) -> None:
        self._by: dict[tuple[StrategyId, TokenId], dict[str, Followed]] = {}

    def begin(
        self, strategy: StrategyId, token: TokenId, wallet: str, bought: int
    ) -> None:
        """Note that a strategy follows a wallet, which bought so many micro-shares."""
        wallets = self._by.setdefault((strategy, token), {})
        wallets.setdefault(wallet.lower(), Followed(bought=bought))

    def end(self, strategy: StrategyId, token: TokenId) -> None:
        """Note that a strategy holds nothing of a token any more."""
        self._by.pop((strategy, token), None)

    def see(self, trade: WalletTraded) -> None:
        """Count what a followed wallet sells."""
        if trade.side is not Side.SELL:
            return
        for (_, token), wallets in self._by.items():
            followed = wallets.get(trade.wallet.lower())
            if token == trade.token and followed is not None:
                followed.sold += trade.size

    def sold_share(self, strategy: StrategyId, token: TokenId) -> float | None:
        """Return the largest share that a followed wallet sold of what it bought.

        None where the position follows nobody.
        """
        wallets = self._by.get((strategy, token))
        if not wallets:
            return None
        shares = (each.sold / each.bought for each in wallets.values() if each.bought)
        return max(shares, default=None)
