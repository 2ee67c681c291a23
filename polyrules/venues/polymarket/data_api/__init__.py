"""The Data API, version 1: who traded, who holds what, who won."""

from polyrules.venues.polymarket.data_api.questions import DataApi, Getter
from polyrules.venues.polymarket.data_api.rows import (
    Activity,
    ClosedPosition,
    Holder,
    Holders,
    Leader,
    Position,
    Rows,
    Value,
)

__all__ = [
    "Activity",
    "ClosedPosition",
    "DataApi",
    "Getter",
    "Holder",
    "Holders",
    "Leader",
    "Position",
    "Rows",
    "Value",
]
