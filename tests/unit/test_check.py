import ast

import pytest

from polyrules.documents.words import did_you_mean
from polyrules.features.catalog import CATALOG, CATEGORIES
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.functions import FUNCTIONS, GROUPS, WINDOWS

BOOL = Type(Kind.BOOL)
PROB = Type(Kind.NUMBER, "prob")
RATIO = Type(Kind.NUMBER, "1")
PARAMS = {
    "min_prob": (PROB, 0.92),
    "look": (Type(Kind.NUMBER, "seconds"), 300.0),
    "horizon": (Type(Kind.NUMBER, "hours"), 2.0),
    "strict": (BOOL, True),
}
MINUTE = 60_000_000


def scope(windows: Windows | None = None, **lets: Type) -> Scope:
    return Scope({**feature_types(), **lets}, PARAMS, windows)


def read(source: str, want: Type | None = None, **lets: Type) -> Expression:
    checked = check(source, scope(Windows(), **lets), want)
    assert checked.findings == ()
    assert checked.expression is not None
    return checked.expression


def found(source: str, want: Type | None = None) -> list[tuple[str, str, str]]:
    """Return code, marked text and message of everything that is wrong."""
    checked = check(source, scope(Windows()), want)
    assert (checked.expression is None) is bool(checked.findings)
    return [
        (each.code, source[each.start : each.end], each.message)
        for each in checked.findings
    ]


def helped(source: str, want: Type | None = None) -> str:
    (finding,) = check(source, scope(Windows()), want).findings
    return finding.help


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        ("best_ask - best_bid", "prob"),
        ("1 - best_ask", "prob"),
        ("-spread", "prob"),
        ("best_ask * bid_size", "usd"),
        ("bid_size * best_ask", "usd"),
        ("liquidity / bid_size", "prob"),
        ("liquidity / best_ask", "shares"),
        ("best_ask * best_bid", "prob"),
        ("liquidity / volume_24h", "1"),
        ("best_ask * book_imbalance", "prob"),
        ("2 * best_ask", "prob"),
        ("best_ask / 2", "prob"),
        ("trade_count_1h * best_ask", "prob"),
        ("hours_to_close / trade_count_1h", "hours"),
        ("trade_count_1h * book_imbalance", "count"),
        ("trade_count_1h / bid_levels", "1"),
        ("1 / trade_count_1h", "1"),
        ("1 / hours_to_close", "1/hours"),
        ("liquidity / hours_to_close", "usd/hours"),
        ("liquidity / hours_to_close * hours_to_close", "usd"),
        ("best_ask * bid_size / hours_to_close", "usd/hours"),
        ("book_age * book_age", "seconds*seconds"),
        ("book_age * book_age / book_age", "seconds"),
        ("1 + 2", ""),
        ("2 * 3", ""),
        ("min_prob", "prob"),
        ("best_ask if neg_risk else 0.5", "prob"),
        ("0.5 if neg_risk else best_ask", "prob"),
        ("coalesce(0.5, best_ask)", "prob"),
        ("min(0.5, best_ask, mid)", "prob"),
        ("clamp(hours_to_close, 0, 48)", "hours"),
        ("abs(price_change_1h)", "prob"),
        ("sign(price_change_1h)", "1"),
        ("floor_tick(mid, tick_size)", "prob"),
        ("bps(50)", "prob"),
        ("hours(2)", "seconds"),
        ("minutes(2) + seconds(1) + days(1)", "seconds"),
        ("to_hours(book_age)", "hours"),
        ("as_prob(book_imbalance / 2)", "prob"),
        ("implied_no(best_ask)", "prob"),
        ("fee(best_ask, fee_rate)", "prob"),
        ("sqrt(book_age / minutes(1))", "1"),
        ("pow(1 + book_imbalance, 2)", "1"),
        ("normal_cdf(trade_count_1h)", "1"),
        ("logit(mid)", "1"),
        ("expit(logit(mid) + 0.1)", "prob"),
        ("mid - lag(mid, look)", "prob"),
        ("mean_over(volume_1h, hours(6))", "usd"),
        ("std_over(mid, horizon)", "prob"),
        ("zscore(mid, look)", "1"),
    ],
)
def test_numbers_carry_their_units_through_arithmetic(source: str, unit: str) -> None:
    assert read(source).type == Type(Kind.NUMBER, unit)


