from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.money import Side
from polyrules.errors import ConfigError, StrategyError
from polyrules.language.actions import Piece, Trade, Urgency, Veto
from polyrules.language.load import load, load_all
from polyrules.language.strategy import (
    Exit,
    Fixed,
    Kelly,
    OnUnknown,
    RiskRequest,
    Strategy,
)

FULL = """\
polyrules: 1
strategy: {id: full, version: 1.2.0, title: All of it, description: Says all.}
params:
  min_prob: {type: prob, default: 0.92, min: 0.8, max: 0.99, step: 0.01, doc: Least}
  look: {type: duration, default: 15m, min: 1m, max: 6h}
  rest: {type: hours, default: 2}
  stake: {type: usd, default: 5 USD}
  careful: {type: bool, default: true}
universe: {each: market, where: best_ask >= min_prob}
let:
  moved: mid - lag(mid, look)
  edge: 0.99 - best_ask
guards:
  - {id: tight, when: spread <= 0.02 and careful}
  - {id: early, when: hours_to_close > rest and volume_24h > stake}
rules:
  - id: late
    when: edge > 0
    then:
      action: sell
      token: no_token
      price: no_best_bid
      urgency: low
      ttl: 10m
      cooldown: 1h
      reason: "at {best_ask:.3f}, {min_prob:.1%} or {{more}}"
  - id: veto
    priority: 5
    when: abs(moved) > 0.05
    then: {action: none, reason: moved too far}
  - id: enter
    priority: 5
    when: edge > 0.01
    on_unknown: block
    then: {action: buy, token: yes_token, price: best_ask, fair: 0.99, edge: edge}
sizing: {method: fixed, amount: 50 shares}
exits:
  - {id: stop, stop_loss: 0.10}
  - {id: take, when: best_bid > 0.99, urgency: low}
  - {id: late, max_hold: 2d}
risk:
  max_position: 40 USD
  max_total: 400 USD
  max_open: 5
  max_daily_loss: 10 USD
  max_weekly_loss: 20 USD
  max_drawdown: 0.1
  max_daily_volume: 1000 USD
  min_order: 2.50 USD
schedule: {every: 5s}
tests:
  - name: buys
    given: {best_ask: 0.95, accepting_orders: true, moved: 0, spread: missing, mid: ~}
    expect: {fires: enter, price: 0.95, unknown: [spread]}
x-mine: {anything: [goes]}
"""


@pytest.fixture
def full() -> Strategy:
    return load(FULL, path="full.yaml")


def codes(text: str) -> list[tuple[int, str]]:
    _, problems = load_all(text, "f.yaml")
    return [(problem.line, problem.code) for problem in problems]


def test_a_strategy_says_what_its_file_says(full: Strategy) -> None:
    assert (full.id, full.version, full.title) == ("full", "1.2.0", "All of it")
    assert full.path == "full.yaml"
    assert full.description == "Says all."
    assert full.schedule.every == 5_000_000
    assert full.universe is not None
    assert full.universe.source == "best_ask >= min_prob"
    assert [let.name for let in full.lets] == ["moved", "edge"]
    assert [guard.id for guard in full.guards] == ["tight", "early"]
    assert full.sizing == Fixed(shares=50.0)


def test_params_have_their_defaults_in_their_units(full: Strategy) -> None:
    assert {p.name: (p.value, p.type.unit) for p in full.params} == {
        "min_prob": (0.92, "prob"),
        "look": (900.0, "seconds"),
        "rest": (2.0, "hours"),
        "stake": (5.0, "usd"),
        "careful": (True, ""),
    }
    assert (full.params[0].min, full.params[0].max) == (0.8, 0.99)
    assert (full.params[1].min, full.params[1].max) == (60.0, 21_600.0)


def test_params_are_folded_into_expressions(full: Strategy) -> None:
    assert full.universe is not None
    assert full.universe.reads == {"best_ask"}
    assert [(w.kernel, w.length) for w in full.windows] == [("lag", 900_000_000)]


