"""How an Event lies in a row of a tape, and comes back from it unchanged.

The hot kinds have typed columns, prices and sizes as integer micro-units; the rest is
its own JSON in `body`. What a kind does not have is null, never NaN. `group` is there
for the reader with a query at hand; it is not read back.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import polars as pl

from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    TradePrinted,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.money import Side

LEVELS = pl.List(pl.Int64)
SCHEMA: dict[str, pl.DataType] = {
    "seq": pl.Int64(),
    "at": pl.Int64(),
    "venue_at": pl.Int64(),
    "kind": pl.String(),
    "market": pl.String(),
    "token": pl.String(),
    "group": pl.String(),
    "bid_px": LEVELS,
    "bid_sz": LEVELS,
    "ask_px": LEVELS,
    "ask_sz": LEVELS,
    "change_token": pl.List(pl.String()),
    "change_side": pl.List(pl.String()),
    "change_px": LEVELS,
    "change_sz": LEVELS,
    "side": pl.String(),
    "price": pl.Int64(),
    "size": pl.Int64(),
    "transaction": pl.String(),
    "body": pl.String(),
}
COLUMNS = tuple(SCHEMA)

# Among events of one instant: first the market, then its book and what stands beside
# it, its trades, its answer.
RANK = {
    "MarketListed": 0,
    "MarketChanged": 1,
    "TickChanged": 1,
    "BookChanged": 2,
    "LevelsChanged": 2,
    "SpotTicked": 2,
    "OddsChanged": 2,
    "GameChanged": 2,
    "TradePrinted": 3,
    "TradesTold": 3,
    "WalletTraded": 3,
    "MarketResolved": 4,
}
RANK_OF_THE_REST = 5

FEED_OF = {
    "BookChanged": "book",
    "LevelsChanged": "book",
    "TradePrinted": "trades",
    "TradesTold": "trades",
    "WalletTraded": "wallets",
    "SpotTicked": "rtds",
    "OddsChanged": "odds",
    "GameChanged": "game",
}

Row = dict[str, Any]
_BODY = msgspec.json.Decoder(Event)


def kind_of(event: Event) -> str:
    """Return the tag of `event`, e.g. "BookChanged"."""
    return type(event).__name__


def rank() -> pl.Expr:
    """Return the expression that orders rows of one instant by their `kind`."""
    return pl.col("kind").replace_strict(
        RANK, default=RANK_OF_THE_REST, return_dtype=pl.Int8
    )


def to_row(event: Event) -> Row:
    """Return the columns `event` fills; the rest are null. `seq` is the writer's."""
    row: Row = {"at": event.at, "venue_at": event.venue_at, "kind": kind_of(event)}
    match event:
        case BookChanged():
            row["market"], row["token"] = event.market, event.token
            row["bid_px"], row["bid_sz"] = _columns(event.bids)
            row["ask_px"], row["ask_sz"] = _columns(event.asks)
        case LevelsChanged():
            row["market"] = event.market
            row["change_token"] = [change.token for change in event.changes]
            row["change_side"] = [change.side.value for change in event.changes]
            row["change_px"] = [change.price for change in event.changes]
            row["change_sz"] = [change.size for change in event.changes]
        case TradePrinted():
            row["market"], row["token"] = event.market, event.token
            row["side"] = event.side.value
            row["price"], row["size"] = event.price, event.size
            row["transaction"] = event.transaction or None
        case _:
            row["market"] = market_of(event)
            row["group"] = group_of(event)
            row["body"] = msgspec.json.encode(event).decode()
    return row


def market_of(event: Event) -> MarketId | None:
    """Return the market `event` is about, or None."""
    if isinstance(event, MarketListed | MarketChanged):
        return event.market.id
    market: MarketId | None = getattr(event, "market", None)
    return market


def group_of(event: Event) -> GroupId | None:
    """Return the group of the market that `event` describes, or None."""
    if isinstance(event, MarketListed | MarketChanged):
        return event.market.group
    return None


def to_frame(events: Iterable[Event]) -> pl.DataFrame:
    """Return one row per event, in order, with every column but a null `seq`."""
    return pl.DataFrame([to_row(event) for event in events], schema=SCHEMA)


def to_events(frame: pl.DataFrame) -> Iterator[Event]:
    """Yield the events of `frame`, in the order of its rows.

    Raises:
        ValueError: A row is not what `to_row` writes.
    """
    streams = {kind: _of_kind(frame, kind) for kind in frame["kind"].unique()}
    for kind in frame["kind"].to_list():
        yield next(streams[kind])


def _of_kind(frame: pl.DataFrame, kind: str) -> Iterator[Event]:
    """Yield the events of one kind: column by column is faster than row by row."""
    build = _BUILD.get(kind)
    names = _NEEDS[kind] if build else ("body",)
    only = frame.lazy().filter(pl.col("kind") == kind).select(names).collect()
    columns = [only[name].to_list() for name in names]
    return map(build or _BODY.decode, *columns)


def _columns(levels: tuple[tuple[int, int], ...]) -> tuple[list[int], list[int]]:
    return [price for price, _ in levels], [size for _, size in levels]


def _book(  # noqa: PLR0917 - called by map, column by column
    at: int,
    venue_at: int | None,
    market: str,
    token: str,
    bid_px: list[int],
    bid_sz: list[int],
    ask_px: list[int],
    ask_sz: list[int],
) -> BookChanged:
    return BookChanged(
        at=at,
        venue_at=venue_at,
        market=MarketId(market),
        token=TokenId(token),
        bids=tuple(zip(bid_px, bid_sz, strict=True)),
        asks=tuple(zip(ask_px, ask_sz, strict=True)),
    )


def _levels(  # noqa: PLR0917 - called by map, column by column
    at: int,
    venue_at: int | None,
    market: str,
    tokens: list[str],
    sides: list[str],
    prices: list[int],
    sizes: list[int],
) -> LevelsChanged:
    changes = tuple(
        LevelChange(TokenId(token), Side(side), price, size)
        for token, side, price, size in zip(tokens, sides, prices, sizes, strict=True)
    )
    return LevelsChanged(
        at=at, venue_at=venue_at, market=MarketId(market), changes=changes
    )


def _trade(  # noqa: PLR0917 - called by map, column by column
    at: int,
    venue_at: int | None,
    market: str,
    token: str,
    side: str,
    price: int,
    size: int,
    transaction: str | None,
) -> TradePrinted:
    return TradePrinted(
        at=at,
        venue_at=venue_at,
        market=MarketId(market),
        token=TokenId(token),
        side=Side(side),
        price=price,
        size=size,
        transaction=transaction or "",
    )


_COMMON = ("at", "venue_at", "market")
_NEEDS = {
    "BookChanged": (*_COMMON, "token", "bid_px", "bid_sz", "ask_px", "ask_sz"),
    "LevelsChanged": (
        *_COMMON,
        "change_token",
        "change_side",
        "change_px",
        "change_sz",
    ),
    "TradePrinted": (*_COMMON, "token", "side", "price", "size", "transaction"),
}
TRADE = _NEEDS["TradePrinted"]  # all that a trade's row holds
_BUILD: dict[str, Callable[..., Event]] = {
    "BookChanged": _book,
    "LevelsChanged": _levels,
    "TradePrinted": _trade,
}
