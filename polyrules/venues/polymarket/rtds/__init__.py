"""RTDS: coins' prices of an oracle and an exchange, and their means, as they come."""

from polyrules.venues.polymarket.rtds.feed import Rtds, RtdsSettings

__all__ = ["Rtds", "RtdsSettings"]
