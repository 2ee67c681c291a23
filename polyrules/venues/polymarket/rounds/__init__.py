"""Rounds: which are on, found ahead of time by their slugs, activated and closed."""

from polyrules.venues.polymarket.rounds.feed import Rounds, RoundSettings

__all__ = ["RoundSettings", "Rounds"]
