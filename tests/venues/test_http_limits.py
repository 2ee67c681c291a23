import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.endpoints import (
    GROUPS,
    Endpoint,
    Rate,
    endpoint_of,
    groups_of,
)
from polyrules.venues.http.limits import Bucket, Limits
from tests.venues.http_fakes import BEGIN, Asker, LeapingClock


def greedy(bucket: Bucket, gaps: list[int]) -> list[int]:
    """When requests go that come after these gaps, and go as soon as they may."""
    now, went = BEGIN, []
    for gap in gaps:
        now += gap
        now += bucket.wait(now)
        assert bucket.wait(now) == 0
        bucket.spend(now)
        went.append(now)
    return went


def most_in_any_window(went: list[int], window: int) -> int:
    return max(
        sum(1 for later in went[first:] if later < at + window)
        for first, at in enumerate(went)
    )


# A bucket


def test_a_tenth_of_a_window_goes_at_once_and_the_rest_at_even_steps() -> None:
    bucket = Bucket(Rate(40, 10 * SECOND))

    went = greedy(bucket, [0] * 7)

    # 4 at once; the other 36 are spread over 10 s
    assert [at - BEGIN for at in went] == [0, 0, 0, 0, 277_778, 555_556, 833_334]


def test_whoever_paused_may_send_a_burst_again() -> None:
    bucket = Bucket(Rate(40, 10 * SECOND))
    greedy(bucket, [0] * 30)

    later = BEGIN + MINUTE
    waits = []
    for _ in range(5):
        waits.append(bucket.wait(later))
        bucket.spend(later)

    assert waits == [0, 0, 0, 0, 277_778]


def test_a_clock_that_is_set_back_holds_nobody_up() -> None:
    bucket = Bucket(Rate(40, 10 * SECOND))
    greedy(bucket, [0] * 30)

    wait = bucket.wait(BEGIN - 60 * MINUTE)

    assert 0 < wait <= 277_778


@given(
    st.integers(2, 60),
    st.integers(1, 20_000),
    st.lists(st.one_of(st.just(0), st.integers(0, 3_000)), min_size=1, max_size=120),
)
def test_no_window_ever_holds_more_than_the_rate(
    number: int, window: int, gaps: list[int]
) -> None:
    went = greedy(Bucket(Rate(number, window)), gaps)

    assert most_in_any_window(went, window) <= number


