"""What a summary says of silence and of refusals."""

from collections import Counter

from polyrules.engine.asking.rules import Funnel
from polyrules.summary import Tally, why_no_orders, why_silent
from tests.strategies import strategy


def silent(missing: dict[tuple[str, str], int]) -> list[str]:
    funnel = Funnel(evaluations=10, rows=1_000, universe=900)
    funnel.missing = Counter(missing)
    return why_silent(strategy(), funnel)[1:]


def test_what_is_missing_on_hardly_any_row_explains_no_silence() -> None:
    told = silent({("spread", "no_book"): 9, ("best_ask", "no_book"): 10})

    assert told == ["missing best_ask on 1% of rows: no book was seen yet"]


def test_a_source_without_ends_is_said_to_state_none() -> None:
    told = silent({("hours_to_close", "not_covered"): 1_000})

    assert told == ["missing hours_to_close on 100% of rows: the source states no end"]


def test_the_commonest_refusal_is_told_in_its_own_words() -> None:
    asked = strategy()
    tally = Tally([asked])
    tally.refusals[asked.id, "cash"] = 2
    tally.refusals[asked.id, "minimum_size"] = 4_007
    tally.reasons[asked.id, "minimum_size"] = "0.49 usd is below the least of 1.00"

    assert why_no_orders(asked.id, tally) == (
        "minimum_size 4,007x: 0.49 usd is below the least of 1.00"
    )
