"""Every fault against everything the data plane tells, in made time.

A simulated venue and the whole data plane run side by side. While a fault strikes, and
after, what a rule would read is compared with what is true at the venue. Run it with
`pytest -s` to see how each feed did and when it had recovered.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from polyrules.domain.events import Event, MarketResolved
from polyrules.features.catalog import MAX_AGE, Feed
from polyrules.venues.simulated.faults import fault_of
from tests.venues.virtual_time import run
from tests.venues.watched_plane import BEGIN, FEEDS, S, Watched

FROM, FOR = 60, 120
ENDS = FROM + FOR
WATCHED = 330  # seconds: time enough to recover
NOTICED = 75 * S  # a followed book that is wrong is found out by then
RECOVERED = 75  # seconds after the fault all is as before
CHANNEL, RTDS = "market_channel", "rtds"


class Case(msgspec.Struct, frozen=True):
    """A fault, what it should spoil, and how long to look on."""

    name: str
    said: tuple[dict[str, Any], ...]
    spoils: frozenset[str] = frozenset()
    ends: int = ENDS
    watched: int = WATCHED


def case(name: str, *said: dict[str, Any], spoils: str = "", **more: int) -> Case:
    span = {"from": f"{FROM}s", "for": f"{more.get('ends', ENDS) - FROM}s"}
    told = tuple(
        each if each["fault"] == "restart" else {**span, **each} for each in said
    )
    return Case(name, told, frozenset(spoils.split()), **more)


def sockets(fault: str, **more: object) -> list[dict[str, Any]]:
    return [{"fault": fault, "service": each, **more} for each in (CHANNEL, RTDS)]


def pages(fault: str, **more: object) -> list[dict[str, Any]]:
    services = ("gamma", "clob", "data")
    return [{"fault": fault, "service": each, **more} for each in services]


CASES = (
    case("nothing"),
    case("freeze", *sockets("freeze"), spoils="books trades rounds"),
    case("freeze once", *sockets("freeze", once=True), spoils="books rounds"),
    case("drop", *sockets("drop", share=0.3), spoils="books trades"),
    case("duplicate", *sockets("duplicate", share=0.5)),
    case("reorder", *sockets("reorder", share=0.3), spoils="books"),
    case("garble", *sockets("garble", share=0.3), spoils="books trades"),
    case("lag", *sockets("lag", delay="20s"), spoils="books trades rounds"),
    case("cut", *sockets("cut"), spoils="books trades rounds"),
    case("425", *pages("status", status=425), spoils="whales"),
    case("429", *pages("status", status=429, retry_after=3), spoils="whales"),
    case("500", *pages("status", status=500), spoils="whales"),
    case("503 now and then", *pages("status", status=503, share=0.5)),
    case("slow", *pages("slow", delay="8s")),
    case("lost answer", *pages("lost_answer"), spoils="whales"),
    case("html", *pages("html", status=403), spoils="whales"),
    case("html as if right", *pages("html", status=200), spoils="whales"),
    case(
        "restart",
        {"fault": "restart", "from": f"{FROM}s", "down": "60s", "post_only": "60s"},
        spoils="books",
    ),
    case("clock skew", {"fault": "skew", "seconds": 300}),
    case("geoblock", {"fault": "geoblock", "country": "FR"}),
    case("ghost fills", {"fault": "ghost", "failed": 0.5, "retried": 0.2}),
    case(
        "all down",
        *sockets("cut"),
        *pages("status", status=503),
        spoils="books trades rounds whales",
    ),
    case(
        "all down for long",
        *sockets("cut"),
        *pages("status", status=503),
        spoils="discovery books trades rounds whales",
        ends=FROM + 420,
        watched=FROM + 420 + 150,
    ),
)
LATE = case(  # as the trades of before are asked for, five minutes after the start
    "cut while pages are slow",
    *({**each, "from": "345s", "for": "40s"} for each in sockets("cut")),
    *({**each, "from": "325s", "for": "60s"} for each in pages("slow", delay="8s")),
    spoils="books",
    ends=385,
    watched=520,
)
UNCOUNTED = {"skew", "geoblock"}  # they strike only who asks
table: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _printed() -> Iterator[None]:
    yield
    heads = "".join(f"{feed:>22}" for feed in FEEDS)
    print(f"\n{'seconds: oldest/recovered':<24}{heads}", *table, sep="\n")  # noqa: T201 - a table


async def watched(told: Case) -> Watched:
    async with Watched([fault_of(each) for each in told.said]) as made:
        await made.watch(BEGIN + told.watched * S)
    return made


def _row(told: Case, made: Watched) -> str:
    row = f"{told.name:<24}"
    for feed in FEEDS:
        cell = made.cells[feed]
        oldest = max(cell.followed, cell.oldest if feed == "rounds" else 0) / S
        recovered = max((cell.last_bad - BEGIN) / S - told.ends, 0)
        shown = f"{oldest:.0f}/{recovered:.0f}" if cell.bad else "ok"
        row += f"{shown:>22}"
    return row


@pytest.mark.parametrize("told", [*CASES, LATE], ids=lambda told: told.name)
def test_no_fault_crashes_or_passes_old_rows_for_fresh(told: Case) -> None:
    made = run(watched(told))
    table.append(_row(told, made))
    cells = made.cells

    # Nothing failed, and what should have struck did strike.
    assert made.crashes == []
    struck = {name for name, _ in made.simulator.faults.counts}
    assert struck >= {each["fault"] for each in told.said} - UNCOUNTED
    assert {feed for feed in FEEDS if cells[feed].bad} >= told.spoils

    # No rule can read what is older than its maximum age.
    assert cells["books"].oldest <= (MAX_AGE[Feed.BOOK] or 0)
    assert cells["rounds"].oldest <= (MAX_AGE[Feed.RTDS] or 0)
    assert cells["books"].followed <= NOTICED

    # Afterwards all is as before, and every wallet's trade was told exactly once.
    for feed in FEEDS:
        assert cells[feed].last_bad <= BEGIN + (told.ends + RECOVERED) * S, feed
    assert made.told_twice == 0
    assert made.untold_whales == 0
    assert made.ghosts_told == 0
    assert made.kinds["WalletTraded"] >= 10
    assert made.rounds["activated"] >= 1


def test_a_tick_that_changes_is_known_by_the_next_word_of_its_market() -> None:
    async def story() -> None:
        async with Watched() as made:
            followed = list(made.simulator.world.stories)[:20]
            for market in followed:
                said = {"fault": "tick", "market": market, "tick": "0.001"}
                made.simulator.faults.add(fault_of(said), BEGIN + 60 * S)

            await made.watch(BEGIN + 120 * S)

            pits = made.simulator.world.exchange.pits
            now = made.clock.now()
            for market, known in made.state.markets.items():
                read = made.state.table.read("tick_size", np.array([known.row]), now)
                assert read[0] == pits[str(market)].tick / S
            assert made.kinds["TickChanged"] >= 10
            assert made.cells["books"].last_bad <= BEGIN + 75 * S
            assert made.crashes == []

    run(story())


def test_a_disputed_answer_is_told_when_the_dispute_is_over() -> None:
    ends = 300  # of the first round
    said = {"fault": "dispute", "from": "200s", "for": "220s"}

    async def story() -> None:
        async with Watched([fault_of(said)]) as made:
            resolved: list[int] = []
            take = made._take

            def spy(event: Event) -> None:
                if isinstance(event, MarketResolved):
                    resolved.append(event.at)
                take(event)

            made._take = spy  # type: ignore[method-assign]  # to listen in
            await made.watch(BEGIN + (ends + 400) * S)

            assert resolved
            assert min(resolved) >= BEGIN + 420 * S
            assert made.crashes == []

    run(story())


def test_in_calm_the_trades_of_followed_markets_are_counted_as_they_were() -> None:
    async def story() -> None:
        async with Watched() as made:
            await made.watch(BEGIN + 480 * S)

            read = made.counted_trades()

            assert len(read) >= 20
            assert [count for count, _ in read] == [true for _, true in read]

    run(story())