@pytest.mark.parametrize(
    "source",
    [
        "best_ask >= 0.92 and not neg_risk or strict",
        "0 < best_ask <= min_prob",
        "best_ask != -1",
        "1 / hours_to_close > 2",
        "1 / hours_to_close > 2 / hours_to_close",
        "liquidity / bid_size < best_ask",
        "hours_to_close < to_hours(book_age)",
        "category == 'sports'",
        "'sports' != category",
        "category in ('sports', 'crypto')",
        "('tech' if neg_risk else 'other') == category",
        "coalesce(category, 'other') == 'other'",
        "bid_levels in (1, 2)",
        "accepting_orders == neg_risk",
        "known(category) and known(mid) and known(mid > 0.5)",
        "coalesce(mid > 0.5, False)",
        "between(best_ask, 0.1, 0.9)",
        "neg_risk if accepting_orders else True",
    ],
)
def test_conditions_are_bools(source: str) -> None:
    assert read(source, BOOL).type == BOOL


@pytest.mark.parametrize(
    ("source", "code", "marked", "message"),
    [
        ("spraed", "PN001", "spraed", 'unknown feature "spraed"'),
        ("betwen(mid, 0, 1)", "PN002", "betwen", 'unknown function "betwen"'),
        ("__import__('os')", "PN002", "__import__", 'unknown function "__import__"'),
        ("eval('1')", "PN002", "eval", 'unknown function "eval"'),
        ("rand()", "PN002", "rand", 'unknown function "rand"'),
        ("spread(1)", "PN002", "spread", 'unknown function "spread"'),
        ("mid and neg_risk", "PT001", "mid", '"and" needs bool, got number[prob]'),
        ("neg_risk or 1", "PT001", "1", '"or" needs bool, got number'),
        ("1 if mid else 2", "PT001", "mid", '"if" needs bool, got number[prob]'),
        ("not price", "PT002", "price", '"not" needs bool, got number[prob]'),
        ("not category", "PT002", "category", '"not" needs bool, got text'),
        ("-neg_risk", "PT002", "neg_risk", '"-" needs numbers, got bool'),
        ("neg_risk * 2", "PT002", "neg_risk", '"*" needs numbers, got bool'),
        ("neg_risk < 1", "PT002", "neg_risk", '"<" needs numbers, got bool'),
        ("abs(neg_risk)", "PT002", "neg_risk", '"abs" needs numbers, got bool'),
        (
            "neg_risk == 1",
            "PT002",
            "neg_risk == 1",
            "cannot compare bool with number",
        ),
        ("category > 'tech'", "PT003", "category", '">" needs numbers, got text'),
        ("category + 1", "PT003", "category", '"+" needs numbers, got text'),
        ("abs(category)", "PT003", "category", '"abs" needs numbers, got text'),
        (
            "category == mid",
            "PT003",
            "category == mid",
            "cannot compare text with number[prob]",
        ),
        (
            "'a' == 'b'",
            "PT003",
            "'a' == 'b'",
            "two texts are compared: nothing here depends on the market",
        ),
        ("min(mid)", "PT005", "min(mid)", "min takes at least 2 arguments, got 1"),
        ("abs()", "PT005", "abs()", "abs takes 1 argument, got 0"),
        (
            "between(mid, 0.1)",
            "PT005",
            "between(mid, 0.1)",
            "between takes 3 arguments, got 2",
        ),
        ("lag(mid)", "PT005", "lag(mid)", "lag takes 2 arguments, got 1"),
        (
            "mid if neg_risk else liquidity",
            "PT006",
            "mid if neg_risk else liquidity",
            "one branch is number[prob], the other number[usd]",
        ),
        (
            "mid if neg_risk else True",
            "PT006",
            "mid if neg_risk else True",
            "one branch is number[prob], the other bool",
        ),
        (
            "coalesce(mid, False)",
            "PT006",
            "coalesce(mid, False)",
            "coalesce needs one type, got number[prob] and bool",
        ),
        (
            "mid + hours_to_close",
            "PU001",
            "mid + hours_to_close",
            "cannot add prob and hours",
        ),
        (
            "mid - fee_rate",
            "PU001",
            "mid - fee_rate",
            "cannot subtract a plain number from prob",
        ),
        (
            "liquidity > hours_to_close",
            "PU002",
            "liquidity > hours_to_close",
            "cannot compare usd with hours",
        ),
        (
            "0 < mid < 1 < liquidity < mid",
            "PU002",
            "liquidity < mid",
            "cannot compare usd with prob",
        ),
        (
            "1 / hours_to_close > mid",
            "PU002",
            "1 / hours_to_close > mid",
            "cannot compare 1/hours with prob",
        ),
        (
            "max(mid, liquidity)",
            "PU002",
            "max(mid, liquidity)",
            "max needs one type, got number[prob] and number[usd]",
        ),
        (
            "best_ask >= 92",
            "PU003",
            "92",
            "92 is outside [0, 1]: prices are probabilities",
        ),
        (
            "-2.5 < best_ask",
            "PU003",
            "-2.5",
            "-2.5 is outside [0, 1]: prices are probabilities",
        ),
        (
            "best_ask in (0.1, 50)",
            "PU003",
            "50",
            "50 is outside [0, 1]: prices are probabilities",
        ),
        (
            "clamp(mid, 1, 99)",
            "PU003",
            "99",
            "99 is outside [0, 1]: prices are probabilities",
        ),
        (
            "fee(95, fee_rate)",
            "PU003",
            "95",
            "95 is outside [0, 1]: prices are probabilities",
        ),
        (
            "100 - best_ask",
            "PU003",
            "100",
            "100 is outside [0, 1]: prices are probabilities",
        ),
        (
            "sqrt(volume_24h)",
            "PU004",
            "volume_24h",
            "sqrt needs a plain number, got usd",
        ),
        ("exp(mid)", "PU004", "mid", "exp needs a plain number, got prob"),
        ("log(book_age)", "PU004", "book_age", "log needs a plain number, got seconds"),
        ("pow(2, mid)", "PU004", "mid", "pow needs a plain number, got prob"),
        ("hours(book_age)", "PU004", "book_age", "hours needs a plain number, got sec"),
        (
            "to_hours(hours_to_close)",
            "PU004",
            "hours_to_close",
            "to_hours needs seconds, got hours",
        ),
        (
            "fee(liquidity, fee_rate)",
            "PU004",
            "liquidity",
            "fee needs prob, got usd",
        ),
    ],
)
def test_a_mistake_is_told_once_with_its_code_and_its_place(
    source: str, code: str, marked: str, message: str
) -> None:
    ((found_code, found_text, found_message),) = found(source)

    assert (found_code, found_text) == (code, marked)
    assert found_message.startswith(message)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("spraed", 'did you mean "spread"?'),
        ("min_prb", 'did you mean "min_prob"?'),
        ("qqqqq", ""),
        ("true", "write True"),
        ("clamp", "clamp is a function: clamp(x, low, high)"),
        ("betwen(mid, 0, 1)", 'did you mean "between"?'),
        ("zscor(mid, look)", 'did you mean "zscore"?'),
        ("spread(1)", "spread is a value: write it without brackets"),
        ("best_ask >= 92", "did you mean 0.92?"),
        ("best_ask >= 92.5", "did you mean 0.925?"),
        ("best_ask >= 100.5", ""),
        ("category == 'polotics'", 'did you mean "politics"?'),
        ("hours_to_close < book_age", "to_hours(x) turns seconds into hours"),
        ("hours_to_close + hours(2)", "to_hours(x) turns seconds into hours"),
        ("min(hours_to_close, hours(2))", "to_hours(x) turns seconds into hours"),
        (
            "neg_risk == 1",
            "a bool stands alone: x, or not x; as a number it is 1 if x else 0",
        ),
        (
            "neg_risk * 2",
            "a bool stands alone: x, or not x; as a number it is 1 if x else 0",
        ),
        ("mid > hours_to_close", "compare prob with prob, and hours with hours"),
        ("mid > book_imbalance", "as_prob(x) takes a plain number for a price"),
        ("book_imbalance > liquidity", "divide it by an amount in usd"),
        (
            "best_ask * 100 > 92",
            "best_ask is already in [0, 1]: compare it with 0.92, without * 100",
        ),
        (
            "92 < 100 * (best_ask - 0.01)",
            "best_ask - 0.01 is already in [0, 1]: compare it with 0.92, without * 100",
        ),
        ("sqrt(liquidity)", "divide it by an amount in usd"),
        ("between(mid, 0)", "between(x, low, high): x >= low and x <= high."),
    ],
)
def test_a_mistake_comes_with_what_to_do(source: str, hint: str) -> None:
    assert helped(source) == hint


