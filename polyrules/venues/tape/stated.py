"""Which facts of a listing a tape states, by the names that rules know them by."""

from collections.abc import Mapping
from typing import Any

import msgspec

from polyrules.domain.market import Listing

# Facts of a Market by their field, in the words of rules.
NAMES = {
    "tick": "tick_size",
    "size_min": "min_order_shares",
    "fee_rate": "fee_rate",
    "category": "category",
    "neg_risk": "neg_risk",
    "start": "start",
    "end": "end",
}


def facts(said: Mapping[str, Any]) -> list[str]:
    """Return the names of the facts that are said; None is unsaid."""
    return [name for field, name in NAMES.items() if said[field] is not None]


def words(listing: Listing) -> list[str]:
    """Return the names of what a listing says of the moment."""
    said = msgspec.structs.asdict(listing)
    return [name for name, value in said.items() if value is not None]
