"""What one payload told of one market, and how that reads from the other token's side.

A payload names two tokens in some order. Which of them is YES comes from their labels;
without labels the first is taken to be, and everything told is in those terms until a
payload with labels says otherwise.
"""

from decimal import Decimal

import msgspec

from polyrules.domain.market import Listing
from polyrules.domain.money import snap

YES_WORDS = ("yes", "up")
NO_WORDS = ("no", "down")


class Told(msgspec.Struct, kw_only=True):
    """What one payload told of one market. None is unsaid. Times in microseconds.

    Attributes:
        by_label: Which token is YES came from a label. It stands for `yes` and `no`
            and means nothing without them.
        group_size: How many markets the venue lists in the group, open or not.
        created: From when on the venue knew the market.
        said_at: When this was true, as far as the payload says.
        exact: `said_at` is when the venue said it, not only a bound.
        closed_at: When trading closed, if the payload knows.
        payout_yes: What YES pays, if the payload knows.
    """

    id: str
    yes: str | None = None
    no: str | None = None
    by_label: bool = False
    question: str | None = None
    slug: str | None = None
    group: str | None = None
    group_size: int | None = None
    category: str | None = None
    tick: Decimal | None = None
    size_min: Decimal | None = None
    fee_rate: Decimal | None = None
    neg_risk: bool | None = None
    start: int | None = None
    end: int | None = None
    created: int | None = None
    listing: Listing = Listing()
    said_at: int | None = None
    exact: bool = False
    closed: bool = False
    closed_at: int | None = None
    payout_yes: Decimal | None = None


def yes_by_label(labels: list[str]) -> int | None:
    """Return which of two outcomes is YES, or None where no label tells.

    One word is enough: beside a "No" the other outcome is YES.
    """
    low = [label.strip().lower() for label in (*labels, "", "")[:2]]
    first = low[0] in YES_WORDS or low[1] in NO_WORDS
    second = low[1] in YES_WORDS or low[0] in NO_WORDS
    if first == second:
        return None
    return 0 if first else 1


def turned(told: Told) -> Told:
    """Return what was told with the two tokens exchanged: YES is NO, and p is 1 - p."""
    paid = told.payout_yes
    return msgspec.structs.replace(
        told,
        yes=told.no,
        no=told.yes,
        payout_yes=None if paid is None else 1 - paid,
        listing=turned_listing(told.listing),
    )


def turned_listing(listing: Listing) -> Listing:
    """Return what a listing says of one token in terms of the other."""
    return msgspec.structs.replace(
        listing,
        listed_bid=_mirrored(listing.listed_ask),
        listed_ask=_mirrored(listing.listed_bid),
        price_change_1h=_negative(listing.price_change_1h),
        price_change_1d=_negative(listing.price_change_1d),
        price_change_1w=_negative(listing.price_change_1w),
        price_change_1m=_negative(listing.price_change_1m),
    )


def _mirrored(price: float | None) -> float | None:
    return None if price is None else snap(1 - price)


def _negative(change: float | None) -> float | None:
    return None if change is None else 0.0 - change