def test_a_word_that_is_no_value_is_told_with_all_that_are() -> None:
    ((code, marked, message),) = found("category in ('polotics', 'sports')")

    assert (code, marked) == ("PT004", "'polotics'")
    assert message == (
        '"polotics" is not a value of category (politics, sports, crypto, finance,'
        " economics, tech, culture, weather, geopolitics, mentions, other)"
    )
    assert found("('sprts' if neg_risk else 'tech') == category")[0][0] == "PT004"
    assert found("coalesce(category, 'sprts') == 'tech'")[0][0] == "PT004"
    assert found("coalesce('tech', 'sprts') == category")[0][0] == "PT004"


def test_words_of_different_lists_are_not_compared() -> None:
    mood = Type(Kind.ENUM, values=("up", "down"))

    checked = check("category == mood", scope(Windows(), mood=mood), None)

    assert [(f.code, f.message) for f in checked.findings] == [
        ("PT003", "cannot compare words of different lists")
    ]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_text() -> None:
    source = "not mid and spraed > 1 and best_ask > 92 and liquidity < mid + book_age"

    assert [(code, text) for code, text, _ in found(source)] == [
        ("PT002", "mid"),
        ("PN001", "spraed"),
        ("PU003", "92"),
        ("PU001", "mid + book_age"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "spraed + 1 > 0",
        "abs(spraed) > 0",
        "min(spraed, mid, liquidity) > 0",
        "between(spraed, 0, 92)",
        "(mid if spraed else liquidity) > 1",
        "(spraed if neg_risk else liquidity) > 1",
        "-spraed > 0",
        "not spraed",
        "spraed and neg_risk",
        "spraed in (1, 2)",
        "lag(spraed, look) > 1",
    ],
)
def test_what_is_made_of_a_wrong_part_is_not_judged(source: str) -> None:
    told = [(code, text) for code, text, _ in found(source)]

    assert ("PN001", "spraed") in told
    assert [code for code, _ in told if code not in ("PN001", "PT006")] == []


