"""The simulated feed of coin prices."""

from polyrules.venues.simulated.rtds.feed import Path, Rtds
from polyrules.venues.simulated.rtds.words import wanted_of

__all__ = ["Path", "Rtds", "wanted_of"]
