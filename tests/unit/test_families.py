"""Which questions are one family, and which of its rows are pairs."""

from itertools import pairwise

import numpy as np
import pytest

from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.features.families import Families

DAY = 86_400_000_000
MARCH_31_2026 = 1_774_915_200_000_000  # 0:00 UTC
TRIA = "Will Tria launch a token by {}?"


def market(
    name: str,
    question: str,
    *,
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


def families_of(*questions: str) -> Families:
    families = Families()
    for row, question in enumerate(questions):
        families.add(row, market(f"m{row}", question))
    return families


def pairs(families: Families, *, adjacent: bool = True) -> list[tuple[int, int]]:
    near, far, *_ = families.pairs(adjacent=adjacent)
    return list(zip(near.tolist(), far.tolist(), strict=True))


@pytest.fixture
def tria() -> Families:
    return families_of(
        TRIA.format("December 31, 2026"),
        TRIA.format("March 31, 2026"),
        "Will Bitcoin reach $100k?",
        TRIA.format("September 30, 2026"),
        TRIA.format("June 30, 2026"),
    )


def test_a_family_is_in_the_order_of_its_deadlines(tria: Families) -> None:
    (family,) = tria.all()

    assert family.stem == "will tria launch a token"
    assert [member.row for member in family.members] == [1, 4, 3, 0]
    assert family.confidence == 0.9
    assert family.why == ("the venue says no end",)


def test_adjacent_pairs_are_neighbours_in_time(tria: Families) -> None:
    assert pairs(tria) == [(1, 4), (4, 3), (3, 0)]


def test_otherwise_all_pairs_of_a_family_are_listed(tria: Families) -> None:
    every = [(1, 4), (1, 3), (1, 0), (4, 3), (4, 0), (3, 0)]

    assert pairs(tria, adjacent=False) == every


def test_pairs_are_columns_of_rows_and_how_sure_they_are(tria: Families) -> None:
    near, far, confidence, gap = tria.pairs(adjacent=True)

    assert near.dtype == np.dtype(np.intp)
    assert far.dtype == np.dtype(np.intp)
    assert confidence.tolist() == [0.9, 0.9, 0.9]
    assert gap.tolist() == [2184.0, 2208.0, 2209.0]  # an hour for the end of summer


def test_families_come_by_their_stems() -> None:
    families = families_of(
        "Zebra by June 30, 2026?",
        "Ape by June 30, 2026?",
        "Zebra by March 31, 2026?",
        "Ape by March 31, 2026?",
    )

    assert [family.stem for family in families.all()] == ["ape", "zebra"]
    assert pairs(families) == [(3, 1), (2, 0)]


def test_nothing_is_a_family_at_first() -> None:
    families = Families()

    assert families.all() == ()
    assert pairs(families) == []
    assert families.pairs(adjacent=False).near.dtype == np.dtype(np.intp)


def test_equal_deadlines_are_no_pair() -> None:
    families = families_of("IPO before 2027?", "IPO by December 31, 2026?")

    assert families.all() == ()
    assert pairs(families) == []


def test_two_markets_of_one_deadline_pair_with_the_next_but_not_together() -> None:
    families = families_of(
        "IPO before 2027?", "IPO by December 31, 2026?", "IPO before 2028?"
    )

    assert pairs(families) == [(0, 2), (1, 2)]
    assert pairs(families, adjacent=False) == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Trump says Cuba in March 2026?", "Trump says Cuba in June 2026?"),
        ("Trump says Cuba by March 31, 2026?", "Trump says Cuba in June 2026?"),
        ("Iran not struck by March 31, 2026?", "Iran not struck by June 30, 2026?"),
        ("Gold hits $4,700 by March 31, 2026?", "Gold hits $4,800 by June 30, 2026?"),
        ("Hit $1.5 by March 31, 2026?", "Hit $15 by June 30, 2026?"),
        ("By March 31, 2026?", "By June 30, 2026?"),
        ("IPO by March 31?", "IPO by June 30?"),
    ],
)
def test_questions_that_differ_in_more_are_no_family(first: str, second: str) -> None:
    assert families_of(first, second).all() == ()


def test_small_letters_quotes_and_blanks_make_no_difference() -> None:
    families = families_of(
        "Will “GPT-6” be  released by March 31, 2026?",
        'will "gpt-6" be released by June 30, 2026 ?',
    )

    assert pairs(families) == [(0, 1)]


def test_two_groups_of_the_venue_make_a_family_unsure() -> None:
    families = Families()
    families.add(0, market("near", "IPO by March 31, 2026?", group="a"))
    families.add(1, market("far", "IPO by June 30, 2026?", group="b"))

    (family,) = families.all()
    assert family.confidence == 0.5
    assert "near and far are of two groups of the venue" in family.why
    assert families.pairs(adjacent=True).confidence.tolist() == [0.5]


