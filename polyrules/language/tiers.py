"""Tiers: how near a market's end is, and so how often it is polled.

A tier sets polling only; it says nothing about which features a market has.
"""

from collections.abc import Mapping
from typing import NamedTuple

from polyrules.domain.moments import HOUR, MINUTE, SECOND


class Tier(NamedTuple):
    """Hours to the end in [above, below); `every` is in microseconds.

    Source:
        The data-collection design's table of tiers.
    """

    above: float
    below: float | None
    every: int


TIERS: Mapping[str, Tier] = {
    "T0": Tier(48.0, None, HOUR),
    "T1": Tier(12.0, 48.0, 5 * MINUTE),
    "T2": Tier(4.0, 12.0, MINUTE),
    "T3": Tier(1.0, 4.0, 30 * SECOND),
    "T4": Tier(0.0, 1.0, 15 * SECOND),
}
QUICKEST = min(tier.every for tier in TIERS.values())
