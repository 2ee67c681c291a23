import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.moments import SECOND
from polyrules.venues.http.breaker import Breaker, Ticket
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.failures import CircuitOpen, Refused, ServerDown
from tests.venues.http_fakes import BEGIN, Asker


def enter(breaker: Breaker, now: int) -> Ticket:
    ticket = breaker.enter(now)
    assert ticket is not None
    return ticket


def opened(cooldown: int = 10) -> Breaker:
    """A breaker that opened at 0."""
    breaker = Breaker(failures=1, cooldown=cooldown)
    assert breaker.failed(enter(breaker, 0), 0)
    return breaker


def test_a_host_that_fails_again_and_again_is_left_alone() -> None:
    breaker = Breaker(failures=3, cooldown=10)

    news = [breaker.failed(enter(breaker, now), now) for now in (1, 2, 3)]

    assert news == [False, False, True]
    assert breaker.enter(3) is None
    assert breaker.enter(12) is None
    assert breaker.open_until(12) == 13
    assert breaker.opened == 1


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(failures=2, cooldown=10)

    breaker.failed(enter(breaker, 1), 1)
    breaker.succeeded(enter(breaker, 2))
    breaker.failed(enter(breaker, 3), 3)

    assert breaker.in_a_row == 1
    assert breaker.open_until(3) is None


def test_requests_that_went_down_together_count_as_one_failure() -> None:
    breaker = Breaker(failures=2, cooldown=10)
    together = [enter(breaker, 1), enter(breaker, 1), enter(breaker, 1)]

    for ticket in together:
        breaker.failed(ticket, 2)

    assert breaker.in_a_row == 1
    assert breaker.open_until(2) is None


def test_after_the_cooldown_one_probe_is_let_through() -> None:
    breaker = opened(cooldown=10)

    assert breaker.open_until(10) is None
    assert breaker.enter(10) is not None
    assert breaker.enter(10) is None
    assert breaker.open_until(11) == 21


def test_a_probe_that_succeeds_closes_the_breaker() -> None:
    breaker = opened()

    breaker.succeeded(enter(breaker, 10))

    assert breaker.enter(11) is not None
    assert breaker.enter(11) is not None
    assert breaker.in_a_row == 0


def test_a_probe_that_fails_opens_it_again_at_once() -> None:
    breaker = Breaker(failures=3, cooldown=10)
    for now in (1, 2, 3):
        breaker.failed(enter(breaker, now), now)

    again = breaker.failed(enter(breaker, 13), 14)

    assert again
    assert breaker.open_until(15) == 24
    assert breaker.opened == 2


def test_a_probe_that_is_given_up_makes_room_for_the_next() -> None:
    breaker = opened()

    breaker.dropped(enter(breaker, 10))

    assert breaker.enter(11) is not None


def test_an_answer_from_before_it_opened_changes_nothing() -> None:
    breaker = Breaker(failures=1, cooldown=10)
    slow, slower, failing = (enter(breaker, 0) for _ in range(3))
    breaker.failed(failing, 1)

    breaker.succeeded(slow)
    late = breaker.failed(slower, 9)

    assert not late
    assert breaker.open_until(9) == 11


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["enter", "succeeded", "failed", "dropped"]),
            st.integers(0, 7),
            st.integers(0, 9),
        ),
        max_size=80,
    )
)
def test_half_open_it_never_has_more_than_one_probe_under_way(
    steps: list[tuple[str, int, int]],
) -> None:
    breaker = Breaker(failures=2, cooldown=6)
    now = 0
    open_since: int | None = None
    out: list[tuple[Ticket, bool]] = []  # and whether it is a probe

    for what, which, later in steps:
        now += later
        if what == "enter":
            ticket = breaker.enter(now)
            if ticket is not None:
                assert open_since is None or now >= open_since + 6
                out.append((ticket, open_since is not None))
        elif out:
            ticket, probe = out.pop(which % len(out))
            before = breaker.opened
            if what == "failed":
                breaker.failed(ticket, now)
            else:
                getattr(breaker, what)(ticket)
            if breaker.opened > before:
                open_since = now
            elif probe and what == "succeeded":
                open_since = None
        if open_since is not None:
            assert sum(probe for _, probe in out) <= 1


async def test_while_it_is_open_nothing_is_asked() -> None:
    breaker = Breaker(failures=2, cooldown=10 * SECOND)
    asker = Asker(Reply(503, b""), attempts=1, breaker=breaker)
    for _ in range(2):
        with pytest.raises(ServerDown):
            await asker.rest.get("/markets")

    with pytest.raises(CircuitOpen) as caught:
        await asker.rest.get("/markets")

    assert caught.value.message == (
        "gamma.test: GET /markets not tried for now, as the last 2 requests failed"
        " (503)"
    )
    assert caught.value.until == BEGIN + 10 * SECOND
    assert len(asker.transport.sent) == 2
    assert asker.counted() == {
        "request": 2,
        "503": 2,
        "gave_up": 2,
        "breaker_opened": 1,
        "circuit_open": 1,
    }


async def test_while_it_is_open_nobody_waits_for_its_turn() -> None:
    breaker = opened(cooldown=10**18)
    asker = Asker(Reply(200, b"[]"), breaker=breaker, limited=True)
    assert asker.limits is not None
    asker.limits.hold("gamma", "GET", "/markets", SECOND)

    with pytest.raises(CircuitOpen):
        await asker.rest.get("/markets")

    assert asker.clock.slept == []


async def test_a_host_that_came_back_is_asked_again() -> None:
    breaker = Breaker(failures=1, cooldown=10 * SECOND)
    asker = Asker(TimeoutError(), Reply(200, b"[]"), attempts=2, breaker=breaker)
    with pytest.raises(CircuitOpen):
        await asker.rest.get("/markets")
    asker.clock.at += 10 * SECOND

    body = await asker.rest.get("/markets")

    assert body == b"[]"
    assert breaker.open_until(asker.clock.at) is None


async def test_refusals_never_open_it() -> None:
    breaker = Breaker(failures=1, cooldown=10 * SECOND)
    asker = Asker(Reply(404, b""), breaker=breaker)

    for _ in range(3):
        with pytest.raises(Refused):
            await asker.rest.get("/book")

    assert breaker.opened == 0


async def test_a_probe_that_is_cancelled_does_not_shut_the_host_out() -> None:
    breaker = opened(cooldown=1)
    asker = Asker(Reply(200, b"[]"), breaker=breaker)
    task = asyncio.create_task(asker.rest.get("/markets"))
    await asker.transport.asked.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asker.rest.get("/markets") == b"[]"
