"""Faults on command: what a venue does to its clients, when, and how often it did."""

from polyrules.venues.simulated.faults.gate import gate
from polyrules.venues.simulated.faults.ghosts import Ghosts
from polyrules.venues.simulated.faults.kinds import Fault
from polyrules.venues.simulated.faults.plan import fault_of, plan
from polyrules.venues.simulated.faults.standing import Faults

__all__ = ["Fault", "Faults", "Ghosts", "fault_of", "gate", "plan"]
