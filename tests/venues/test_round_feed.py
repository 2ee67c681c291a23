"""Rounds: their slugs by arithmetic, and each activated, closed or missed once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import Event, RoundChanged, SpotTicked, Stage
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.errors import VenueError
from polyrules.features.rounds import round_of
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.rounds import Rounds, RoundSettings
from polyrules.venues.polymarket.rounds.prices import Prices
from polyrules.venues.polymarket.rounds.series import (
    COINS,
    LENGTHS,
    Series,
    Span,
    current,
    following,
    series_of,
    span_of,
)
from tests.venues.stepped_clock import Stepped, settle

SECOND = 1_000_000
HOUR = 3_600 * SECOND
T0 = 1_774_338_300 * SECOND  # 2026-03-24 07:45:00: a round of 15 minutes begins
QUARTER = 900 * SECOND
SLUG = "btc-updown-15m-1774338300"
NEXT = "btc-updown-15m-1774339200"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def series(symbol: str = "BTC", word: str = "15m") -> Series:
    return Series(symbol=symbol, word=word)


def test_a_series_is_known_by_its_name() -> None:
    assert series_of("btc_updown_15m") == series()
    assert series_of("hype_updown_4h") == series("HYPE", "4h")
    assert series("ETH", "1h").name == "eth_updown_1h"


@pytest.mark.parametrize(
    "name", ["btc-updown-15m", "btc_updown_7m", "cat_updown_5m", "", "BTC_updown_5m"]
)
def test_a_name_of_no_series_is_refused_with_the_ones_there_are(name: str) -> None:
    with pytest.raises(ValueError, match="expected COIN_updown_LENGTH") as raised:
        series_of(name)

    assert repr(name) in str(raised.value)


@pytest.mark.parametrize(
    ("symbol", "word", "now", "slug", "start", "end"),
    [
        *(
            ("BTC", "15m", now, SLUG, "2026-03-24T07:45Z", "2026-03-24T08:00Z")
            for now in ("2026-03-24T07:45Z", "2026-03-24T07:59:59Z")
        ),
        (
            *("ETH", "5m", "2026-03-24T07:49Z", "eth-updown-5m-1774338300"),
            *("2026-03-24T07:45Z", "2026-03-24T07:50Z"),
        ),
        (
            *("SOL", "4h", "2026-03-24T07:49Z", "sol-updown-4h-1774324800"),
            *("2026-03-24T04:00Z", "2026-03-24T08:00Z"),
        ),
        (
            *("BTC", "1h", "2026-02-03T15:20Z"),
            "bitcoin-up-or-down-february-3-10am-et",
            *("2026-02-03T15:00Z", "2026-02-03T16:00Z"),
        ),
        (
            *("DOGE", "1h", "2026-07-04T04:00Z"),
            "dogecoin-up-or-down-july-4-12am-et",
            *("2026-07-04T04:00Z", "2026-07-04T05:00Z"),
        ),
        (
            *("XRP", "1h", "2026-07-04T16:59Z"),
            "xrp-up-or-down-july-4-12pm-et",
            *("2026-07-04T16:00Z", "2026-07-04T17:00Z"),
        ),
        (
            *("BTC", "1d", "2026-02-03T16:59Z"),
            "bitcoin-up-or-down-on-february-3",
            *("2026-02-02T17:00Z", "2026-02-03T17:00Z"),
        ),
        (
            *("BTC", "1d", "2026-03-08T12:00Z"),  # the night summer time begins
            "bitcoin-up-or-down-on-march-8",
            *("2026-03-07T17:00Z", "2026-03-08T16:00Z"),
        ),
    ],
)
def test_the_round_that_is_on_follows_from_the_time(  # noqa: PLR0917 - a table
    symbol: str, word: str, now: str, slug: str, start: str, end: str
) -> None:
    span = current(series(symbol, word), at(now))

    assert span.slugs[0] == slug
    assert (span.start, span.end) == (at(start), at(end))


def test_a_slug_in_words_may_name_the_year() -> None:
    span = current(series(word="1h"), at("2026-02-03T15:20Z"))

    assert span.slugs[1] == "bitcoin-up-or-down-february-3-2026-10am-et"


def test_rounds_of_four_hours_follow_the_clock_in_new_york() -> None:
    span = current(series(word="4h"), at("2026-11-01T03:00Z"))
    starts = [span.start]
    for _ in range(3):
        span = following(span)
        starts.append(span.start)

    assert starts == [
        at("2026-11-01T00:00Z"),
        at("2026-11-01T04:00Z"),
        at("2026-11-01T09:00Z"),  # summer time ended in between
        at("2026-11-01T13:00Z"),
    ]


SERIES = st.builds(
    series, st.sampled_from(sorted(COINS)), st.sampled_from(sorted(LENGTHS))
)
MOMENTS = st.integers(at("2025-01-01T00:00Z"), at("2030-01-01T00:00Z"))


@given(each=SERIES, now=MOMENTS)
def test_a_slug_leads_back_to_its_round(each: Series, now: int) -> None:
    span = current(each, now)

    for slug in span.slugs:
        found = span_of(slug, now)
        assert found is not None
        # The hour that comes twice has one name; it is the first one's.
        assert found == span or (each.word == "1h" and found.start == span.start - HOUR)


@given(each=SERIES, now=MOMENTS)
def test_rounds_follow_each_other_and_the_time(each: Series, now: int) -> None:
    span = current(each, now)
    then = following(span)

    assert span.start <= now < then.start
    assert span.start < span.end
    assert current(each, then.start) == then
    assert current(each, then.start - 1) == span
    if each.word != "4h":
        assert span.end == then.start


@given(each=SERIES, now=MOMENTS)
def test_rules_recognise_the_same_round_by_its_slug(each: Series, now: int) -> None:
    span = current(each, now)
    market = Market(
        id=MarketId("0xc"),
        yes=TokenId("1"),
        no=TokenId("2"),
        slug=span.slugs[0],
        end=span.end,
    )

    told = round_of(market)

    assert told is not None
    assert (told.series, told.symbol) == (each.name, each.symbol)
    again = each.word == "1h" and told.start == span.start - HOUR
    assert (told.start, told.end) == (span.start, span.end) or again


@given(slug=st.text(max_size=40), now=MOMENTS)
def test_any_text_names_a_round_or_none(slug: str, now: int) -> None:
    span = span_of(slug, now)

    assert span is None or slug in span.slugs


@pytest.mark.parametrize(
    "slug",
    [
        "btc-updown-15m-1774338301",
        "cat-updown-15m-1774338300",
        "btc-updown-15m-17743383000",
        "bitcoin-up-or-down-february-30-10am-et",
        "bitcoin-up-or-down-february-3-13am-et",
        "bitcoin-up-or-down-on-february-3-10am-et",
        "will-bitcoin-go-up",
    ],
)
def test_what_only_looks_like_a_round_is_none(slug: str) -> None:
    assert span_of(slug, T0) is None


def spot(at_seconds: float, price: float, **more: object) -> SpotTicked:
    moment = T0 + int(at_seconds * SECOND)
    fields = {"symbol": "BTC", "source": "twap_60", **more}
    return SpotTicked(at=moment + SECOND, venue_at=moment, price=price, **fields)  # type: ignore[arg-type]  # words of the test's own


def test_the_price_that_held_at_a_moment_is_the_last_one_before_it() -> None:
    prices = Prices()
    for seconds, price in ((-70, 1.0), (-1, 2.0), (0, 3.0), (1, 4.0)):
        prices.add(spot(seconds, price))
    prices.add(spot(0.5, 9.0))  # late

    held = [
        prices.held("BTC", "twap_60", T0 + seconds * SECOND)
        for seconds in (-71, -70, -9, 0, 30, 62)
    ]

    assert held == [None, 1.0, None, 3.0, 4.0, None]


class Heard(Inbox):
    def __init__(self, clock: Stepped) -> None:
        super().__init__(clock, SECOND)
        self.got: list[Event] = []

    def put(self, event: Event) -> None:
        self.got.append(event)

    def stages(self) -> list[tuple[str, str, int]]:
        """Return the market, stage and second of what was told."""
        return [
            (event.market, event.stage, (event.at - T0) // SECOND)
            for event in self.got
            if isinstance(event, RoundChanged)
        ]


class Scene:
    """A listing of rounds, and the feed that looks into it.

    Attributes:
        listed: What is found, and the second from which on.
    """

    def __init__(
        self,
        now: int = T0,
        settings: RoundSettings | None = None,
        names: tuple[str, ...] = ("btc_updown_15m",),
    ) -> None:
        self.clock = Stepped(now)
        self.health = Health()
        self.registry = Registry()
        self.inbox = Heard(self.clock)
        self.listed: dict[str, tuple[int, Entry]] = {}
        self.asked: list[tuple[str, int]] = []
        self.down = False
        self.rounds = Rounds(
            *(self.find, self.registry, self.inbox, self.clock, self.health),
            series=names,
            settings=settings,
        )

    async def find(self, slug: str) -> Entry | None:
        second = (self.clock.now() - T0) // SECOND
        self.asked.append((slug, second))
        if self.down:
            raise VenueError("down")
        since, entry = self.listed.get(slug, (0, None))
        if entry is None or second < since:
            return None
        self.registry.add(entry)
        return entry

    def list(self, slug: str, market: str, since: int = -9_999, **more: object) -> None:
        fields = {"end": None, **more}
        facts = Market(
            id=MarketId(market),
            yes=TokenId(market + "1"),
            no=TokenId(market + "0"),
            slug=slug,
            **fields,  # type: ignore[arg-type]  # words of the test's own
        )
        self.listed[slug] = since, Entry(market=facts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.rounds.run())
        await settle()
        yield
        assert not task.done(), "a task of the feed died"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def seconds(self, number: float) -> None:
        await self.clock.advance(int(number * SECOND))


async def test_a_round_is_activated_three_minutes_before_its_end_and_closed_at_it() -> (
    None
):
    scene = Scene()
    scene.list(SLUG, "0xa", end=T0 + QUARTER)

    async with scene.running():
        await scene.seconds(901)

    assert scene.inbox.got == [
        RoundChanged(
            at=T0 + 720 * SECOND,
            market=MarketId("0xa"),
            series="btc_updown_15m",
            symbol="BTC",
            stage="activated",
            start=T0,
            end=T0 + QUARTER,
        ),
        RoundChanged(
            at=T0 + 900 * SECOND,
            market=MarketId("0xa"),
            series="btc_updown_15m",
            symbol="BTC",
            stage="closed",
            start=T0,
            end=T0 + QUARTER,
        ),
    ]


async def test_the_next_round_is_found_before_it_begins() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")
    scene.list(NEXT, "0xb", since=600)

    async with scene.running():
        await scene.seconds(660)
        before = scene.rounds.wanted()
        await scene.seconds(60)
        then = scene.rounds.wanted()
        await scene.seconds(400)
        after = scene.rounds.wanted()

    assert before == {"0xa"}
    assert then == {"0xa", "0xb"}
    assert after == {"0xb"}


async def test_a_round_that_is_found_late_is_activated_late() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa", since=800)

    async with scene.running():
        await scene.seconds(905)

    assert scene.inbox.stages() == [("0xa", "activated", 801), ("0xa", "closed", 900)]
    assert scene.health.delays["round_activation"].most >= 80


async def test_a_round_that_is_never_found_is_missed_by_its_slug_and_counted() -> None:
    scene = Scene()

    async with scene.running():
        await scene.seconds(900)

    assert scene.inbox.stages() == [(SLUG, "missed", 900)]
    assert scene.health.counts["rounds", "missed"] == 1
    assert scene.health.counts["rounds", "not_found_yet"] > 10


async def test_a_venue_that_does_not_answer_is_asked_again() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")
    scene.down = True

    async with scene.running():
        await scene.seconds(60)
        scene.down = False
        await scene.seconds(10)

    assert scene.rounds.wanted() == {"0xa"}
    assert scene.health.counts["rounds", "VenueError"] > 1


async def test_questions_are_rare_until_a_round_is_near() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")

    async with scene.running():
        await scene.seconds(600)

    later = [second for slug, second in scene.asked if slug == NEXT]
    assert len(later) <= 21


async def test_a_market_that_ends_at_another_time_is_not_the_rounds() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa", end=T0 + 10 * QUARTER)

    async with scene.running():
        await scene.seconds(900)

    assert scene.inbox.stages() == [(SLUG, "missed", 900)]
    assert scene.health.counts["rounds", "end_differs"] > 0


async def test_a_market_without_a_book_yet_is_looked_for_again() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")
    scene.listed[SLUG][1].has_book = False

    async with scene.running():
        await scene.seconds(60)
        before = scene.rounds.wanted()
        scene.listed[SLUG][1].has_book = None
        await scene.seconds(5)
        after = scene.rounds.wanted()

    assert (before, after) == (set(), {"0xa"})


async def test_the_books_of_a_resolved_round_are_not_wanted() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")

    async with scene.running():
        await scene.seconds(5)
        scene.listed[SLUG][1].stage = Stage.DEACTIVATED

    assert scene.rounds.wanted() == set()


async def test_rounds_that_went_by_while_we_slept_are_missed_each() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")

    async with scene.running():
        await scene.seconds(730)
        scene.rounds.step(T0 + 4 * QUARTER)

    assert scene.inbox.stages() == [
        ("0xa", "activated", 720),
        ("0xa", "closed", 730),
        (NEXT, "missed", 730),
        ("btc-updown-15m-1774340100", "missed", 730),
        ("btc-updown-15m-1774341000", "missed", 730),
    ]


async def test_after_a_very_long_sleep_it_begins_anew() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")

    async with scene.running():
        await scene.seconds(730)
        scene.rounds.step(T0 + 1_000 * QUARTER)
        scene.rounds.step(T0 + 1_000 * QUARTER)

    assert ("0xa", "closed", 730) in scene.inbox.stages()
    assert [each.span.start for each in scene.rounds.standings()] == [
        T0 + 1_000 * QUARTER,
        T0 + 1_001 * QUARTER,
    ]


async def test_what_a_round_settles_against_is_remembered() -> None:
    scene = Scene()
    scene.list(SLUG, "0xa")

    async with scene.running():
        scene.rounds.saw_spot(spot(-1, 100.0))
        scene.rounds.saw_spot(spot(0, 101.0))
        scene.rounds.saw_spot(spot(0, 7.0, source="price"))
        await scene.seconds(10)
        begun = scene.rounds.standings()[0]
        before = (begun.price_start, begun.price_end, begun.up)
        scene.rounds.saw_spot(spot(900, 101.0))
        await scene.seconds(900)

    assert before == (101.0, None, None)
    assert (begun.price_end, begun.up) == (101.0, True)
    assert scene.health.gauges["btc_updown_15m_start"] == 101.0


async def test_a_price_of_the_very_moment_that_comes_a_little_later_still_counts() -> (
    None
):
    scene = Scene()
    scene.rounds.saw_spot(spot(-1, 100.0))

    async with scene.running():
        await scene.seconds(0.5)
        scene.rounds.saw_spot(spot(0, 101.0))
        await scene.seconds(5)

    assert scene.rounds.standings()[0].price_start == 101.0


def test_rounds_of_an_hour_settle_on_an_exchange() -> None:
    assert [series(word=word).source for word in ("5m", "4h", "1h", "1d")] == [
        *("twap_60", "twap_60", "binance", "binance")
    ]


async def test_several_series_go_side_by_side() -> None:
    scene = Scene(names=("btc_updown_15m", "eth_updown_5m", "btc_updown_15m"))
    scene.list(SLUG, "0xa")
    scene.list("eth-updown-5m-1774338300", "0xe")

    async with scene.running():
        await scene.seconds(301)

    assert scene.rounds.symbols == ["BTC", "ETH"]
    assert scene.inbox.stages() == [("0xe", "activated", 120), ("0xe", "closed", 300)]
    assert scene.rounds.wanted() == {"0xa", "0xe"}


@given(
    begin=st.integers(0, 1_799),
    found_at=st.integers(-2_000, 2_500),
    steps=st.lists(st.floats(0.1, 900), min_size=1, max_size=6),
)
def test_every_round_is_told_at_most_once_per_stage_and_never_backward(
    begin: int, found_at: int, steps: list[float]
) -> None:
    async def told() -> Scene:
        rarely = RoundSettings(step=5 * SECOND, again_soon=10 * SECOND)
        scene = Scene(now=T0 + begin * SECOND, settings=rarely)
        for number in range(12):
            start = 1_774_338_300 + number * 900
            scene.list(f"btc-updown-15m-{start}", f"0x{number}", since=found_at)
        async with scene.running():
            for step in steps:
                await scene.seconds(step)
        return scene

    scene = asyncio.run(told())
    now = scene.clock.now()
    by_round: dict[int, list[str]] = {}
    for event in scene.inbox.got:
        assert isinstance(event, RoundChanged)
        by_round.setdefault(event.start, []).append(event.stage)

    orders = (["activated"], ["activated", "closed"], ["missed"])
    assert all(stages in orders for stages in by_round.values())
    over = [start for start in by_round if start + QUARTER <= now - 5 * SECOND]
    assert all(by_round[start] != ["activated"] for start in over)


def test_a_span_says_its_slugs() -> None:
    span = Span(series=series(), start=T0, end=T0 + QUARTER)

    assert span.slugs == (SLUG,)
    assert datetime.fromtimestamp(T0 / SECOND, UTC).minute == 45