@pytest.mark.parametrize(
    ("source", "want", "message"),
    [
        ("mid", BOOL, "needs a bool, got number[prob]"),
        ("mid > 0.5", PROB, "needs number[prob], got bool"),
        ("liquidity", PROB, "needs prob, got usd"),
        ("book_imbalance", PROB, "needs prob, got a plain number"),
        ("liquidity", RATIO, "needs a plain number, got usd"),
        ("category", RATIO, "needs number, got text"),
    ],
)
def test_a_text_must_have_the_type_its_place_wants(
    source: str, want: Type, message: str
) -> None:
    assert found(source, want) == [("PT007", source, message)]


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("0.5", PROB),
        ("mid", PROB),
        ("0.5", RATIO),
        ("trade_count_1h", RATIO),
        ("book_imbalance", RATIO),
        ("92", Type(Kind.NUMBER)),
        ("liquidity", Type(Kind.NUMBER)),
    ],
)
def test_a_literal_fits_every_place_for_numbers(source: str, want: Type) -> None:
    assert found(source, want) == []


def test_a_price_in_cents_is_found_where_a_price_is_wanted() -> None:
    message = "92 is outside [0, 1]: prices are probabilities"

    assert found("92", PROB) == [("PU003", "92", message)]
    assert helped("92", PROB) == "did you mean 0.92?"


def test_places_are_characters_even_behind_letters_of_many_bytes() -> None:
    ((_, marked, _),) = found("category == 'sports' and not known('é🎲') or spraed > 0")

    assert marked == "spraed"


