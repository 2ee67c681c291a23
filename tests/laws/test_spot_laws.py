import math
from bisect import bisect_right
from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import SpotTicked
from polyrules.domain.market import Listing
from polyrules.features.table import Feeds, Table
from tests.builders import NOON, SECOND, at, market

START = 900  # seconds after noon
STALE = 30
Told = list[tuple[int, float]]  # seconds after noon, price


def table_of(told: Told) -> Table:
    table = Table(Feeds())
    slug = f"btc-updown-15m-{NOON // SECOND + START}"
    table.add(msgspec.structs.replace(market(), slug=slug), Listing(), NOON)
    for event in events(told):
        table.tick_spot(event)
    return table


def events(told: Told) -> list[SpotTicked]:
    return [
        SpotTicked(at=at(seconds), symbol="BTC", source=source, price=price)
        for seconds, price in told
        for source in ("price", "twap_60")
    ]


def read(table: Table, name: str, seconds: int) -> float:
    return float(table.read(name, np.array([0]), at(seconds))[0])


@st.composite
def histories(draw: st.DrawFn, most: int = 80) -> Told:
    """A price every few seconds, with silences, that begins near a round's start."""
    seconds, told = draw(st.integers(0, 950)), []
    for _ in range(draw(st.integers(1, most))):
        told.append((seconds, draw(st.floats(1.0, 1e6))))
        seconds += draw(st.sampled_from([0, 1, 2, 5, 20, 30, 31, 100]))
    return told


def held(told: Told, seconds: int, age_max: int) -> float:
    """Return what held at a moment, by looking at everything that was told."""
    last = bisect_right([when for when, _ in told], seconds) - 1
    if last < 0 or seconds - told[last][0] > age_max:
        return math.nan
    return told[last][1]


def volatility(told: Told, now: int) -> float:
    """Return the realised volatility of a minute, second by second."""
    if math.isnan(held(told, now, STALE)):
        return math.nan
    pairs = [
        (before, after)
        for before, after in pairwise(told)
        if after[0] - before[0] <= STALE and after[0] > now - 300
    ]
    seconds = {s for (a, _), (b, _) in pairs for s in range(a, b)}
    seconds |= set(range(told[-1][0], now))
    covered = len([s for s in seconds if s >= now - 300]) / 60
    if covered < 1:
        return math.nan
    squares = [(after / before - 1) ** 2 for (_, before), (_, after) in pairs]
    return math.sqrt(math.fsum(squares) / covered)


def same(one: float, other: float) -> bool:
    both_missing = math.isnan(one) and math.isnan(other)
    return both_missing or math.isclose(one, other, rel_tol=1e-12)


@given(told=histories(), later=st.integers(0, 40))
def test_spot_is_what_a_look_at_everything_told_says(told: Told, later: int) -> None:
    now = told[-1][0] + later

    table = table_of(told)

    price, before = held(told, now, STALE), held(told, now - 60, STALE)
    assert same(read(table, "spot.price", now), price)
    assert same(read(table, "spot.ret_1m", now), price / before - 1)
    assert same(read(table, "spot.vol_1m", now), volatility(told, now))


@given(told=histories(), later=st.integers(0, 40))
def test_a_rounds_start_is_what_held_as_it_began_and_nothing_later(
    told: Told, later: int
) -> None:
    now = told[-1][0] + later

    table = table_of(told)

    known = held(told, START, 60) if now >= START else math.nan
    assert same(read(table, "round.twap_start", now), known)
    assert same(read(table, "round.open", now), known)


@given(told=histories(), more=histories())
def test_what_comes_later_never_changes_a_start_that_was_known(
    told: Told, more: Told
) -> None:
    now = max(told[-1][0], START)
    table = table_of(told)
    known = read(table, "round.twap_start", now)

    for event in events([(now + 1 + seconds, price) for seconds, price in more]):
        table.tick_spot(event)

    assert same(read(table, "round.twap_start", now + 1 + more[-1][0]), known)
