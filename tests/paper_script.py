"""A scripted feed for the paper exchange, and its answers as short texts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from polyrules.domain.events import (
    Event,
    Filled,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import ClientOrderId, MarketId, StrategyId, TokenId
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import (
    CancelOrder,
    Command,
    Order,
    PlaceOrder,
    TimeInForce,
)
from polyrules.venues.paper import Paper
from tests.builders import (
    book,
    listed,
)


class Script:
    """A feed that says what it was told to."""

    def __init__(self, happened: Sequence[Event]) -> None:
        self._happened = happened

    async def events(self) -> AsyncIterator[Event]:
        for event in self._happened:
            yield event


def order(
    name: str = "a",
    side: Side = Side.BUY,
    price: str = "0.50",
    size: str = "10",
    *,
    token: str = "m:yes",
    kind: TimeInForce = TimeInForce.GTC,
    post_only: bool = False,
    market_id: str = "m",
) -> PlaceOrder:
    return PlaceOrder(
        Order(
            client_order_id=ClientOrderId(name),
            strategy=StrategyId("s"),
            rule="r",
            market=MarketId(market_id),
            token=TokenId(token),
            side=side,
            price=Price(Decimal(price)),
            size=Shares(Decimal(size)),
            time_in_force=kind,
            post_only=post_only,
        )
    )


def cancel(name: str = "a", reason: str = "ttl") -> CancelOrder:
    return CancelOrder(ClientOrderId(name), reason)


def played(
    happened: Sequence[Event],
    commands: dict[int, tuple[Command, ...]],
    *,
    cash: str = "1000",
    refill: bool = False,
    book_age_max: int | None = None,
) -> list[Event]:
    """Return all that Paper says, less the feed, when commands follow its events.

    `commands` maps the index of an event of the feed to what is submitted after it.
    """
    paper = Paper(
        Script(happened),
        cash=Usd(Decimal(cash)),
        refill=refill,
        book_age_max=book_age_max,
    )

    async def go() -> list[Event]:
        said: list[Event] = []
        index = -1
        async for event in paper.events():
            if index + 1 < len(happened) and event is happened[index + 1]:
                index += 1
                for command in commands.get(index, ()):
                    await paper.submit(command)
            else:
                said.append(event)
        return said

    return asyncio.run(go())


def brief(said: Sequence[Event]) -> list[str]:
    """Return events as short texts: `a ACCEPTED`, `a 10 @ 0.5 taker`."""
    return [_brief(event) for event in said]


def _brief(event: Event) -> str:
    match event:
        case OrderReported(client_order_id=name, report=report):
            return f"{name} {report.value}"
        case Filled() as fill:
            role = "maker" if fill.maker else "taker"
            return f"{fill.client_order_id} {fill.size} @ {fill.price} {role}"
        case Settled() as paid:
            return f"{paid.token} {paid.size} pays {paid.payout}"
        case _:
            return type(event).__name__


def reasons(said: Sequence[Event]) -> list[str]:
    return [event.reason for event in said if isinstance(event, OrderReported)]


BOOK = book(0, bids=(("0.48", "100"),), asks=(("0.50", "100"), ("0.51", "30")))
OPEN = (listed(), BOOK)
HELD = (order("held", size="20"),)  # bought from BOOK: 80 are left at 0.50