def test_rules_stand_by_priority_and_then_in_the_order_of_the_file(
    full: Strategy,
) -> None:
    assert [rule.id for rule in full.rules] == ["veto", "enter", "late"]
    assert full.priorities == (5, 5, 0)


def test_a_veto_blocks_on_unknown_and_a_trade_is_skipped(full: Strategy) -> None:
    veto, enter, late = full.rules

    assert isinstance(veto.then, Veto)
    assert veto.on_unknown is OnUnknown.BLOCK
    assert enter.on_unknown is OnUnknown.BLOCK  # as the file says
    assert late.on_unknown is OnUnknown.SKIP


def test_a_trade_has_its_terms(full: Strategy) -> None:
    trade = full.rules[2].then

    assert isinstance(trade, Trade)
    assert (trade.side, trade.token) == (Side.SELL, "no")
    assert trade.price.source == "no_best_bid"
    assert trade.urgency is Urgency.LOW
    assert (trade.ttl, trade.cooldown) == (600_000_000, 3_600_000_000)
    assert trade.fair is None


def test_a_message_has_params_as_text_and_features_as_names(full: Strategy) -> None:
    trade = full.rules[2].then

    assert trade.reason == (
        Piece("at "),
        Piece("", "best_ask", ".3f"),
        Piece(", 92.0% or {more}"),
    )


def test_exits_and_risk_are_in_the_desks_terms(full: Strategy) -> None:
    stop, take, late = full.exits

    assert stop == Exit(id="stop", stop_loss=0.10, urgency=Urgency.HIGH)
    assert take.when is not None
    assert take.urgency is Urgency.LOW
    assert late == Exit(id="late", max_hold=172_800_000_000)
    assert full.risk == RiskRequest(
        market_usd_max=40.0,
        total_usd_max=400.0,
        positions_max=5,
        day_loss_usd_max=10.0,
        week_loss_usd_max=20.0,
        drawdown_max=0.1,
        day_volume_usd_max=1000.0,
        order_usd_min=2.5,
    )


def test_a_case_knows_its_line_and_what_is_missing(full: Strategy) -> None:
    (case,) = full.cases

    assert case.name == "buys"
    assert case.given == {
        "best_ask": 0.95,
        "accepting_orders": True,
        "moved": 0.0,
        "spread": None,
        "mid": None,
    }
    assert case.expect == {"fires": "enter", "price": 0.95, "unknown": ["spread"]}
    assert FULL.splitlines()[case.line - 1] == "  - name: buys"


def test_kelly_has_a_fraction_and_a_cap() -> None:
    text = FULL.replace(
        "{method: fixed, amount: 50 shares}",
        "{method: kelly, fraction: 0.25, cap: 25 USD}",
    ).replace("price: no_best_bid", "price: no_best_bid\n      fair: 0.1")

    assert load(text, path="f").sizing == Kelly(fraction=0.25, cap=25.0)


