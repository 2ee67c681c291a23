"""What a rule may want when it fires: the `then` of a strategy file, checked.

An action says what is wanted, never how it is done: the engine keeps quotes where they
are wanted, sends the legs of a basket together, and asks the limits about each of them.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Literal

import msgspec

from polyrules.domain.money import Side
from polyrules.language.expression import Expression

Token = Literal["yes", "no", "row"]  # row: the token the row itself speaks of
# what a file calls them
TOKENS: Mapping[str, str] = {"yes": "yes_token", "no": "no_token", "row": "t.token"}


class Urgency(Enum):
    """How an order meets the book.

    Low rests post-only, normal is a limit order that may rest, high takes what is
    there and cancels the rest (FAK).
    """

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Piece(msgspec.Struct, frozen=True):
    """A piece of a message: literal text, or a name with its format, e.g. `.3f`."""

    text: str
    name: str = ""
    format: str = ""


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """Buy or sell a token at a price.

    `market` is the alias of the market in the row. `ttl` and `cooldown` are
    microseconds, 0 for none. `fair` and `edge` are prob, `confidence` a ratio; `size`
    is in shares or usd, None for what sizing says.
    """

    side: Side
    token: Token
    market: str = ""
    price: Expression
    fair: Expression | None = None
    edge: Expression | None = None
    confidence: Expression | None = None
    size: Expression | None = None
    urgency: Urgency = Urgency.NORMAL
    ttl: int = 0
    cooldown: int = 0
    reason: tuple[Piece, ...] = ()


class QuoteSide(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a quote: so many shares wanted at a price; 0 shares is no order.

    A sell without shares to sell buys `or_buy` instead, at 1 - price.
    """

    side: Side
    token: Token
    price: Expression
    shares: Expression
    or_buy: Token | None = None


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that are to rest as long as the rule holds: desired state.

    An order stays while its price is within `if_moved` [usd/share] of the wanted one,
    and is not replaced more often than `min_interval` [microseconds]. Without sides it
    takes back every quote of the strategy in the market.
    """

    market: str = ""
    sides: tuple[QuoteSide, ...] = ()
    if_moved: Expression | None = None
    min_interval: int = 0
    post_only: bool = True
    edge: Expression | None = None
    confidence: Expression | None = None
    ttl: int = 0
    reason: tuple[Piece, ...] = ()


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a basket, in the market the row calls `market`."""

    market: str
    side: Side
    token: Token
    price: Expression


Legs = tuple[Leg, ...] | Literal["all_yes", "all_no"]


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Several orders of the same number of shares, of which all are wanted or none.

    `legs` are named one by one, or all YES or all NO tokens of the row's markets, each
    at its best ask. `edge` is for one share of each leg.
    """

    legs: Legs
    shares: Expression
    edge: Expression
    confidence: Expression | None = None
    cooldown: int = 0
    reason: tuple[Piece, ...] = ()


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Take back every open order of the strategy in the row's markets."""

    reason: tuple[Piece, ...] = ()


class Veto(msgspec.Struct, frozen=True, kw_only=True):
    """A decision not to trade; it blocks the rules after it."""

    reason: tuple[Piece, ...] = ()


Action = Trade | Quote | Basket | Cancel | Veto


def protects(action: Action) -> bool:
    """Tell whether an action only keeps from harm: such rules act on UNKNOWN too."""
    return isinstance(action, Veto | Cancel) or (
        isinstance(action, Quote) and not action.sides
    )


def word(action: Action) -> str:
    """Return what a file calls the action: buy, sell, quote, basket, cancel, none."""
    match action:
        case Trade(side=side):
            return side.value.lower()
        case Veto():
            return "none"
        case _:
            return type(action).__name__.lower()


def stated(action: Action) -> dict[str, Expression]:
    """Return what an action states in numbers, by name.

    A trade has price, and fair, edge, confidence and size if stated; the sides of a
    quote and the legs of a basket are numbered: price_0, shares_0, price_1, ...
    """
    found: dict[str, Expression | None] = {}
    match action:
        case Trade():
            for name in ("price", "fair", "edge", "confidence", "size"):
                found[name] = getattr(action, name)
        case Quote():
            for index, side in enumerate(action.sides):
                found[f"price_{index}"] = side.price
                found[f"shares_{index}"] = side.shares
            for name in ("if_moved", "edge", "confidence"):
                found[name] = getattr(action, name)
        case Basket():
            legs = action.legs if isinstance(action.legs, tuple) else ()
            for index, leg in enumerate(legs):
                found[f"price_{index}"] = leg.price
            for name in ("shares", "edge", "confidence"):
                found[name] = getattr(action, name)
        case Cancel() | Veto():
            pass
    return {name: each for name, each in found.items() if each is not None}


def stated_words(action: Action) -> dict[str, str]:
    """Return what an action states in words, by name, as a file writes it.

    The sides of a quote and the legs of a basket are numbered: side_0, token_0, ...;
    what a side buys where it has nothing to sell is or_buy_0. Legs that are all of a
    sort are one word, `legs`. A trade has none: its side and token have keys.
    """
    found: dict[str, str] = {}
    match action:
        case Quote(sides=parts) | Basket(legs=tuple() as parts):
            for index, part in enumerate(parts):
                found[f"side_{index}"] = part.side.value.lower()
                found[f"token_{index}"] = TOKENS[part.token]
                if isinstance(part, QuoteSide) and part.or_buy is not None:
                    found[f"or_buy_{index}"] = TOKENS[part.or_buy]
        case Basket(legs=str() as legs):
            found["legs"] = legs
        case _:
            pass
    return found


def is_needed(name: str) -> bool:
    """Tell whether an action cannot be carried out where this number is missing."""
    return name.startswith(("price", "shares", "size"))
