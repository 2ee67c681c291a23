"""An order while it works. In its token's terms and in YES terms, side by side."""

from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.accounts import ceil_cost
from polyrules.venues.simulated.exchange.words import NewOrder, OpenOrder


class Working:
    """An order the exchange took, until it is filled or ended, and after.

    Attributes:
        bid: Whether it is a bid in YES terms: it buys YES or sells NO.
        limit: Its limit in YES terms [micro-usd/share].
        left: Shares still wanted or offered.
        spend: Cash still to spend, for FOK and FAK buys; None for all others.
        locked: What lies behind it: cash of a buy, shares of a sell.
        paid: Usd that went over for `matched`, before fees.
        status: LIVE, MATCHED, DELAYED, CANCELED…, as the venue says it.
    """

    __slots__ = (
        "bid",
        "created",
        "id",
        "left",
        "limit",
        "locked",
        "market",
        "matched",
        "new",
        "paid",
        "spend",
        "status",
        "trades",
    )

    def __init__(
        self, new: NewOrder, name: str, market: str, now: int, yes: str
    ) -> None:
        of_yes = new.token == yes
        self.new = new
        self.id = name
        self.market = market
        self.created = now
        self.bid = of_yes is (new.side is Side.BUY)
        self.limit = new.price if of_yes else ONE - new.price
        self.left = new.size
        self.spend = new.spend
        self.matched = 0
        self.paid = 0
        self.locked = 0
        self.status = "LIVE"
        self.trades: tuple[str, ...] = ()

    def need(self) -> int:
        """Return what must lie behind it: cash of a buy, shares of a sell."""
        if self.new.side is Side.SELL:
            return self.left
        if self.spend is not None:
            return self.spend
        return ceil_cost(self.new.price, self.left)

    def shown(self) -> OpenOrder:
        """Return it as its owner may see it."""
        new = self.new
        return OpenOrder(
            id=self.id,
            owner=new.owner,
            market=self.market,
            token=new.token,
            side=new.side,
            price=new.price,
            size=new.size,
            matched=self.matched,
            status=self.status,
            time_in_force=new.time_in_force,
            expiration=new.expiration,
            created=self.created,
            trades=self.trades,
        )