def test_params_are_folded_into_constants() -> None:
    expression = read("best_ask >= min_prob and strict")

    assert expression.reads == {"best_ask"}
    values = [n.value for n in ast.walk(expression.tree) if isinstance(n, ast.Constant)]
    assert values == [True, 0.92]


def test_every_node_of_the_tree_has_a_type() -> None:
    expression = read("between(mid, 0.1, lag(mid, look)) and category in ('tech',)")

    names = {"between"}
    nodes = [n for n in ast.walk(expression.tree) if isinstance(n, ast.expr)]
    untyped = [node for node in nodes if node not in expression.types]
    assert {n.id for n in untyped if isinstance(n, ast.Name)} == names
    assert len(untyped) == 1


def test_only_sums_of_prices_are_snapped() -> None:
    prices, dollars = read("best_ask - 0.001"), read("liquidity - 0.001")
    product = read("best_ask * 0.5")

    assert prices.snaps(prices.tree)
    assert not dollars.snaps(dollars.tree)
    assert not product.snaps(product.tree)


# Windows


def test_a_window_becomes_a_column() -> None:
    windows = Windows()

    checked = check("mid - lag(mid, look)", scope(windows), None)

    assert checked.expression is not None
    assert checked.expression.reads == {"mid", "@1"}
    (window,) = windows
    assert (window.name, window.kernel, window.length) == ("@1", "lag", 5 * MINUTE)
    assert window.argument.reads == {"mid"}
    assert window.argument.type == PROB
    assert window.cover == 0.8


@pytest.mark.parametrize(
    ("length", "minutes"),
    [
        ("look", 5),
        ("horizon", 120),
        ("minutes(15)", 15),
        ("2 * look", 10),
        ("look + minutes(1) - seconds(60)", 5),
        ("hours(1) / 2", 30),
        ("days(31)", 44_640),
        ("to_hours(look)", 5),
    ],
)
def test_a_length_is_any_constant_time(length: str, minutes: int) -> None:
    windows = Windows()

    check(f"lag(mid, {length})", scope(windows), None)

    assert [window.length for window in windows] == [minutes * MINUTE]


def test_the_same_window_is_remembered_once() -> None:
    windows = Windows()

    check("lag(mid, look) - lag(mid, minutes(5))", scope(windows), None)
    check("lag(mid, look) - lag(best_ask, look)", scope(windows), None)
    check("mean_over(mid, look) - lag(mid, minutes(6))", scope(windows), None)

    assert [(w.name, w.kernel, w.argument.source) for w in windows] == [
        ("@1", "lag", "mid"),
        ("@2", "lag", "best_ask"),
        ("@3", "mean_over", "mid"),
        ("@4", "lag", "mid"),
    ]


def test_a_wrong_text_leaves_no_window_behind() -> None:
    windows = Windows()

    check("lag(mid, look) > spraed", scope(windows), None)

    assert not list(windows)


