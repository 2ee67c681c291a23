"""What we own and what it earned: a fold over fills and settlements.

It knows no market, no price and no order: nothing is valued here but at the marks it
is given. Amounts are exact; the same fills give the same portfolio, to the last digit.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from polyrules.domain.events import Filled, Settled
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import day_of
from polyrules.domain.money import MICRO, ZERO, Side, Usd
from polyrules.errors import InvariantError


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of one token, and what they cost [usd] without fees.

    `opened_at` [microseconds UTC] is when the first of them was bought; selling some
    leaves it.
    """

    market: MarketId
    token: TokenId
    shares: Decimal
    cost: Decimal
    opened_at: int


class Portfolio:
    """Cash, positions and profit of some fills.

    At every moment `cash` plus the cost of all positions is the initial cash plus
    `realised`.

    Attributes:
        cash: Dollars not in a position, after fees.
        positions: What is held, by token, in the order of opening; none is empty.
        realised: Profit of what was sold or settled, less all fees so far [usd].
        fees: All fees so far [usd].
    """

    def __init__(self, cash: Usd) -> None:
        self.cash: Decimal = cash
        self.positions: dict[TokenId, Position] = {}
        self.realised = ZERO
        self.fees = ZERO
        self._bought: dict[int, Decimal] = {}

    def apply(self, event: Filled | Settled) -> None:
        """Take in a fill or a settlement.

        Raises:
            InvariantError: It takes away more shares than are held.
        """
        if isinstance(event, Settled):
            self._take(event, event.size, event.payout * event.size)
            return
        self._charge(event.fee)
        worth = event.price * event.size
        if event.side is Side.BUY:
            self._add(event, worth)
        else:
            self._take(event, event.size, worth)

    def volume_on(self, day: int) -> Decimal:
        """Return what was bought on a UTC day, without fees [usd].

        Args:
            day: Whole days since 1970-01-01, as `moments.day_of` counts them.
        """
        return self._bought.get(day, ZERO)

    def equity(self, marks: Mapping[TokenId, Decimal]) -> Decimal:
        """Return cash and positions [usd], each share at its token's mark [usd/share].

        A token without a mark counts as nothing.
        """
        worth = self.cash
        for token, position in self.positions.items():
            worth += position.shares * marks.get(token, ZERO)
        return worth

    def _charge(self, fee: Decimal) -> None:
        self.cash -= fee
        self.realised -= fee
        self.fees += fee

    def _add(self, fill: Filled, worth: Decimal) -> None:
        held = self.positions.get(fill.token)
        self.positions[fill.token] = Position(
            market=fill.market,
            token=fill.token,
            shares=fill.size + (held.shares if held else ZERO),
            cost=worth + (held.cost if held else ZERO),
            opened_at=held.opened_at if held else fill.at,
        )
        self.cash -= worth
        day = day_of(fill.at)
        self._bought[day] = self._bought.get(day, ZERO) + worth

    def _take(self, event: Filled | Settled, size: Decimal, worth: Decimal) -> None:
        held = self.positions.get(event.token)
        if held is None or held.shares < size:
            found = held.shares if held else ZERO
            raise InvariantError(
                f"{size} shares of {event.token} cannot leave a portfolio of {found}"
            )
        if size == held.shares:
            basis = held.cost
            del self.positions[event.token]
        else:
            # A micro-dollar is the smallest coin: rounding the part that leaves keeps
            # every later sum exact, and the rest of the cost stays with the rest.
            share = (held.cost * size / held.shares).quantize(MICRO, ROUND_HALF_EVEN)
            basis = min(share, held.cost)
            self.positions[event.token] = msgspec.structs.replace(
                held, shares=held.shares - size, cost=held.cost - basis
            )
        self.cash += worth
        self.realised += worth - basis
