"""What the simulated venue needs of a world, drawn from a seed or read from a tape."""

from decimal import Decimal
from typing import Protocol

from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import Message
from polyrules.venues.simulated.rtds import Path
from polyrules.venues.simulated.world.people import Whale
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.story import Story


class Played(Protocol):
    """A world.

    Attributes:
        settings: Its length of a step, its coins.
        at: The moment it has reached [microseconds UTC].
        exchange: Its books, orders and accounts.
        stories: Its markets by condition id, in the order of their listing; more come.
    """

    settings: Settings
    at: int
    exchange: Exchange
    stories: dict[str, Story]

    @property
    def spot(self) -> Path:
        """What coins cost."""
        ...

    @property
    def whales(self) -> tuple[Whale, ...]:
        """The wallets worth following, or not."""
        ...

    def step(self) -> list[Message]:
        """Let one step of time pass; return what happened, in order."""
        ...

    def pass_on(self) -> list[Message]:
        """Return what happened since it was asked last, by clients."""
        ...

    def resolve(self, market: str, payout_yes: Decimal) -> None:
        """Answer a question now.

        Raises:
            KeyError: There is no such market.
        """
        ...
