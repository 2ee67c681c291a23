"""Everything goes wrong at once, by a seed, and all is well in the end."""

from random import Random

import pytest

from polyrules.domain.events import FeedLost, FeedRestored
from polyrules.domain.money import Side
from polyrules.venues.polymarket.channel.settings import Settings
from tests.builders import SECOND
from tests.venues.channel_venue import Desk, Payload, trading, watched

FAULTS = ("told", "told", "told", "dropped", "twice", "late", "garbage", "nothing")
RARE = ("cut", "frozen", "rest down", "rest up", "silent")


class Chaos:
    """A venue's day, as bad as the seed says."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = Random(seed)  # noqa: S311 - a story, no secret
        self.late: list[Payload] = []

    async def step(self) -> None:
        venue, random = self.desk.venue, self.random
        payload = self._change(random.choice(sorted(venue.books)))
        late, self.late = self.late, []
        match random.choice(FAULTS):
            case "told":
                await venue.tell(payload)
            case "twice":
                await venue.tell(payload)
                await venue.tell(payload)
            case "late":
                self.late = [payload]
            case "garbage":
                await venue.tell_raw("{" * random.randrange(5) + "\x00nonsense")
                await venue.tell(payload)
            case _:  # dropped
                pass
        for one in late:
            await venue.tell(one)
        if random.random() < 0.08:
            self._rarely(random.choice(RARE))
        await self.desk.clock.advance(random.choice((0.01, 0.2, 1, 5)))

    def _change(self, name: str) -> Payload:
        book, random = self.desk.venue.books[name], self.random
        side = random.choice((Side.BUY, Side.SELL))
        lowest = 30 if side is Side.BUY else 50
        cents = random.randrange(lowest, lowest + 19)
        size = random.choice((0, 5, 100)) * SECOND
        return book.set(side, cents * 10_000, size, self.desk.venue.now())

    def _rarely(self, what: str) -> None:
        venue = self.desk.venue
        match what:
            case "cut":
                venue.cut()
            case "frozen":
                venue.freeze()
            case "silent":
                venue.silent_first = not venue.silent_first
            case _:
                venue.rest_down = what == "rest down"


@pytest.mark.parametrize("seed", range(6))
async def test_after_a_bad_day_every_book_is_whole_again_and_right(seed: int) -> None:
    settings = Settings(sockets=2, stagger=0, seed=seed)
    async with trading("a", "b", "c", settings=settings) as desk:
        await watched(desk)
        chaos = Chaos(desk, seed)

        for _ in range(120):
            await chaos.step()
            desk.reader.read(desk.inbox)
            for name in desk.venue.books:
                held = desk.channel._keeper.held[desk.venue.books[name].id]
                believed = desk.reader.levels(name)
                assert believed == (held.local.sides() if held.sure else None)
        desk.venue.rest_down = desk.venue.silent_first = False
        await desk.pass_until(lambda: desk.serves() and desk.agrees(), 400)

        for name in ("a", "b", "c"):
            feeds = [
                (type(one), one.feed)
                for one in desk.reader.events
                if isinstance(one, FeedLost | FeedRestored) and one.market == name
            ]
            told = [kind for kind, feed in feeds if feed == "book"]
            assert told == [FeedLost, FeedRestored] * (len(told) // 2)
