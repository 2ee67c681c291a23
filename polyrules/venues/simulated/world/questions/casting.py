"""Which markets there are: drawn from the seed, with something for every strategy.

    longshot_yes    FAVOURITE: 0.93 to 0.975 within two days of the end, narrow, deep
    longshot_no     TAIL: 0.03 to 0.06, fine ticks, hours to weeks before the end
    mean_reversion  SWING: pushed by 0.06 to 0.12 every half hour or so without volume,
                    back within minutes (its windows must fit the run: look 20m,
                    jump_look 2m)
    grid            SWING and PLAIN between 0.20 and 0.80, days before the end
    market_maker    PLAIN and RACE with a dollar volume of 20,000 a day and more
    spread_capture  WIDE: six cents between the best prices, and standing still
    dca             the HEADLINES: the largest volumes of all, asks from 0.40 to 0.50
    term_structure  DEADLINE: three dates; now and then the nearest is dear for minutes
    arbitrage       RACE: three to five outcomes whose asks now and then sum below 1
    mirror_whale    HEADLINES and other deep markets, in which whales buy (traders)
    btc_15m_momentum  ROUND: rounds of 5 and 15 minutes with makers who are too slow

Whoever asks twice with the same settings gets the same markets with the same ids.
"""

import random
from collections.abc import Iterator
from decimal import Decimal
from hashlib import blake2b
from math import sqrt

from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND
from polyrules.venues.simulated.exchange.words import Listed
from polyrules.venues.simulated.world.fairs import (
    Hazard,
    Path,
    Race,
    Round,
    Swing,
    Walk,
)
from polyrules.venues.simulated.world.questions.deck import (
    COINS,
    DECK,
    DEEP,
    ENDS,
    GROUP_MAX,
    HEADLINES,
    MANNERS,
    ROUND_DELAY,
)
from polyrules.venues.simulated.world.questions.texts import (
    CONTESTS,
    FEES,
    PEOPLE,
    PLACES,
    THINGS,
    Subject,
    day_words,
    hour_words,
    slugged,
    subject,
)
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.spot import Spot
from polyrules.venues.simulated.world.story import Bundle, Event, Kind, Story

MIDDLING = 10_000.0  # usd a day that a market of weight 1 trades


