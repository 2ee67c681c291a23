import ast

import pytest

from polyrules.features.catalog import CATALOG
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Checked, Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.strategy import Window

BOOL = Type(Kind.BOOL)
PROB = Type(Kind.NUMBER, "prob")
HOUR = 3_600_000_000
PARAMS = {
    "look": (Type(Kind.NUMBER, "seconds"), 300.0),
    "enough": (Type(Kind.NUMBER, "1"), 0.5),
}
PAIR = {
    f"{alias}.{name}": type_
    for alias in ("near", "far")
    for name, type_ in feature_types().items()
} | {"pair.gap": Type(Kind.NUMBER, "hours")}
MID = frozenset({"mid"})
EVENT = {
    "event.liquidity": Type(Kind.NUMBER, "usd"),
    "event.position_cost": Type(Kind.NUMBER, "usd"),
}


def checked(
    source: str,
    windows: Windows | None = None,
    types: dict[str, Type] | None = None,
    **lets: Expression,
) -> Checked:
    names = dict(types or feature_types())
    names |= {name: let.type for name, let in lets.items()}
    windows = Windows() if windows is None else windows
    return check(source, Scope(names, PARAMS, windows, lets), None)


def read(source: str, windows: Windows | None = None, **lets: Expression) -> Expression:
    found = checked(source, windows, None, **lets)
    assert found.findings == ()
    assert found.expression is not None
    return found.expression


def hoisted(
    source: str, types: dict[str, Type] | None = None, **lets: Expression
) -> Window:
    windows = Windows()
    assert checked(source, windows, types, **lets).findings == ()
    (window,) = windows
    return window


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        ("delta(mid, look)", "prob"),
        ("min_over(volume_1h, look)", "usd"),
        ("max_over(mid, look)", "prob"),
        ("sum_over(volume_total, look)", "usd"),
        ("count_over(spread > 0.02, look)", "count"),
        ("ewma(mid, look)", "prob"),
        ("slope(mid, look)", "prob/hours"),
        ("slope(hours_to_close, look)", "1"),
        ("slope(1 if neg_risk else 0, look)", "1/hours"),
        ("pct_rank_over(mid, look)", "1"),
        ("since(spread > 0.02)", "seconds"),
    ],
)
def test_what_looks_back_has_a_unit(source: str, unit: str) -> None:
    assert read(source).type == Type(Kind.NUMBER, unit)


@pytest.mark.parametrize(
    "source", ["held_for(spread < 0.02, look)", "crossed_above(mid, 0.5)"]
)
def test_what_looks_back_may_be_a_condition(source: str) -> None:
    assert read(f"{source} and not {source}").type == BOOL
    assert hoisted(source).argument.type == BOOL


def test_a_delta_is_the_value_less_its_lag() -> None:
    windows = Windows()

    expression = read("delta(mid, look) > lag(mid, look)", windows)

    assert ast.unparse(expression.tree).replace(" ", "") == "mid-@1>@1"
    assert [window.kernel for window in windows] == ["lag"]


def test_the_change_of_a_price_is_on_the_grid_of_prices() -> None:
    expression = read("delta(mid, look)")

    assert expression.snaps(expression.tree)


def test_a_crossing_looks_back_at_whether_one_side_is_above() -> None:
    window = hoisted("crossed_above(mid, lead)", lead=read("best_bid + 0.01"))

    assert ast.unparse(window.argument.tree) == "mid > best_bid + 0.01"
    assert window.length == 0


@pytest.mark.parametrize(
    ("source", "cover"),
    [
        ("mean_over(mid, look)", 0.8),
        ("mean_over(mid, look, cover=0.25)", 0.25),
        ("mean_over(mid, look, cover=1)", 1.0),
        ("mean_over(mid, look, cover=enough)", 0.5),
        ("held_for(neg_risk, look, cover=enough / 5)", 0.1),
    ],
)
def test_the_cover_of_a_window_can_be_chosen(source: str, cover: float) -> None:
    assert hoisted(source).cover == cover


def test_windows_of_another_cover_are_other_windows() -> None:
    windows = Windows()

    read("mean_over(mid, look, cover=0.5) - mean_over(mid, look)", windows)
    read("mean_over(mid, look, cover=enough)", windows)

    assert [(w.name, w.cover) for w in windows] == [("@1", 0.5), ("@2", 0.8)]