def test_one_group_or_an_unknown_one_does_not() -> None:
    families = Families()
    families.add(0, market("near", "IPO by March 31, 2026?", group="a"))
    families.add(1, market("later", "IPO by June 30, 2026?", group="a"))
    families.add(2, market("far", "IPO before 2027?"))

    assert families.pairs(adjacent=True).confidence.tolist() == [0.9, 0.9]


def test_a_market_that_starts_after_the_other_is_over_is_hardly_of_one_family() -> None:
    families = Families()
    families.add(0, market("near", "IPO by March 31, 2026?"))
    families.add(
        1, market("far", "IPO by June 30, 2026?", start=MARCH_31_2026 + 2 * DAY)
    )

    (family,) = families.all()
    assert family.confidence == 0.2
    assert "far starts after the deadline of near" in family.why


def test_a_market_that_starts_as_the_other_is_over_shares_no_time_with_it() -> None:
    midnight_in_new_york = MARCH_31_2026 + DAY + DAY // 6
    families = Families()
    families.add(0, market("near", "IPO by March 31, 2026?"))
    families.add(1, market("far", "IPO by June 30, 2026?", start=midnight_in_new_york))

    assert families.pairs(adjacent=True).confidence.tolist() == [0.2]


def test_markets_of_one_deadline_are_in_order_of_their_ids() -> None:
    families = Families()
    families.add(0, market("b", "IPO before 2027?"))
    families.add(1, market("a", "IPO by December 31, 2026?"))
    families.add(2, market("c", "IPO before 2028?"))

    assert pairs(families) == [(1, 2), (0, 2)]


def test_a_pair_is_as_sure_as_its_less_sure_member() -> None:
    families = Families()
    families.add(0, market("near", "IPO by March 31, 2026?", end=MARCH_31_2026))
    families.add(1, market("far", "IPO by June 30, 2026?", end=MARCH_31_2026))

    assert families.pairs(adjacent=True).confidence.tolist() == [0.6]


def test_pairs_stay_the_same_until_a_family_changes(tria: Families) -> None:
    before = tria.pairs(adjacent=True)

    tria.add(1, market("m1", TRIA.format("March 31, 2026")))
    tria.add(5, market("m5", "Lakers vs. Celtics"))
    tria.add(6, market("m6", "Alone by June 30, 2026?"))
    assert tria.pairs(adjacent=True) is before

    tria.add(7, market("m7", TRIA.format("April 30, 2026")))
    assert pairs(tria) == [(1, 7), (7, 4), (4, 3), (3, 0)]


def test_pairs_cannot_be_written_to(tria: Families) -> None:
    near = tria.pairs(adjacent=True).near

    with pytest.raises(ValueError, match="read-only"):
        near[0] = 3


def test_a_market_whose_question_changes_leaves_its_family(tria: Families) -> None:
    tria.add(4, market("m4", "Will Tria merge by June 30, 2026?"))

    assert pairs(tria) == [(1, 3), (3, 0)]


def test_an_end_that_comes_to_be_known_makes_a_pair_surer() -> None:
    families = families_of("IPO by March 31, 2026?", "IPO before 2027?")
    assert families.pairs(adjacent=True).confidence.tolist() == [0.9]

    families.add(0, market("m0", "IPO by March 31, 2026?", end=MARCH_31_2026))
    families.add(1, market("m1", "IPO before 2027?", end=MARCH_31_2026 + 275 * DAY))

    assert families.pairs(adjacent=True).confidence.tolist() == [1.0]


def test_only_the_first_time_a_market_is_seen_tells_its_year() -> None:
    families = Families()
    families.add(0, market("near", "IPO by March 31?"), MARCH_31_2026)
    families.add(1, market("far", "IPO by April 30, 2026?"), MARCH_31_2026)
    families.add(0, market("near", "IPO by March 31?", group="a"), 2 * MARCH_31_2026)

    assert pairs(families) == [(0, 1)]


def test_pairs_beyond_the_bound_are_left_out_and_counted() -> None:
    families = Families(rows_max=4)
    days = ("March 31", "June 30", "September 30", "December 31")
    for row, day in enumerate(days):
        families.add(row, market(f"m{row}", TRIA.format(f"{day}, 2026")))

    assert pairs(families, adjacent=False) == [(0, 1), (0, 2), (0, 3), (1, 2)]
    assert families.left_out(adjacent=False) == 2
    assert families.left_out(adjacent=True) == 0


def test_a_family_of_thousands_is_cut_without_being_written_out() -> None:
    families = Families(rows_max=3)
    for row in range(5_000):
        date = "March 31, 2026" if row < 2_500 else "June 30, 2026"
        families.add(row, market(f"m{row:04}", f"IPO by {date}?"))

    assert pairs(families, adjacent=False) == [(0, 2500), (0, 2501), (0, 2502)]
    assert families.left_out(adjacent=False) == 2_500 * 2_500 - 3


def test_members_of_a_family_are_in_order_of_their_moments(tria: Families) -> None:
    (family,) = tria.all()

    assert all(near.at < far.at for near, far in pairwise(family.members))