def test_settings_replace_defaults() -> None:
    settings = {"min_prob": "0.95", "look": "5m", "rest": "90m", "careful": "false"}

    strategy = load(FULL, path="f", settings=settings)

    assert [p.value for p in strategy.params] == [0.95, 300.0, 1.5, 5.0, False]
    assert strategy.params[0].default == 0.92
    assert strategy.windows[0].length == 300_000_000
    assert strategy.digest == load(FULL, path="f").digest


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        (
            "min_prob",
            "0.5",
            "f:4:3: param min_prob: value must be in [0.8, 0.99], was 0.5",
            "its range is [0.8, 0.99]",
        ),
        (
            "min_prob",
            "high",
            'f:4:3: param min_prob: a number is wanted, found "high"',
            "its range is [0.8, 0.99]",
        ),
        (
            "look",
            "300",
            'f:5:3: param look: a duration needs a unit, found "300"',
            "did you mean 300s? its range is [1m, 6h]",
        ),
        (
            "look",
            "7h",
            "f:5:3: param look: value must be in [1m, 6h], was 7h",
            "its range is [1m, 6h]",
        ),
        (
            "careful",
            "1",
            'f:8:3: param careful: a bool is wanted, true or false, found "1"',
            "",
        ),
        (
            "rest",
            "1e999",
            'f:6:3: param rest: a finite number is wanted, found "1e999"',
            "",
        ),
        ("min_prb", "0.9", 'f has no param "min_prb"', 'did you mean "min_prob"?'),
    ],
)
def test_a_setting_that_does_not_fit_is_named_with_its_range(
    name: str, value: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(FULL, path="f", settings={name: value})

    assert caught.value.message == message
    assert caught.value.hint == hint


def test_all_settings_that_do_not_fit_are_told() -> None:
    with pytest.raises(ConfigError, match=r'no param "a".*no param "b"'):
        load(FULL, path="f", settings={"a": "1", "b": "2"})


def test_a_wrong_file_is_told_before_its_settings() -> None:
    with pytest.raises(StrategyError):
        load("polyrules: 1\n", path="f", settings={"nothing": "1"})


def test_the_digest_holds_while_the_meaning_does(full: Strategy) -> None:
    text = FULL.replace("when: edge > 0.01", "when:   edge>0.01   # a remark")
    text = text.replace("title: All of it", "title: Renamed").replace("1.2.0", "1.3.0")
    text = text[: text.index("tests:")].replace(
        "{type: hours, default: 2}", "\n    type: hours\n    default: 2.0"
    )
    text = text.replace("best_ask >= min_prob", '"best_ask >=  min_prob"')

    assert load(text, path="other.yaml").digest == full.digest
    assert len(full.digest) == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("edge > 0.01", "edge > 0.02"),
        ("edge > 0.01", "edge >= 0.01"),
        ("default: 0.92", "default: 0.93"),
        ("max: 0.99", "max: 0.98"),
        ("50 shares", "51 shares"),
        ("max_open: 5", "max_open: 6"),
        ("every: 5s", "every: 6s"),
        ("id: full", "id: fuller"),
        ("stop_loss: 0.10", "stop_loss: 0.11"),
        ("moved too far", "moved  too far"),
    ],
)
def test_the_digest_changes_with_the_meaning(
    full: Strategy, old: str, new: str
) -> None:
    changed = load(FULL.replace(old, new), path="full.yaml")

    assert changed.digest != full.digest


def test_what_stands_on_a_wrong_let_is_not_told_again() -> None:
    text = FULL.replace("edge: 0.99 - best_ask\n", "edge: 0.99 - best_aks\n")

    assert codes(text) == [(12, "PN001")]


def test_what_stands_on_a_wrong_param_is_not_told_again() -> None:
    text = FULL.replace("default: 15m", "default: 15")

    assert codes(text) == [(5, "PU005")]


def test_problems_come_in_the_order_of_the_file() -> None:
    text = FULL.replace("every: 5s", "every: 5").replace("edge > 0.01", "egde > 0.01")
    text = text.replace("polyrules: 1", "polyrules: 2")

    assert codes(text) == [(1, "PS005"), (33, "PN001"), (50, "PU005")]


def test_a_problem_in_a_folded_block_is_placed_in_its_line() -> None:
    text = FULL.replace(
        "when: edge > 0.01\n", "when: >-\n      edge > 0.01\n      and spraed < 1\n"
    )

    assert codes(text) == [(35, "PN001")]


def test_a_literal_price_lies_between_nothing_and_a_dollar() -> None:
    for price in ("0", "1", "1.5", "-0.2"):
        assert codes(FULL.replace("price: best_ask,", f"price: {price},")) == [
            (35, "PU003")
        ]
    assert codes(FULL.replace("price: best_ask,", "price: 0.5,")) == []


