"""The money of one scope, the whole desk's or one strategy's, as limits look at it.

A ledger is a portfolio with a memory: what it was worth when the day and the week
began, its peak, and the worst fall from it.
"""

from collections.abc import Mapping
from decimal import Decimal

from polyrules.domain.ids import TokenId
from polyrules.domain.moments import day_of, week_of
from polyrules.domain.money import ZERO, Usd
from polyrules.domain.portfolio import Portfolio
from polyrules.domain.steps import Marks


class Ledger:
    """A portfolio, its worth over time, and its losses since they were last reset."""

    def __init__(self, cash: Usd) -> None:
        self.portfolio = Portfolio(cash)
        self.equity: Decimal = cash
        self.drawdown_worst = ZERO
        self._peak: Decimal = cash
        self._day = self._week = -1
        self._day_equity: Decimal = cash
        self._week_equity: Decimal = cash

    def mark(self, now: int, prices: Mapping[TokenId, Decimal]) -> None:
        """Value the positions at `prices` [usd/share] as of `now`.

        The first marking of a UTC day, and of a week from Monday, is where its loss is
        counted from.
        """
        self.equity = self.portfolio.equity(prices)
        day, week = day_of(now), week_of(now)
        if day != self._day:
            self._day, self._day_equity = day, self.equity
        if week != self._week:
            self._week, self._week_equity = week, self.equity
        self._peak = max(self._peak, self.equity)
        self.drawdown_worst = max(self.drawdown_worst, self.drawdown)

    @property
    def day_loss(self) -> Decimal:
        """What was lost since the UTC day began [usd], realised and open; 0 or more."""
        return max(ZERO, self._day_equity - self.equity)

    @property
    def week_loss(self) -> Decimal:
        """What was lost since Monday 0:00 UTC [usd], realised and open; 0 or more."""
        return max(ZERO, self._week_equity - self.equity)

    @property
    def drawdown(self) -> Decimal:
        """The fall from the highest equity so far, as a share of it, in [0, 1]."""
        if self._peak <= 0:
            return ZERO
        return (self._peak - self.equity) / self._peak

    def marks(self) -> Marks:
        """Return where the ledger stands as of the last marking."""
        cost = sum((p.cost for p in self.portfolio.positions.values()), ZERO)
        return Marks(
            equity=self.equity,
            realised=self.portfolio.realised,
            open=self.equity - self.portfolio.cash - cost,
            fees=self.portfolio.fees,
            drawdown=self.drawdown_worst,
        )
