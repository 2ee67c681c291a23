"""A world played from a recorded tape instead of drawn from a seed."""

from polyrules.venues.simulated.tape_world.world import TapeWorld

__all__ = ["TapeWorld"]
