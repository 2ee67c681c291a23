"""The world: markets that live, people who trade them, and coins that move.

It goes in steps of fixed length of the venue's time, `step` by `step`, and knows no
clock: the same settings give the same history, however fast it is played and whoever
watches. Clients who trade change what happens after, as they would anywhere.
"""

import random
from collections import deque
from collections.abc import Callable
from decimal import Decimal

import msgspec

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.domain.money import ONE
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    LevelsMoved,
    Message,
    Mode,
    TickMoved,
    Traded,
)
from polyrules.venues.simulated.world.agenda import Agenda
from polyrules.venues.simulated.world.people import CASH, Whale, people
from polyrules.venues.simulated.world.questions.answers import Answers
from polyrules.venues.simulated.world.questions.casting import Casting
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.spot import Spot
from polyrules.venues.simulated.world.story import Bundle, Kind, Story
from polyrules.venues.simulated.world.traders.makers import Makers
from polyrules.venues.simulated.world.traders.takers import WHALE_LOT, Takers

FRAMES_A_DEED = 3.1  # how many changes one look of a maker or a trade makes, about
FRAMES_OF_ROUNDS = 8.0  # that rounds make in a second, but never more than half
MINUTES = (5, 15)  # lengths of rounds
HYDRATED = 10 * MINUTE  # before its start a round gets its first quotes
QUIET_A_STEP = 200  # markets that get their only quotes in one step
QUIET_LEVELS = 2
LAST_MINUTES = 200 * SECOND  # of a round, in which everyone looks
BUSY, SLOW = 2 * SECOND, 8 * SECOND  # between two deeds in a round
AGAIN = 3 * SECOND  # the longest until makers see what was taken
CLOSED = (Mode.RESTARTING, Mode.DISABLED, Mode.CANCEL_ONLY)
WHALE_EVERY = 9 * MINUTE  # of each whale, on average


def never(_: str, __: int) -> bool:
    """Dispute no answer but those the world disputes itself."""
    return False


