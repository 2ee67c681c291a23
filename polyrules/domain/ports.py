"""The doors of the engine. Every mode is a choice of who stands behind them."""

from collections.abc import AsyncIterator
from typing import Protocol

from polyrules.domain.events import Event
from polyrules.domain.orders import Command
from polyrules.domain.steps import Step


class Feed(Protocol):
    """Half an exchange: events without orders."""

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens, `at` never running backward, until the end."""
        ...


class Exchange(Protocol):
    """Events come out, commands go in."""

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens, in the order the engine is to see it, until the end."""
        ...

    async def submit(self, command: Command) -> None:
        """Take a command and return at once; its outcome arrives as an event."""
        ...


class Journal(Protocol):
    """The durable record."""

    async def append(self, step: Step) -> None:
        """Return once `step` would survive a crash (if it carries commands)."""
        ...
