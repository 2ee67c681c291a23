"""How questions are answered: proposed, at times disputed, paid; seldom by halves."""

import random
from collections.abc import Callable
from decimal import Decimal

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.world.agenda import Agenda
from polyrules.venues.simulated.world.story import Kind, Story

DISPUTED, HALVED = 0.08, 0.04  # shares of all questions that are no rounds
SURE = 0.004  # what is left of doubt once an answer is proposed


class Answers:
    """Takes every market from its end to its resolution.

    Args:
        exchange: Where it is resolved.
        agenda: What is to be done when.
        rng: Decides how long it takes and what is disputed.
        disputed: Whether a fault lets the answer of a market (by id) be disputed now.
    """

    def __init__(
        self,
        exchange: Exchange,
        agenda: Agenda,
        rng: random.Random,
        disputed: Callable[[str, int], bool],
    ) -> None:
        self._exchange = exchange
        self._agenda = agenda
        self._rng = rng
        self._disputed = disputed

    def expect(self, story: Story) -> None:
        """Put the end of a market on the agenda."""
        if story.kind is Kind.ROUND:
            # measured: half of the rounds within 54 s, nine of ten within 87 s
            wait = int(SECOND * self._rng.triangular(38, 92, 50))
            self._agenda.add(story.end + wait, lambda now: self._resolve(story, now))
        else:
            wait = int(MINUTE * self._rng.uniform(0.5, 4))
            self._agenda.add(story.end + wait, lambda now: self._propose(story, now))

    def settle(self, story: Story, payout_yes: Decimal, now: int) -> None:
        """Resolve a market by hand, whatever its end says; twice is once."""
        if story.stage == "resolved":
            return
        self._move(story, "resolved", now)
        story.payout_yes = float(payout_yes)
        story.quotes = {}
        self._exchange.resolve(story.listed.id, payout_yes, now)

    def _propose(self, story: Story, now: int) -> None:
        if story.stage:
            return
        self._move(story, "proposed", now)
        story.belief = 1 - SURE if story.path.answer(story.place, now) else SURE
        disputed = self._rng.random() < DISPUTED
        wait = int(MINUTE * self._rng.uniform(2, 10))
        then = self._dispute if disputed else self._resolve
        self._agenda.add(now + wait, lambda later: then(story, later))

    def _dispute(self, story: Story, now: int) -> None:
        if story.stage != "proposed":
            return
        self._move(story, "disputed", now)
        wait = int(MINUTE * self._rng.uniform(20, 60))
        self._agenda.add(now + wait, lambda later: self._resolve(story, later))

    def _resolve(self, story: Story, now: int) -> None:
        if story.stage == "resolved":
            return
        if self._disputed(story.listed.id, now):
            self._move(story, "disputed", now)
            self._agenda.add(now + 5 * SECOND, lambda at: self._resolve(story, at))
            return
        self.settle(story, self._payout(story, now), now)

    def _payout(self, story: Story, now: int) -> Decimal:
        alone = story.kind in (Kind.PLAIN, Kind.SWING, Kind.WIDE)
        if alone and self._rng.random() < HALVED:
            return Decimal("0.5")
        return Decimal(int(story.path.answer(story.place, now)))

    def _move(self, story: Story, stage: str, now: int) -> None:
        if story.stage == stage:
            return
        story.stage = stage
        story.stage_at = now
        story.changed = now
