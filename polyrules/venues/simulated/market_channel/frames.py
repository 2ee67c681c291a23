"""The frames of the market channel, as text (venue sheet 3.2). Numbers are strings."""

from functools import lru_cache
from typing import Any

import msgspec

from polyrules.domain.market import Levels, mirror
from polyrules.domain.money import ONE, from_micros
from polyrules.venues.simulated.book_hash import book_hash
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    BookShown,
    LevelMove,
    LevelsMoved,
    Listed,
    MarketAdded,
    Resolved,
    TickMoved,
    Traded,
)


@lru_cache(maxsize=65_536)
def words(micros: int) -> str:
    """Return micro-units as the venue writes them: "0.51", "150"."""
    return f"{from_micros(micros):f}"


def book_frame(
    exchange: Exchange, token: str, at: int, shown: BookShown | None = None
) -> str:
    """Return the whole book of a token, as it stands or as `shown`; best price last."""
    pit = exchange.pit(token)
    assert pit is not None, "only listed tokens are told of"
    listed = pit.listed
    if shown is None:
        bids, asks = exchange.book(token)
    elif token == listed.yes:
        bids, asks = shown.bids, shown.asks
    else:
        bids, asks = mirror(shown.asks), mirror(shown.bids)
    return _text(
        {
            "event_type": "book",
            "market": listed.id,
            "asset_id": token,
            "timestamp": _ms(at),
            "hash": book_hash(token, bids, asks),
            "bids": _levels(bids),
            "asks": _levels(asks),
            "min_order_size": words(pit.size_min),
            "tick_size": words(pit.tick),
            "neg_risk": listed.neg_risk,
            "last_trade_price": last_price(exchange, token),
        }
    )


def last_price(exchange: Exchange, token: str) -> str:
    """Return what a token was last traded at, in its own terms; "" if never."""
    pit = exchange.pit(token)
    if pit is None or pit.last is None:
        return ""
    traded, _, price = pit.last
    return words(price if traded == token else ONE - price)


def change_frame(message: LevelsMoved, hashes: dict[str, str] | None = None) -> str:
    """Return changes of levels, of both tokens."""
    changes = [
        {
            "asset_id": move.token,
            "price": words(move.price),
            "size": words(move.size),
            "side": move.side.value,
            "hash": (hashes or {}).get(move.token, ""),
            "best_bid": words(move.best_bid),
            "best_ask": words(move.best_ask),
        }
        for move in message.changes
    ]
    return _text(
        {
            "event_type": "price_change",
            "market": message.market,
            "timestamp": _ms(message.at),
            "price_changes": changes,
        }
    )


def best_frames(market: str, move: LevelMove, at: int) -> str:
    """Return the best prices of a token after a change."""
    return _text(
        {
            "event_type": "best_bid_ask",
            "market": market,
            "asset_id": move.token,
            "best_bid": words(move.best_bid),
            "best_ask": words(move.best_ask),
            "spread": words(move.best_ask - move.best_bid),
            "timestamp": _ms(at),
        }
    )


def trade_frame(trade: Traded) -> str:
    """Return a trade, in its taker's terms."""
    return _text(
        {
            "event_type": "last_trade_price",
            "market": trade.market,
            "asset_id": trade.token,
            "price": words(trade.price),
            "size": words(trade.size),
            "side": trade.side.value,
            "fee_rate_bps": "0",
            "transaction_hash": trade.transaction,
            "timestamp": _ms(trade.at),
        }
    )


def tick_frames(listed: Listed, moved: TickMoved) -> list[tuple[str, str]]:
    """Return a change of the tick, for each token."""
    return [
        (
            token,
            _text(
                {
                    "event_type": "tick_size_change",
                    "market": listed.id,
                    "asset_id": token,
                    "old_tick_size": f"{moved.before.normalize():f}",
                    "new_tick_size": f"{moved.after.normalize():f}",
                    "timestamp": _ms(moved.at),
                }
            ),
        )
        for token in (listed.yes, listed.no)
    ]


def new_market_frame(added: MarketAdded) -> str:
    """Return the news of a market that was just listed."""
    listed = added.listed
    tokens = [listed.yes, listed.no]
    return _text(
        {
            "event_type": "new_market",
            "id": listed.gamma_id,
            "market": listed.id,
            "condition_id": listed.id,
            "question": listed.question,
            "slug": listed.slug,
            "description": "",
            "assets_ids": tokens,
            "clob_token_ids": tokens,
            "outcomes": list(listed.outcomes),
            "event_message": {
                "id": listed.group or "",
                "ticker": listed.group_slug or "",
                "slug": listed.group_slug or "",
                "title": listed.question,
                "description": "",
            },
            "tags": list(listed.tags),
            "active": True,
            "sports_market_type": "",
            "line": "",
            "game_start_time": "",
            "order_price_min_tick_size": f"{listed.tick:f}",
            "group_item_title": "",
            "taker_base_fee": "0",
            "fees_enabled": bool(listed.fee_rate),
            "fee_schedule": {},
            "timestamp": _ms(added.at),
        }
    )


def resolved_frame(listed: Listed, resolved: Resolved) -> str:
    """Return the answer; of one by halves neither token wins."""
    labels = dict(zip((listed.yes, listed.no), listed.outcomes, strict=True))
    return _text(
        {
            "event_type": "market_resolved",
            "id": listed.gamma_id,
            "market": listed.id,
            "assets_ids": [listed.yes, listed.no],
            "winning_asset_id": resolved.winner or "",
            "winning_outcome": labels.get(resolved.winner or "", ""),
            "timestamp": _ms(resolved.at),
            "tags": list(listed.tags),
        }
    )


def _levels(levels: Levels) -> list[dict[str, str]]:
    return [{"price": words(p), "size": words(s)} for p, s in reversed(levels)]


def _ms(at: int) -> str:
    return str(at // 1000)


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
