"""Small builders. A test names only what it is about; the rest is ordinary."""

from decimal import Decimal

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    LevelChange,
    LevelsChanged,
    MarketListed,
    MarketResolved,
    TradePrinted,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Levels, Listing, Market
from polyrules.domain.money import Shares, Side

SECOND = 1_000_000
HOUR = 3_600 * SECOND
NOON = 1_767_268_800 * SECOND  # 2026-01-01 12:00 UTC, a Thursday


def at(seconds: float) -> int:
    """Return a moment some seconds after noon [microseconds UTC]."""
    return NOON + round(seconds * SECOND)


def market(
    name: str = "m",
    *,
    tick: str = "0.01",
    fee_rate: str | None = "0",
    size_min: str = "5",
    hours: float | None = 24,
    group: str | None = None,
    category: str | None = None,
) -> Market:
    """Return an ordinary market that ends `hours` after noon."""
    return Market(
        id=MarketId(name),
        yes=TokenId(f"{name}:yes"),
        no=TokenId(f"{name}:no"),
        tick=Decimal(tick),
        size_min=Shares(Decimal(size_min)),
        fee_rate=None if fee_rate is None else Decimal(fee_rate),
        end=None if hours is None else NOON + round(hours * HOUR),
        group=None if group is None else GroupId(group),
        category=category,
    )


def listed(
    name: str = "m",
    seconds: float = 0,
    *,
    listing: Listing | None = None,
    facts: Market | None = None,
) -> MarketListed:
    """Return the first listing of a market that takes orders."""
    return MarketListed(
        at=at(seconds),
        market=facts or market(name),
        listing=listing or Listing(accepting_orders=True),
    )


def levels(*pairs: tuple[str, str]) -> Levels:
    """Return levels from ("price", "shares") texts."""
    return tuple((round(float(p) * 1e6), round(float(s) * 1e6)) for p, s in pairs)


def book(
    seconds: float = 0,
    bids: tuple[tuple[str, str], ...] = (("0.48", "100"),),
    asks: tuple[tuple[str, str], ...] = (("0.50", "100"),),
    *,
    name: str = "m",
    token: str = "yes",
) -> BookChanged:
    """Return a book of one token, best price first."""
    return BookChanged(
        at=at(seconds),
        market=MarketId(name),
        token=TokenId(f"{name}:{token}"),
        bids=levels(*bids),
        asks=levels(*asks),
    )


def level(
    seconds: float,
    side: Side,
    price: str,
    size: str,
    *,
    name: str = "m",
    token: str = "yes",
) -> LevelsChanged:
    """Return the change of one level."""
    ((micros, shares),) = levels((price, size))
    change = LevelChange(TokenId(f"{name}:{token}"), side, micros, shares)
    return LevelsChanged(at=at(seconds), market=MarketId(name), changes=(change,))


def trade(
    seconds: float,
    side: Side,
    price: str,
    size: str,
    *,
    name: str = "m",
    token: str = "yes",
) -> TradePrinted:
    """Return a public trade."""
    ((micros, shares),) = levels((price, size))
    return TradePrinted(
        at=at(seconds),
        market=MarketId(name),
        token=TokenId(f"{name}:{token}"),
        side=side,
        price=micros,
        size=shares,
    )


def tick(seconds: float) -> ClockTicked:
    """Return a tick of the clock."""
    return ClockTicked(at=at(seconds))


def resolved(seconds: float, payout: str = "1", *, name: str = "m") -> MarketResolved:
    """Return the resolution of a market; `payout` is what a YES share pays."""
    return MarketResolved(
        at=at(seconds), market=MarketId(name), payout_yes=Decimal(payout)
    )
