"""Keeping a world in step with a clock.

A world goes in whole steps. Here they are made as soon as the clock has come to them,
so that the world is never ahead of it and, unless the machine is too slow, never more
than a step behind. What each step brought goes to those who tell it.
"""

from collections.abc import Callable
from typing import Protocol

from polyrules.clock import Clock
from polyrules.venues.simulated.exchange.words import Message

AT_ONCE = 25  # steps without letting anything else happen on the event loop


class Steps(Protocol):
    """A world, as far as its time goes."""

    at: int

    def step(self) -> list[Message]:
        """Let one step of time pass; return what happened, in order."""
        ...


class Pace:
    """Steps a world by a clock.

    Args:
        world: What is stepped.
        step: Length of a step [microseconds].
        clock: The venue's time.
        tell: Is given what happened, step by step.

    Attributes:
        behind: The most the world was behind the clock [microseconds].
    """

    def __init__(
        self,
        world: Steps,
        step: int,
        clock: Clock,
        tell: Callable[[list[Message]], None],
    ) -> None:
        self.behind = 0
        self._world = world
        self._step = step
        self._clock = clock
        self._tell = tell

    def catch_up(self, most: int | None = None) -> bool:
        """Make the steps that are due, at most so many; tell whether none is left."""
        now = self._clock.now()
        self.behind = max(self.behind, now - self._world.at - self._step)
        made = 0
        while self._world.at + self._step <= now:
            if most is not None and made >= most:
                return False
            self._tell(self._world.step())
            made += 1
        return True

    async def run(self, after: Callable[[], None]) -> None:
        """Step for ever; `after` is called whenever the world has caught up."""
        while True:
            done = self.catch_up(AT_ONCE)
            if done:
                after()
            wait = self._world.at + self._step - self._clock.now() if done else 0
            await self._clock.sleep(wait)