@pytest.mark.parametrize(
    ("source", "marked", "message"),
    [
        ("lag(mid, 300)", "300", "the length of lag must be a time, was 300"),
        ("lag(mid, neg_risk)", "neg_risk", "the length of lag must be constant, "),
        ("lag(mid, book_age)", "book_age", "the length of lag must be constant, was"),
        ("lag(mid, look / 0)", "look / 0", "the length of lag must be constant, was"),
        ("lag(mid, look * 1e308 * 1e308)", "look * 1e308 * 1e308", "the length of lag"),
        (
            "lag(mid, abs(book_age))",
            "abs(book_age)",
            "the length of lag must be constant, was",
        ),
        ("lag(mid, days(32))", "days(32)", "the length of lag must be in (0, 31 days]"),
        ("lag(mid, 0 * look)", "0 * look", "the length of lag must be in (0, 31 days]"),
        ("lag(neg_risk, look)", "neg_risk", "lag looks back at a number, got bool"),
        ("lag(category, look)", "category", "lag looks back at a number, got text"),
        (
            "zscore(lag(mid, look), look)",
            "lag(mid, look)",
            "zscore cannot look back at what looks back itself",
        ),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    source: str, marked: str, message: str
) -> None:
    ((code, text, told),) = found(source)

    assert (code, text) == ("PW002", marked)
    assert told.startswith(message)


def test_a_window_stands_in_a_let_only() -> None:
    checked = check("mid - lag(mid, look) > 0.01", scope(None), BOOL)

    (finding,) = checked.findings
    assert (finding.code, finding.start, finding.end) == ("PW001", 6, 20)
    assert finding.message == "lag looks back in time, which only a let can do"
    assert finding.help == "name it under let, and use the name: lag(mid, look)"


def test_a_window_looks_back_at_a_let_by_what_it_means() -> None:
    windows = Windows()
    half = read("spread / 2")
    lets = {"half": half, "twice": read("half + half", half=PROB)}
    types = {**feature_types(), "half": PROB, "twice": PROB}

    check("lag(twice * 2, look)", Scope(types, PARAMS, windows, lets), None)

    (window,) = windows
    assert ast.unparse(window.argument.tree) == "(spread / 2.0 + spread / 2.0) * 2.0"
    assert window.argument.reads == {"spread"}
    assert window.argument.type == PROB


def test_a_window_looks_back_at_any_number_made_of_features() -> None:
    windows = Windows()
    source = "min(mid, price) if spread <= 0.1 and not neg_risk else min_prob"

    check(f"std_over({source}, look)", scope(windows), None)

    (window,) = windows
    assert window.argument.source == source
    assert window.argument.reads == {"mid", "price", "spread", "neg_risk"}


def test_a_window_cannot_look_back_at_a_let_that_does_or_is_not_told() -> None:
    types = {**feature_types(), "z": RATIO, "hidden": PROB}
    lets = {"z": read("zscore(mid, look)")}

    nested = check("lag(z, look)", Scope(types, PARAMS, Windows(), lets), None)
    hidden = check("lag(hidden, look)", Scope(types, PARAMS, Windows(), lets), None)

    assert [finding.message for finding in (*nested.findings, *hidden.findings)] == [
        "lag cannot look back at what looks back itself",
        'lag looks back at features, and "hidden" is none',
    ]


def test_lets_that_double_each_other_are_not_written_out_without_end() -> None:
    types = dict(feature_types())
    lets: dict[str, Expression] = {"let_0": read("mid + mid")}
    for index in range(30):
        name, older = f"let_{index + 1}", f"let_{index}"
        lets[name] = read(f"{older} + {older}", **{older: PROB})
        types[older] = types[name] = PROB

    checked = check("lag(let_30, look)", Scope(types, PARAMS, Windows(), lets), None)

    (finding,) = checked.findings
    assert finding.message == "more than 200 parts when its lets are written out"


# The catalog and the list of functions


def test_every_feature_has_its_type() -> None:
    types = feature_types()

    assert types.keys() == CATALOG.keys()
    assert types["best_ask"] == PROB
    assert types["accepting_orders"] == BOOL
    assert types["category"] == Type(Kind.ENUM, values=CATEGORIES)
    assert types["hours_to_close"] == Type(Kind.NUMBER, "hours")


def test_the_list_of_functions_is_closed() -> None:
    assert sorted(FUNCTIONS) == [
        *("abs", "as_prob", "between", "bps", "ceil_tick", "clamp", "coalesce"),
        *("days", "exp", "expit", "fee", "floor_tick", "hours", "implied_no"),
        *("known", "log", "logit", "max", "min", "minutes", "normal_cdf", "pow"),
        *("round_tick", "seconds", "sign", "sqrt", "to_hours"),
    ]
    assert sorted(WINDOWS) == [
        *("count_over", "crossed_above", "delta", "ewma", "held_for", "lag"),
        *("max_over", "mean_over", "min_over", "pct_rank_over", "since", "slope"),
        *("std_over", "sum_over", "zscore"),
    ]
    assert sorted(GROUPS) == [
        *("count_in", "exposure", "max_in", "mean_in", "min_in", "rank"),
        *("share_in", "sum_in"),
    ]


def test_no_name_has_two_meanings() -> None:
    names = FUNCTIONS.keys() | WINDOWS.keys() | GROUPS.keys()
    assert not names & CATALOG.keys()


def test_a_suggestion_is_made_only_for_what_is_near() -> None:
    assert did_you_mean("spraed", ["spread", "price"]) == 'did you mean "spread"?'
    assert did_you_mean("zzz", ["spread", "price"]) == ""