@given(st.integers(2, 60), st.integers(1, 20_000))
def test_nearly_the_whole_rate_can_be_used(number: int, window: int) -> None:
    went = greedy(Bucket(Rate(number, window)), [0] * (number * 3))

    # At least 9 of 10 in each window, but for what rounding up the steps costs.
    whole = went[-1] - went[0]
    steps = number - max(1, number // 10)
    assert whole <= 3 * number * (window // steps + 1)


# Which endpoint is limited how


@pytest.mark.parametrize(
    ("host", "method", "path", "endpoint"),
    [
        ("gamma", "GET", "/markets", ("gamma", "*", "/markets")),
        ("gamma", "GET", "/markets/keyset", ("gamma", "*", "/markets")),
        ("gamma", "GET", "/markets/slug/a", ("gamma", "*", "/markets")),
        ("gamma", "GET", "/marketsy", ("gamma", "*", "")),
        ("gamma", "GET", "/series", ("gamma", "*", "")),
        ("clob", "POST", "/books", ("clob", "*", "/books")),
        ("clob", "GET", "/order", ("clob", "GET", "/order")),
        ("clob", "POST", "/order", ("clob", "POST", "/order")),
        ("clob", "GET", "/data/order/0x1", ("clob", "*", "/data/order")),
        (
            "clob",
            "GET",
            "/balance-allowance/update",
            ("clob", "*", "/balance-allowance/update"),
        ),
        ("data", "GET", "/v2/trades", ("data", "*", "/v2/trades")),
        ("mine", "GET", "no slash", ("mine", "*", "")),
        ("clob", "GET", "", ("clob", "*", "")),
    ],
)
def test_a_path_belongs_to_the_longest_endpoint_that_is_listed(
    host: str, method: str, path: str, endpoint: Endpoint
) -> None:
    assert endpoint_of(host, method, path) == endpoint


@pytest.mark.parametrize(
    ("endpoint", "numbers"),
    [
        (("gamma", "*", "/markets"), [300, 900]),
        (("gamma", "*", "/events"), [500, 900]),
        (("clob", "*", "/books"), [500]),
        (("clob", "*", "/book"), [1_500]),
        (("clob", "POST", "/order"), [5_000, 120_000]),
        (("clob", "*", "/data/orders"), [500, 900]),
        (("data", "*", "/positions"), [150]),
        (("data", "*", ""), []),
    ],
)
def test_an_endpoint_has_the_rates_of_the_venue(
    endpoint: Endpoint, numbers: list[int]
) -> None:
    groups = groups_of(endpoint)

    assert [rate.number for group in groups for rate in group.rates] == numbers


def test_no_group_is_listed_twice() -> None:
    twice = [group for group, number in Counter(GROUPS).items() if number > 1]

    assert twice == []


# All of them


async def asked(limits: Limits, clock: LeapingClock, number: int, path: str) -> int:
    """Ask one after the other; returns how long it took [microseconds]."""
    begun = clock.now()
    for _ in range(number):
        await limits.take("gamma", "GET", path)
    return clock.now() - begun


async def test_gamma_gets_240_pages_in_ten_seconds() -> None:
    clock = LeapingClock()
    limits = Limits(clock)  # 80 % of 300

    burst = await asked(limits, clock, 24, "/markets/keyset")
    rest = await asked(limits, clock, 216, "/markets/keyset")

    assert burst == 0
    assert rest == 216 * 46_297


async def test_the_share_may_be_chosen() -> None:
    clock = LeapingClock()

    took = await asked(Limits(clock, share=1.0), clock, 300, "/markets")

    assert took == 270 * 37_038


class ManualClock(LeapingClock):
    """A clock whose sleepers wake when it is told so, the earliest first."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeping: list[tuple[int, asyncio.Event]] = []

    async def sleep(self, micros: int) -> None:
        woken = asyncio.Event()
        self.sleeping.append((self.at + micros, woken))
        await woken.wait()

    async def wake_next(self) -> None:
        self.sleeping.sort(key=lambda sleeper: sleeper[0])
        self.at, woken = self.sleeping.pop(0)
        woken.set()
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def windows(limits: Limits, clock: ManualClock, *asked: str) -> int:
    """The most requests in ten seconds, if all endpoints are asked without a pause."""
    went: list[int] = []

    async def ask(host: str, method: str, path: str) -> None:
        for _ in range(20):
            await limits.take(host, method, path)
            went.append(clock.now())

    tasks = [asyncio.create_task(ask(*each.split())) for each in asked]
    await settle()
    while clock.sleeping:
        await clock.wake_next()
    await asyncio.gather(*tasks)
    return most_in_any_window(went, 10 * SECOND)


async def test_the_endpoints_of_the_ledger_share_a_rate() -> None:
    clock = ManualClock()
    limits = Limits(clock, share=0.01)  # 9 in 10 s

    most = await windows(
        limits, clock, "clob GET /trades", "clob GET /orders", "clob GET /data/orders"
    )

    assert most == 8  # even steps: the ninth goes when ten seconds are over


async def test_all_endpoints_of_a_host_share_its_general_rate() -> None:
    clock = ManualClock()
    limits = Limits(clock, share=0.004)  # 4 in 10 s

    most = await windows(
        limits, clock, "data GET /trades", "data GET /positions", "data GET /activity"
    )

    assert most == 3


class HastyClock(LeapingClock):
    """A clock that wakes its sleepers early, as a loaded machine may."""

    async def sleep(self, micros: int) -> None:
        await super().sleep(max(micros // 2, 1))


async def test_whoever_wakes_too_early_sleeps_on() -> None:
    clock = HastyClock()

    took = await asked(Limits(clock), clock, 25, "/markets")

    assert took == 46_297


async def test_one_crowded_endpoint_holds_up_no_other() -> None:
    clock = LeapingClock()
    limits = Limits(clock)
    await asked(limits, clock, 500, "/markets")
    before = clock.now()

    await limits.take("gamma", "GET", "/public-search")
    await limits.take("clob", "POST", "/books")

    assert clock.now() == before


async def test_the_clients_of_one_process_share_the_rates() -> None:
    one, two = Asker(Reply(200, b"[]"), limited=True), Asker(Reply(200, b"[]"))
    two.rest._host._limits = one.limits

    for _ in range(24):
        await one.rest.get("/markets")
    await two.rest.get("/markets")

    assert one.clock.slept == [46_297]


async def test_first_come_is_first_served() -> None:
    clock = ManualClock()
    limits = Limits(clock, share=0.01)  # 3 in 10 s
    served: list[int] = []

    async def ask(who: int) -> None:
        await limits.take("gamma", "GET", "/markets")
        served.append(who)

    tasks = [asyncio.create_task(ask(who)) for who in range(8)]
    await settle()
    while clock.sleeping:
        await clock.wake_next()
    await asyncio.gather(*tasks)

    assert served == [0, 1, 2, 3, 4, 5, 6, 7]


async def test_whoever_gives_up_leaves_the_line_and_costs_nothing() -> None:
    clock = ManualClock()
    limits = Limits(clock, share=0.01)  # one at once, then one each 5 s
    await limits.take("gamma", "GET", "/markets")
    tasks = [
        asyncio.create_task(limits.take("gamma", "GET", "/markets")) for _ in range(3)
    ]
    await settle()

    tasks[0].cancel()
    tasks[1].cancel()
    await settle()
    clock.sleeping.pop(0)  # of the one that was cancelled
    await clock.wake_next()

    assert tasks[2].done()
    assert clock.now() == BEGIN + 5 * SECOND
    assert [task.cancelled() for task in tasks] == [True, True, False]


async def test_a_hold_is_for_one_endpoint_and_at_most_a_minute() -> None:
    clock = LeapingClock()
    limits = Limits(clock)

    limits.hold("gamma", "GET", "/markets", 60 * MINUTE)
    await limits.take("gamma", "GET", "/events")
    assert clock.slept == []
    await limits.take("gamma", "GET", "/markets/71")

    assert clock.slept == [MINUTE]


async def test_a_clock_that_is_set_back_holds_nobody_for_longer_than_a_minute() -> None:
    clock = LeapingClock()
    limits = Limits(clock)
    limits.hold("gamma", "GET", "/markets", 30 * SECOND)
    clock.at -= 60 * MINUTE

    await limits.take("gamma", "GET", "/markets")

    assert clock.slept == [MINUTE]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/markets", "/events", "/series", "/tags"]),
            st.integers(0, 2 * SECOND),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_no_host_ever_gets_more_than_its_share(asks: list[tuple[str, int]]) -> None:
    clock = LeapingClock()
    limits = Limits(clock, share=0.005)  # 20 in all, 4 listings, 2 of each, in 10 s
    went: list[tuple[str, int]] = []

    async def ask() -> None:
        for path, gap in asks:
            clock.at += gap
            await limits.take("gamma", "GET", path)
            went.append((path, clock.now()))

    asyncio.run(ask())

    listings = [at for path, at in went if path in ("/markets", "/events")]
    assert most_in_any_window([at for _, at in went], 10 * SECOND) <= 20
    assert not listings or most_in_any_window(listings, 10 * SECOND) <= 4