@pytest.mark.parametrize(
    ("source", "code", "marked", "message"),
    [
        (
            "mean_over(mid, look, cover=0)",
            "PW002",
            "0",
            "the cover of mean_over must be in (0, 1], was 0",
        ),
        (
            "mean_over(mid, look, cover=80)",
            "PW002",
            "80",
            "the cover of mean_over must be in (0, 1], was 80",
        ),
        (
            "mean_over(mid, look, cover=mid)",
            "PW002",
            "mid",
            "the cover of mean_over must be in (0, 1], was mid",
        ),
        (
            "mean_over(mid, look, cover='all')",
            "PW002",
            "'all'",
            "the cover of mean_over must be in (0, 1], was 'all'",
        ),
        (
            "mean_over(mid, look, cover=look)",
            "PW002",
            "look",
            "the cover of mean_over must be in (0, 1], was look",
        ),
        (
            "mean_over(mid, look, cover=spraed)",
            "PN001",
            "spraed",
            'unknown feature "spraed"',
        ),
        (
            "mean_over(mid, look, by='event')",
            "PE002",
            "'event'",
            'mean_over has no argument "by"',
        ),
        (
            "lag(mid, look, cover=0.5)",
            "PE002",
            "0.5",
            '"cover=" is not allowed: arguments have no names',
        ),
        (
            "mean_over(x=mid, look)",
            "PE001",
            ")",
            'syntax error at ")"',
        ),
        (
            "since(mid)",
            "PW002",
            "mid",
            "since looks back at a condition, got number[prob]",
        ),
        (
            "max_over(neg_risk, look)",
            "PW002",
            "neg_risk",
            "max_over looks back at a number, got bool",
        ),
        (
            "held_for(true_, look)",
            "PN001",
            "true_",
            'unknown feature "true_"',
        ),
        (
            "ewma(mid, days(40))",
            "PW002",
            "days(40)",
            "the halflife of ewma must be in (0, 31 days], was 3.456e+06 s",
        ),
        (
            "crossed_above(mid, hours_to_close)",
            "PU002",
            "mid, hours_to_close",
            "cannot compare prob with hours",
        ),
        ("crossed_above(mid, 92)", "PU003", "92", "92 is outside [0, 1]: prices are"),
        (
            "held_for(since(neg_risk) > 5, look)",
            "PW002",
            "since(neg_risk) > 5",
            "held_for cannot look back at what looks back itself",
        ),
        (
            "lag(rank(mid), look)",
            "PW002",
            "rank(mid)",
            "lag cannot look back at what compares markets",
        ),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    source: str, code: str, marked: str, message: str
) -> None:
    (finding,) = checked(source).findings

    assert (finding.code, source[finding.start : finding.end]) == (code, marked)
    assert finding.message.startswith(message)


def test_all_that_is_wrong_with_a_window_is_told_at_once() -> None:
    findings = checked("held_for(mid, 5, cover=2)").findings

    assert [each.code for each in findings] == ["PW002", "PW002", "PW002"]


def test_a_window_looks_back_at_one_market_of_a_row() -> None:
    windows = Windows()

    found = checked("delta(near.mid, look) - lag(far.mid, look)", windows, PAIR)

    assert found.expression is not None
    assert found.expression.reads == {"near.mid", "@1", "@2"}
    assert [(w.name, w.alias, w.argument.reads) for w in windows] == [
        ("@1", "near", MID),
        ("@2", "far", MID),
    ]
    assert [ast.unparse(w.argument.tree) for w in windows] == ["mid", "mid"]


def test_what_stands_beside_a_market_is_a_feature_of_it() -> None:
    window = hoisted("slope(spot.price, look)")

    assert (window.alias, window.argument.reads) == ("", frozenset({"spot.price"}))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "lag(near.mid - far.mid, look)",
            "lag looks back at one market, and this reads far and near",
        ),
        (
            "lag(pair.gap, look)",
            'lag looks back at a market, and "pair.gap" is of the row',
        ),
        (
            "rank(near.mid + far.mid)",
            "rank compares one market, and this reads far and near",
        ),
        (
            "rank(near.mid + lag(far.mid, look))",
            "rank compares one market, and this reads far and near",
        ),
        ("count_in('event')", "whose group count_in means is open: far or near"),
        ("exposure('all')", "whose group exposure means is open: far or near"),
    ],
)
def test_a_row_of_several_markets_has_no_past_of_its_own(
    source: str, message: str
) -> None:
    (finding,) = checked(source, types=PAIR).findings

    assert (finding.code, finding.message) == ("PW005", message)


def test_rows_that_are_no_markets_are_in_no_group() -> None:
    (of_all,) = checked("exposure('event')", types=EVENT).findings
    (of_one,) = checked("sum_in(event.liquidity, 'all')", types=EVENT).findings

    assert (of_all.code, of_one.code) == ("PW005", "PW005")
    assert of_all.message == (
        "exposure asks for the group of a market, and these rows are none"
    )


@pytest.mark.parametrize("name", ["outcome", "resolved_at", "end_date", "m.payout"])
def test_what_is_known_only_after_the_end_is_refused_as_that(name: str) -> None:
    (finding,) = checked(f"{name} == 1").findings

    assert (finding.code, finding.start, finding.end) == ("PL012", 0, len(name))
    assert finding.message.startswith(
        f'"{name}" is known only at or after resolution: it is '
    )


def test_no_feature_is_known_too_late() -> None:
    assert [
        name for name in CATALOG if checked(f"known({name})").expression is None
    ] == []


def test_a_let_may_bear_the_name_of_what_is_known_too_late() -> None:
    assert read("won > 0.5", won=read("mid * 2")).reads == {"won"}
