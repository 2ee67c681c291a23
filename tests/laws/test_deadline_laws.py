"""Deadlines and families: what always holds, whatever the questions."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.features.deadlines import Kind, deadline_of
from polyrules.features.families import Families
from polyrules.features.question_dates import midnight

YEAR = 365 * 86_400_000_000
DAYS = st.dates(date(2007, 1, 1), date(2099, 12, 30))
FORMS = (
    "{0:%B} {0.day}, {0.year}",
    "{0:%b}. {0.day} {0.year}",
    "{0.day} {0:%B} {0.year}",
)
_WORDS = """
    by before in on end of the march june 31 30th 2026 2027 q2 eoy not no week - , ?
    will tria launch exactly 1-2 between $5 at 11:59 pm et (et) 3/31/2026 2026-02-30
"""
WORDS = st.sampled_from(_WORDS.split())
TEXTS = st.text(max_size=60) | st.lists(WORDS, max_size=12).map(" ".join)
MOMENTS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 100 * YEAR)


def market(
    question: str,
    *,
    name: str = "m",
    group: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> Market:
    return Market(
        id=MarketId(name),
        yes=TokenId(f"{name}-yes"),
        no=TokenId(f"{name}-no"),
        question=question,
        group=None if group is None else GroupId(group),
        start=start,
        end=end,
    )


@given(day=DAYS)
def test_a_day_begins_when_the_time_zone_tables_say_so(day: date) -> None:
    try:
        zone = ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        pytest.skip("no time zone tables on this machine")

    told = datetime(day.year, day.month, day.day, tzinfo=zone)

    # From 2038 on the tables of some machines end; the rule of the law does not.
    if day.year < 2038:
        assert midnight(day) == int(told.timestamp()) * 1_000_000


@given(day=DAYS, form=st.sampled_from(FORMS), word=st.sampled_from(("By", "by", "BY")))
def test_a_day_is_read_however_it_is_written(day: date, form: str, word: str) -> None:
    said = deadline_of(market(f"Strike {word} {form.format(day)}?"))

    assert (said.kind, said.stem) == (Kind.DEADLINE, "strike")
    assert said.at == midnight(day + timedelta(days=1))


@given(day=DAYS)
def test_before_a_day_is_by_the_day_before(day: date) -> None:
    before = deadline_of(market(f"Strike before {day}?"))
    by = deadline_of(market(f"Strike by {day - timedelta(days=1)}?"))

    assert before.at == by.at


@given(day=DAYS, late=st.integers(0, 300))
def test_a_year_left_out_is_found_again_from_the_start(day: date, late: int) -> None:
    start = midnight(day - timedelta(days=late))
    spoken = market(f"Strike by {day:%B} {day.day}, {day.year}?", start=start)
    silent = market(f"Strike by {day:%B} {day.day}?", start=start)

    assert deadline_of(silent).at == deadline_of(spoken).at
    assert deadline_of(silent).confidence < deadline_of(spoken).confidence


@given(text=TEXTS, start=MOMENTS, end=MOMENTS, seen=MOMENTS)
def test_any_text_is_read_and_a_moment_is_never_without_confidence(
    text: str, start: int | None, end: int | None, seen: int | None
) -> None:
    said = deadline_of(market(text, start=start, end=end), seen)

    assert 0 <= said.confidence <= 1
    assert (said.at is None) == (said.confidence == 0)
    assert said.why or said.confidence == 1


@st.composite
def listings(draw: st.DrawFn) -> list[Market]:
    """Markets of few stems and few deadlines, so that families are many."""
    days = ["March 31", "March 31, 2026", "June 30, 2026", "December 31, 2026", "May 1"]
    chosen = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["Ape", "Bee", "Not a cat"]),
                st.sampled_from(["by", "before", "in"]),
                st.sampled_from(days),
                st.sampled_from([None, "g", "h"]),
                st.sampled_from([None, 56 * YEAR + YEAR // 5]),
            ),
            max_size=12,
        )
    )
    return [
        market(f"{stem} {word} {day}?", name=f"m{row}", group=group, start=start)
        for row, (stem, word, day, group, start) in enumerate(chosen)
    ]


def listed(families: Families, *, adjacent: bool) -> list[tuple[int, int, float]]:
    columns = families.pairs(adjacent=adjacent)
    return list(zip(*(column.tolist() for column in columns[:3]), strict=True))


def told(markets: Sequence[Market], *, adjacent: bool) -> set[tuple[int, int]]:
    """Tell the pairs plainly: one stem, a later deadline, and none between them."""
    said = [deadline_of(one) for one in markets]
    moments: dict[int, tuple[str, int]] = {
        row: (one.stem, one.at)
        for row, one in enumerate(said)
        if one.kind is Kind.DEADLINE and one.at is not None
    }
    return {
        (near, far)
        for near, far in product(moments, repeat=2)
        if moments[near][0] == moments[far][0] and moments[near][1] < moments[far][1]
        if not adjacent
        or not any(
            stem == moments[near][0] and moments[near][1] < at < moments[far][1]
            for stem, at in moments.values()
        )
    }


@given(markets=listings(), adjacent=st.booleans())
def test_pairs_are_what_their_definition_tells(
    markets: list[Market], adjacent: bool
) -> None:
    families = Families()
    for row, one in enumerate(markets):
        families.add(row, one)

    found = listed(families, adjacent=adjacent)
    assert {(near, far) for near, far, _ in found} == told(markets, adjacent=adjacent)
    assert len(found) == len(told(markets, adjacent=adjacent))
    assert all(0 < confidence <= 1 for _, _, confidence in found)


@given(markets=listings(), adjacent=st.booleans(), data=st.data())
def test_the_order_in_which_markets_came_and_what_was_asked_before_never_matters(
    markets: list[Market], adjacent: bool, data: st.DataObject
) -> None:
    once, slowly = Families(), Families()
    for row, one in enumerate(markets):
        once.add(row, one)

    for row in data.draw(st.permutations(range(len(markets)))):
        slowly.add(row, market("Ape by May 1, 2027?", name=markets[row].id))
        slowly.pairs(adjacent=adjacent)
        slowly.add(row, markets[row])

    assert listed(slowly, adjacent=adjacent) == listed(once, adjacent=adjacent)
    assert slowly.all() == once.all()


@given(markets=listings(), adjacent=st.booleans(), rows_max=st.integers(0, 8))
def test_a_bound_cuts_the_last_pairs_and_counts_them(
    markets: list[Market], adjacent: bool, rows_max: int
) -> None:
    whole, bounded = Families(), Families(rows_max=rows_max)
    for row, one in enumerate(markets):
        whole.add(row, one)
        bounded.add(row, one)

    every = listed(whole, adjacent=adjacent)
    assert listed(bounded, adjacent=adjacent) == every[:rows_max]
    assert bounded.left_out(adjacent=adjacent) == len(every[rows_max:])
    assert bounded.all() == whole.all()
