"""The simulated market channel: books and trades, as they happen."""

from polyrules.venues.simulated.market_channel.channel import MarketChannel

__all__ = ["MarketChannel"]