class World:
    """Everything that happens at the simulated venue by itself.

    Args:
        settings: What it is made of.
        exchange: Where its people trade; a new one unless given.
        disputed: Whether the answer of a market (by id) is disputed at a moment.

    Attributes:
        at: The moment it has reached [microseconds UTC].
        exchange: All books, orders and accounts.
        stories: All markets by condition id, in the order of their listing.
        people: Who trades, as wallets.
        spot: What coins cost.
    """

    def __init__(
        self,
        settings: Settings,
        exchange: Exchange | None = None,
        disputed: Callable[[str, int], bool] = never,
    ) -> None:
        self.settings = settings
        self.at = settings.begin
        self.exchange = Exchange() if exchange is None else exchange
        self.stories: dict[str, Story] = {}
        self.people = people(settings.seed)
        self.spot = Spot(settings.seed, settings.begin)
        self._rng = random.Random(f"{settings.seed} world")  # noqa: S311 - a play
        self._casting = Casting(settings, self.spot)
        self._agenda = Agenda()
        self._makers = Makers(self.exchange, self.people.makers)
        self._takers = Takers(self.exchange, self.people, self._rng, self._makers)
        self._answers = Answers(self.exchange, self._agenda, self._rng, disputed)
        self._due: dict[str, int] = {}
        self._rounds_listed: set[tuple[str, int, int]] = set()
        self._quiet: deque[Story] = deque()
        self._pace = 0.0
        self._unhurried = 1.0
        self._begin()

    @property
    def whales(self) -> tuple[Whale, ...]:
        """The wallets worth following, or not."""
        return self.people.whales

    def step(self) -> list[Message]:
        """Let one step of time pass; return what happened, in order."""
        self.at += self.settings.step
        self.exchange.advance(self.at)
        self._agenda.run(self.at)
        self._hydrate_quiet()
        return self.pass_on()

    def pass_on(self) -> list[Message]:
        """Return what happened since it was asked last, and take it in as well."""
        messages = self.exchange.drain()
        for message in messages:
            if isinstance(message, Traded):
                self._traded(message)
            elif isinstance(message, LevelsMoved | TickMoved):
                self._changed(message.market)
        return messages

    def resolve(self, market: str, payout_yes: Decimal) -> None:
        """Answer a question now, whatever its end says.

        Raises:
            KeyError: There is no such market.
        """
        self._answers.settle(self.stories[market], payout_yes, self.at)

    # -- the beginning -------------------------------------------------------------

    def _begin(self) -> None:
        for owner in self.people.all():
            self.exchange.fund(owner, CASH)
        for number, story in enumerate(self._casting.opening()):
            self._list(story, lively=number < self.settings.lively)
        activity = self.settings.activity
        self._unhurried = max(2 * FRAMES_OF_ROUNDS / activity, 1.0)
        rest = activity - FRAMES_OF_ROUNDS / self._unhurried
        self._pace = self._total() * FRAMES_A_DEED / rest
        for story in self.stories.values():
            self._enliven(story)
        self._rounds(self.at)
        self._agenda.add(self.at + self._wait(self.settings.new_every), self._news)
        for whale in self.whales:
            wait = self._wait(WHALE_EVERY // 2) + 20 * SECOND
            self._agenda.add(self.at + wait, self._whale(whale))
        self._hydrate_quiet()
        self.exchange.drain()

    def _total(self) -> float:
        leads = (story for story in self.stories.values() if _leads(story))
        return sum(story.weight for story in leads) or 1.0

    def _list(self, story: Story, *, lively: bool = True) -> None:
        self.stories[story.listed.id] = story
        self.exchange.list(story.listed, self.at)
        self._answers.expect(story)
        if not lively:
            story.weight = 0.0
            story.manner = msgspec.structs.replace(story.manner, levels=QUIET_LEVELS)
            self._quiet.append(story)

    def _enliven(self, story: Story) -> None:
        """Give a market its first quotes, and the first thing to happen in it."""
        if story.weight == 0 or story.kind is Kind.ROUND:
            return
        self._makers.look(story, self.at)
        story.hydrated = self.at
        if not _leads(story):
            return
        if story.bundle is not None:
            wait = self._wait(6 * MINUTE)
            self._agenda.add(self.at + wait, self._misfit(story.bundle))
        self._plan(story, self.at)

    def _hydrate_quiet(self) -> None:
        for _ in range(min(QUIET_A_STEP, len(self._quiet))):
            self._makers.look(self._quiet.popleft(), self.at)

    # -- one market ----------------------------------------------------------------

    def _plan(self, story: Story, now: int, within: int = 0) -> None:
        """Let something happen in a market, at a moment drawn or `within` a time."""
        wait = within or self._wait(int(self._pace / story.weight * SECOND))
        if story.kind is Kind.ROUND and not within:
            near = story.end - now < LAST_MINUTES
            tempo = self._unhurried * story.rng.uniform(0.5, 1.5)
            wait = int((BUSY if near else SLOW) * tempo)
        due = now + max(wait, self.settings.step)
        self._due[story.listed.id] = due
        self._agenda.add(due, lambda at: self._act(story, at, due))

    def _act(self, story: Story, now: int, due: int) -> None:
        if self._due.get(story.listed.id) != due:
            return  # it was called for sooner
        if story.stage == "resolved":
            del self._due[story.listed.id]
            return
        if self.exchange.mode in CLOSED:
            pass  # the venue is down: nobody can do anything
        elif story.bundle is not None:
            self._act_together(story.bundle, now)
        elif story.rng.random() < story.manner.taken and now < story.end:
            self._takers.act(story, now)
        else:
            self._look(story, now)
        self._plan(story, now)

    def _act_together(self, bundle: Bundle, now: int) -> None:
        open_ones = [story for story in bundle.stories if story.stage != "resolved"]
        for story, lean in zip(open_ones, self._leans(bundle, now), strict=False):
            self._look(story, now, lean)
        if not open_ones:
            return
        chosen = self._rng.choice(open_ones)
        if now < chosen.end and self._rng.random() < chosen.manner.taken:
            self._takers.act(chosen, now)

    def _look(self, story: Story, now: int, lean: float = 0.0) -> None:
        self._makers.look(story, now, 0.0 if story.stage else lean)

    def _leans(self, bundle: Bundle, now: int) -> list[float]:
        """Return how wrong the makers of each market are at `now` [usd/share]."""
        stories = [story for story in bundle.stories if story.stage != "resolved"]
        if now >= bundle.wrong_until or len(stories) < len(bundle.stories):
            return [0.0] * len(stories)
        rate = float(stories[0].listed.fee_rate)
        fairs = [story.path.fair(story.place, now) for story in stories]
        if stories[0].kind is Kind.DEADLINE:
            near = fairs[1] + 0.05 + 0.5 * rate - fairs[0]
            return [near, *[0.0] * (len(stories) - 1)]
        fees = rate * sum(fair * (1 - fair) for fair in fairs)
        return [-0.012 - (0.02 + fees) / len(stories)] * len(stories)

    def _misfit(self, bundle: Bundle) -> Callable[[int], None]:
        def begin(now: int) -> None:
            if any(story.stage for story in bundle.stories):
                return
            slow = bundle.stories[0].kind is Kind.DEADLINE
            shortest, longest = (180, 480) if slow else (30, 90)
            length = int(self._rng.uniform(shortest, longest) * SECOND)
            bundle.wrong_until = now + length
            self._plan(bundle.stories[0], now, within=self.settings.step)
            self._agenda.add(now + length + self._wait(15 * MINUTE), begin)

        return begin

    # -- what comes and goes -------------------------------------------------------

    def _rounds(self, now: int) -> None:
        """List the rounds up to the horizon that are not listed yet."""
        oldest = now - max(MINUTES) * MINUTE
        self._rounds_listed = {x for x in self._rounds_listed if x[2] >= oldest}
        for minutes in MINUTES:
            length = minutes * MINUTE
            first = now // length * length
            for start in range(first, now + self.settings.rounds_ahead, length):
                for coin in self.settings.coins:
                    self._round(coin, minutes, start, now)
        self._agenda.add(now + MINUTE, self._rounds)

    def _round(self, coin: str, minutes: int, start: int, now: int) -> None:
        if (coin, minutes, start) in self._rounds_listed:
            return
        self._rounds_listed.add((coin, minutes, start))
        story = self._casting.round(coin, minutes, start, now)
        self._list(story)

        def hydrate(at: int) -> None:
            self._makers.look(story, at)
            story.hydrated = at
            self._plan(story, at)

        self._agenda.add(max(start - HYDRATED, now), hydrate)

    def _news(self, now: int) -> None:
        for story in self._casting.later(now):
            self._list(story)
            self._enliven(story)
        self._agenda.add(now + self._wait(self.settings.new_every), self._news)

    def _whale(self, whale: Whale) -> Callable[[int], None]:
        def buy(now: int) -> None:
            deep = [
                story
                for story in self.stories.values()
                if story.manner.lot >= WHALE_LOT and not story.stage
            ]
            bag = self._takers.whale_buys(whale, deep, now) if deep else None
            if bag is not None:
                held = int(self._rng.uniform(15, 60) * MINUTE)
                self._agenda.add(
                    now + held, lambda at: self._takers.whale_sells(bag, at)
                )
            self._agenda.add(now + self._wait(WHALE_EVERY), buy)

        return buy

    def _wait(self, mean: int) -> int:
        return int(self._rng.expovariate(1 / mean))

    # -- what happened -------------------------------------------------------------

    def _traded(self, trade: Traded) -> None:
        story = self.stories[trade.market]
        usd = trade.price * trade.size / ONE / ONE
        of_yes = trade.token == story.listed.yes
        story.traded += usd
        story.last_price = (trade.price if of_yes else ONE - trade.price) / ONE
        story.stale = True
        story.changed = self.at
        lead = story.bundle.stories[0] if story.bundle is not None else story
        due = self._due.get(lead.listed.id)
        if due is not None and due - self.at > AGAIN:
            self._plan(lead, self.at, within=int(self._rng.uniform(0.2, 1) * AGAIN))

    def _changed(self, market: str) -> None:
        story = self.stories.get(market)
        if story is not None:
            story.changed = self.at


def _leads(story: Story) -> bool:
    """Whether a market is alone, or the first of those it belongs to."""
    return story.bundle is None or story.bundle.stories[0] is story
