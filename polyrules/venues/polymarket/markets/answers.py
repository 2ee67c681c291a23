"""Which answer a listing names for good, and which it only seems to name.

Pure: what Gamma or the CLOB says of one market comes in, what its tokens pay comes out.
"""

from decimal import Decimal

from polyrules.venues.polymarket.gamma import (
    GammaMarket,
    RestMarket,
    both,
    tokens_of,
    words,
)
from polyrules.venues.polymarket.wire import decimal

# How far the oracle is (venue sheet 4.3); a disputed answer may still change.
UNSETTLED = ("requested", "proposed", "disputed", "challenged", "active")
SETTLED = ("resolved", "settled")
HALF = Decimal("0.5")
WHOLE = ([Decimal(1), Decimal(0)], [Decimal(0), Decimal(1)])


def payouts(wire: GammaMarket) -> dict[str, Decimal]:
    """Return what each token pays for good, nothing while that is open.

    Half and half is also how an untouched market stands: it counts only once the venue
    calls the question resolved. Nothing counts while an answer can be disputed.

    Raises:
        UnexpectedReply: A value cannot be read.
    """
    status = said_status(wire)
    if not wire.closed or status in UNSETTLED:
        return {}
    tokens = tokens_of(wire)
    prices = [decimal(price) for price in words(wire.outcome_prices)]
    both(tokens, "token ids")
    even = prices == [HALF, HALF] and status in SETTLED
    if even or prices in WHOLE:
        return {
            token: price
            for token, price in zip(tokens, prices, strict=True)
            if price is not None
        }
    return {}


def said_status(wire: GammaMarket) -> str:
    """Return how far the answer is: the oracle's word, else the second protocol's."""
    return (wire.uma_resolution_status or wire.resolution_status or "").lower()


def rest_payouts(wire: RestMarket) -> dict[str, Decimal]:
    """Return what each token pays by the CLOB's word, nothing while that is open.

    Raises:
        UnexpectedReply: There are not two tokens.
    """
    tokens = [token.token_id for token in wire.tokens]
    both(tokens, "tokens")
    winners = [token.winner is True for token in wire.tokens]
    if not wire.closed or all(winners):
        return {}
    if any(winners):
        return dict(zip(tokens, map(Decimal, map(int, winners)), strict=True))
    return dict.fromkeys(tokens, HALF) if wire.is_50_50_outcome else {}