def test_a_shipped_strategy_loads(root: Path) -> None:
    text = (root / "strategies" / "longshot_yes.yaml").read_text("utf-8")

    strategy = load(text, path="longshot_yes.yaml")

    assert strategy.id == "longshot_yes"
    assert len(strategy.cases) >= 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("moved: 0", "edge: 0", 'a test gives "edge", which is computed'),
        ("moved: 0", "look: 0", 'a test gives "look", which is a param'),
        ("moved: 0", "mvoed: 0", 'a test gives "mvoed", which is no feature'),
        (
            "accepting_orders: true",
            "accepting_orders: 1",
            "accepting_orders is a bool, found 1",
        ),
        ("best_ask: 0.95", "best_ask: true", "best_ask is a number, found true"),
        ("best_ask: 0.95", "best_ask: high", 'best_ask is a number, found "high"'),
        (
            "moved: 0",
            "category: sprots",
            '"sprots" is not a value of category',
        ),
        ("fires: enter", "fires: tight", 'no rule is called "tight"'),
        ("fires: enter", "guard: enter", 'no guard is called "enter"'),
        ("fires: enter", "blocked_by: me", 'no guard or rule is called "me"'),
        ("[spread]", "[spraed]", 'no feature or let is called "spraed"'),
    ],
)
def test_a_test_speaks_of_what_the_strategy_has(
    old: str, new: str, message: str
) -> None:
    _, problems = load_all(FULL.replace(old, new), "f.yaml")

    assert [problem.message for problem in problems] == [message]


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("step: 0.01", "step: 0", "PS013", "step must be more than 0, found 0"),
        ("default: true", "default: true, min: 0", "PS013", "a bool has no min"),
        ("default: 15m", "default: soon", "PS003", None),
        ("default: 15m", "default: 7h", "PS013", "default must be in [1m, 6h], was 7h"),
        ("default: 5 USD", "default: 5 shares", "PS003", None),
        ("default: 5 USD", "default: 5", None, None),
        ("default: 2}", "default: 90m}", None, None),
    ],
)
def test_a_param_fits_its_type(
    old: str, new: str, code: str | None, message: str | None
) -> None:
    _, problems = load_all(FULL.replace(old, new), "f.yaml")

    assert [problem.code for problem in problems] == ([code] if code else [])
    assert message is None or problems[0].message == message


def test_a_range_may_be_open_at_one_end() -> None:
    text = FULL.replace("min: 1m, max: 6h", "min: 1m").replace(
        "min: 0.8, max: 0.99", "max: 0.99"
    )

    with pytest.raises(ConfigError) as too_short:
        load(text, path="f", settings={"look": "1s"})
    with pytest.raises(ConfigError) as too_high:
        load(text, path="f", settings={"min_prob": "0.995"})

    assert too_short.value.hint == "its least is 1m"
    assert too_high.value.hint == "its most is 0.99"


@given(st.text(max_size=300))
def test_any_text_at_all_is_a_strategy_or_a_strategy_error(text: str) -> None:
    with pytest.raises(StrategyError):
        load(text, path="f", settings={"a": "1"})


PIECES = st.lists(
    st.sampled_from(FULL.splitlines(keepends=True))
    | st.sampled_from(["{", "}", "[", "]", ": ", "- ", "\n", "  ", "&a ", "*a", "null"])
    | st.text(max_size=5),
    max_size=60,
)


@given(PIECES)
def test_pieces_of_a_strategy_never_break_the_loader(pieces: list[str]) -> None:
    with suppress(ConfigError):
        strategy, problems = load_all("".join(pieces), "f", {"min_prob": "0.95"})
        assert strategy is not None or problems


VALUES = st.sampled_from(
    [
        "",
        "null",
        "true",
        "0",
        "-1",
        "1e400",
        "NO",
        "[]",
        "{}",
        "[1, {a: 2}]",
        "{a: 1}",
        "x",
        "'{'",
        "0x" + "a" * 40,
        "9" * 400,
        '"\\ud800"',
        "5s",
        "25 USD",
        "*a",
        "'a b'",
        "lambda: 0",
        "edge",
    ]
)


@given(data=st.data())
def test_a_strategy_with_any_value_replaced_never_breaks_the_loader(
    data: st.DataObject,
) -> None:
    lines = FULL.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[number].partition(":")
        lines[number] = f"{key}{colon} {data.draw(VALUES)}"

    strategy, problems = load_all("\n".join(lines), "f")
    assert strategy is not None or problems
    assert all(problem.line >= 1 for problem in problems)