class Casting:
    """Draws markets.

    Args:
        settings: Of the world.
        spot: Prices of the coins, for the rounds.
    """

    def __init__(self, settings: Settings, spot: Spot) -> None:
        self._settings = settings
        self._spot = spot
        self._rng = random.Random(f"{settings.seed} casting")  # noqa: S311 - a play
        self._slugs: set[tuple[str, str]] = set()
        self._markets = 500_000
        self._events = 40_000
        self._turn = 0
        self._drawn = 0

    def opening(self) -> Iterator[Story]:
        """Yield the markets of the beginning."""
        settings = self._settings
        for _ in range(min(HEADLINES, settings.markets)):
            yield self._headline(settings.begin)
        while self._drawn < settings.markets:
            alone = settings.markets - self._drawn < GROUP_MAX
            yield from self._next(settings.begin, alone=alone)

    def later(self, now: int) -> list[Story]:
        """Return what is newly asked at `now`: a market, or a group of them."""
        return self._next(now)

    def round(self, symbol: str, minutes: int, start: int, now: int) -> Story:
        """Return the round of a coin that starts at `start` [microseconds UTC]."""
        end = start + minutes * MINUTE
        name = COINS.get(symbol, symbol)
        slug = f"{symbol.lower()}-updown-{minutes}m-{start // SECOND}"
        title = f"{name} Up or Down - {hour_words(start)}, {minutes} minutes"
        series = f"{symbol.lower()}-up-or-down-{minutes}m"
        event = self._event(title, slug, ("crypto", "up-or-down"), series=series)
        path = Round(self._spot, symbol, start, end)
        return self._story(
            title,
            asked=Subject("crypto", title),
            kind=Kind.ROUND,
            path=path,
            event=event,
            now=now,
            end=end,
            slug=slug,
            start=start,
            outcomes=("Up", "Down"),
            delay=ROUND_DELAY,
        )

    def _next(self, now: int, *, alone: bool = False) -> list[Story]:
        kind = Kind.PLAIN if alone else DECK[self._turn % len(DECK)]
        self._turn += 1
        if kind is Kind.RACE:
            return self._race(now)
        if kind is Kind.DEADLINE:
            return self._deadlines(now)
        return [self._single(kind, now)]

    def _headline(self, now: int) -> Story:
        """Draw a question that everyone talks about."""
        end = _midnight(now + self._rng.randrange(5, 13) * DAY)
        asked = subject(self._rng, self._rng.choice(("geopolitics", "politics")))
        path = Walk(self._lively(), self._rng.uniform(0.40, 0.49), now, end, 0.6)
        story = self._alone(asked, Kind.PLAIN, path, now, end)
        story.manner = DEEP
        story.weight = 6.0
        story.volume_24h = self._rng.uniform(1e6, 3e6)
        story.volume = 20 * story.volume_24h
        return story

    def _single(self, kind: Kind, now: int) -> Story:
        asked, rng = subject(self._rng), self._lively()
        hours = self._hours(kind)
        end = now + int(hours * HOUR) // MINUTE * MINUTE
        end = end if hours < 48 else _midnight(end)  # noqa: PLR2004 - two days
        return self._alone(asked, kind, self._path(kind, rng, now, end), now, end)

    def _hours(self, kind: Kind) -> float:
        draw = self._rng.uniform
        if kind is Kind.FAVOURITE:
            return draw(0.5, 44)
        if kind is Kind.TAIL:
            return draw(3, 480)
        if kind in (Kind.SWING, Kind.WIDE):
            return draw(30, 900)
        low, high, _ = self._rng.choices(ENDS, weights=[each[2] for each in ENDS])[0]
        return draw(low, high)

    def _path(self, kind: Kind, rng: random.Random, now: int, end: int) -> Path:
        draw = self._rng.uniform
        if kind is Kind.FAVOURITE:
            return Walk(rng, draw(0.935, 0.975), now, end, 0.25)
        if kind is Kind.TAIL:
            return Walk(rng, draw(0.03, 0.06), now, end, 0.25)
        if kind is Kind.SWING:
            return Swing(rng, draw(0.3, 0.7), now)
        if kind is Kind.WIDE:
            return Walk(rng, draw(0.2, 0.8), now, end, 0.02)
        return Walk(rng, draw(0.1, 0.9), now, end, 0.7)

    def _alone(
        self, asked: Subject, kind: Kind, path: Path, now: int, end: int
    ) -> Story:
        short = end - now < 2 * DAY
        words = hour_words(end) if short else day_words(end)
        question = f"{asked.stem} by {words}?"
        event = self._event(question, slugged(question), (asked.category,))
        return self._story(
            question, asked=asked, kind=kind, path=path, event=event, now=now, end=end
        )

    def _deadlines(self, now: int) -> list[Story]:
        """Draw one question by three dates."""
        asked = subject(self._rng, self._rng.choice(("geopolitics", "politics")))
        days = sorted(self._rng.sample((4, 5, 6, 8, 10, 12, 13), 3))
        ends = tuple(_midnight(now + day * DAY) for day in days)
        path = Hazard(self._lively(), self._rng.uniform(0.12, 0.25), now, ends)
        title = f"{asked.stem} by...?"
        event = self._event(title, slugged(title), (asked.category,))
        bundle = Bundle()
        for place, end in enumerate(ends):
            question = f"{asked.stem} by {day_words(end)}?"
            story = self._story(
                question,
                asked=asked,
                kind=Kind.DEADLINE,
                path=path,
                event=event,
                now=now,
                end=end,
            )
            _join(bundle, story, place, day_words(end))
        return bundle.stories

    def _race(self, now: int) -> list[Story]:
        """Draw a contest of three to five."""
        title, question = self._rng.choice(CONTESTS)
        place = f"{self._rng.choice(PLACES)} {self._rng.choice(THINGS)}"
        names = self._rng.sample(PEOPLE, self._rng.randrange(3, 6))
        end = now + int(self._rng.choice((6, 30, 90, 400, 1200)) * HOUR)
        asked = Subject(self._rng.choice(("geopolitics", "politics")), title)
        text = title.format(place=place)
        tags = (asked.category, "elections")
        event = self._event(text, slugged(text), tags, neg_risk=True)
        chances = [self._rng.uniform(0.5, 2.5) for _ in names]
        path = Race(self._lively(), chances, now)
        bundle = Bundle()
        for index, who in enumerate(names):
            said = question.format(place=place, who=who)
            story = self._story(
                said,
                asked=asked,
                kind=Kind.RACE,
                path=path,
                event=event,
                now=now,
                end=end,
            )
            _join(bundle, story, index, who)
        return bundle.stories

    def _event(
        self,
        title: str,
        slug: str,
        tags: tuple[str, ...],
        *,
        series: str = "",
        neg_risk: bool = False,
    ) -> Event:
        self._events += 1
        own = self._own_slug("e", slug, self._events)
        return Event(
            id=self._events,
            slug=own,
            title=title,
            tags=tags,
            series=series,
            neg_risk=neg_risk,
        )

    def _story(
        self,
        question: str,
        *,
        asked: Subject,
        kind: Kind,
        path: Path,
        event: Event,
        now: int,
        end: int,
        slug: str = "",
        start: int | None = None,
        outcomes: tuple[str, str] = ("Yes", "No"),
        delay: int = 0,
    ) -> Story:
        self._markets += 1
        self._drawn += kind is not Kind.ROUND
        slug = slug or self._own_slug("m", slugged(question), self._markets)
        rate, _ = FEES[asked.category]
        volume = 2_000 * self._rng.lognormvariate(1.5, 1.2)
        listed = Listed(
            id="0x" + self._digest(slug, "condition").hex(),
            yes=str(int.from_bytes(self._digest(slug, "yes"))),
            no=str(int.from_bytes(self._digest(slug, "no"))),
            gamma_id=str(self._markets),
            question=question,
            slug=slug,
            outcomes=outcomes,
            group=str(event.id),
            group_slug=event.slug,
            category=asked.category,
            tags=event.tags,
            tick=Decimal("0.001") if kind is Kind.TAIL else Decimal("0.01"),
            fee_rate=Decimal(rate),
            neg_risk=event.neg_risk,
            start=start,
            end=end,
            created=now - self._rng.randrange(20) * DAY if not start else now,
            delay=delay,
        )
        return Story(
            listed=listed,
            event=event,
            kind=kind,
            path=path,
            rng=self._lively(),
            manner=MANNERS[kind],
            weight=min(max(sqrt(volume / MIDDLING), 0.6), 4.0),
            volume=volume * self._rng.uniform(3, 40),
            volume_24h=volume,
            changed=now,
            quotes={},
        )

    def _own_slug(self, of: str, slug: str, number: int) -> str:
        own = slug if (of, slug) not in self._slugs else f"{slug}-{number}"
        self._slugs.add((of, own))
        return own

    def _lively(self) -> random.Random:
        """Return a generator of its own for a market that trades, else the common."""
        if self._drawn >= self._settings.lively:
            return self._rng
        return random.Random(f"{self._settings.seed} {self._markets}")  # noqa: S311 - a play

    def _digest(self, slug: str, what: str) -> bytes:
        text = f"{self._settings.seed} {slug} {what}"
        return blake2b(text.encode(), digest_size=32).digest()


def _join(bundle: Bundle, story: Story, place: int, title: str) -> None:
    story.bundle = bundle
    story.place = place
    story.title = title
    bundle.stories.append(story)


def _midnight(at: int) -> int:
    return at // DAY * DAY
