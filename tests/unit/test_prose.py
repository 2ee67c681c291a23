import pytest

from polyrules.language.load import load
from polyrules.language.prose.amounts import amount, lasting
from polyrules.language.prose.card import card, summary
from polyrules.language.prose.phrases import Phrases
from polyrules.language.strategy import Strategy

FRAME = """\
polyrules: 1
strategy: {id: mine, version: 1.0.0}
params:
  low: {type: prob, default: 0.92, min: 0, max: 1}
  look: {type: duration, default: 15m}
  loud: {type: bool, default: true}
universe: {each: market}
let:
  edge: 0.99 - best_ask
  news: volume_1h > 100
  it: EXPRESSION
rules:
  - id: enter
    when: known(it) and edge > low and news and loud and spread > 0 and it2
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""


def with_let(expression: str) -> Strategy:
    text = FRAME.replace("EXPRESSION", f'"{expression}"').replace(" and it2", "")
    text = text.replace("  it:", "  calm: abs(delta(mid, look)) < 0.01\n  it:")
    return load(text, path="mine.yaml")


def said(expression: str) -> str:
    strategy = with_let(expression)
    phrases, let = Phrases(strategy), strategy.lets[-1].expression
    if let.type.kind.value == "bool":
        return " and ".join(phrases.conditions(let))
    return phrases.value(let)


@pytest.mark.parametrize(
    ("expression", "english"),
    [
        ("spread <= 0.02", "the spread is at most 2 cents"),
        ("0.02 >= spread", "the spread is at most 2 cents"),
        ("best_ask > low", "the best ask is more than 92 cents (`low`)"),
        ("mid < -0.5", "the mid price is less than -50 cents"),
        ("mid == 0.01", "the mid price is 1 cent"),
        ("mid != 1", "the mid price is not 1"),
        (
            "0.1 < price < 0.9",
            (
                "the price of YES is more than 10 cents and the price of"
                " YES is less than 90 cents"
            ),
        ),
        (
            "between(best_ask, low, 0.99)",
            ("the best ask is between 92 cents (`low`) and 99 cents"),
        ),
        (
            "not between(mid, 0.1, 0.2)",
            ("the mid price is not between 10 cents and 20 cents"),
        ),
        (
            "volume_24h >= 25000",
            "the volume of the last 24 hours is at least 25,000 USD",
        ),
        ("ask_depth_10 >= 1", "the size of the 10 best asks is at least 1 share"),
        ("hours_to_close < 0.25", "the time to the end is less than 0.25 hours"),
        (
            "seconds_to_close < minutes(90)",
            "the time to the end is less than 90 minutes",
        ),
        ("trade_count_1h > 3", "the number of trades in the last hour is more than 3"),
        ("book_imbalance > 0.5", "the book imbalance is more than 0.5"),
        ("position_shares == 0", "the strategy holds nothing here"),
        ("position_shares > 0", "the position is more than 0 shares"),
        ("accepting_orders", "the market takes orders"),
        ("not accepting_orders", "the market takes no orders"),
        ("news or loud", "*news* holds or `loud` is true"),
        ("not news", "*news* does not hold"),
        ("known(mid)", "the mid price is known"),
        ("not known(mid)", "the mid price is missing"),
        ("category == 'sports'", "the category is sports"),
        ("category in ('sports', 'crypto')", "the category is sports or crypto"),
        ("category not in ('sports',)", "the category is not sports"),
        ("not spread < 0.02", "the spread is not less than 2 cents"),
        (
            "(news and calm) or spread < 0.02",
            ("(*news* holds and *calm* holds) or the spread is less than 2 cents"),
        ),
        (
            "not (news and spread < 0.02)",
            ("*news* does not hold or the spread is not less than 2 cents"),
        ),
        ("not (news or calm)", "*news* does not hold and *calm* does not hold"),
        ("1 - best_ask - edge", "1 less the best ask less *edge*"),
        ("1 - (best_ask + edge)", "1 less (the best ask plus *edge*)"),
        ("(best_ask + edge) * 2", "(the best ask plus *edge*) times 2"),
        ("-edge / 2", "minus *edge* divided by 2"),
        ("edge * -low", "*edge* times -92 cents (`-low`)"),
        ("min(best_ask, low)", "the lower of the best ask and 92 cents (`low`)"),
        (
            "max(best_ask, mid, 0.5)",
            ("the highest of the best ask, the mid price and 50 cents"),
        ),
        ("abs(mid - 0.5)", "the size of (the mid price less 50 cents)"),
        ("clamp(edge, 0, 0.05)", "*edge*, held between 0 and 5 cents"),
        ("fee(best_ask, fee_rate)", "the taker fee at the best ask"),
        (
            "coalesce(volume_1h, 0)",
            ("the volume of the last hour (0 USD where that is missing)"),
        ),
        ("0.1 if news else 0.2", "0.1 if *news* holds, else 0.2"),
        ("lag(mid, look)", "the mid price as it was 15 minutes (`look`) ago"),
        (
            "mid - lag(mid, minutes(5))",
            ("the mid price less the mid price as it was 5 minutes ago"),
        ),
        (
            "std_over(mid, hours(6))",
            ("the standard deviation of the mid price over the last 6 hours"),
        ),
        (
            "mean_over(mid, hours(1), cover=0.5)",
            ("the mean of the mid price over the last hour"),
        ),
        (
            "held_for(spread < 0.02, minutes(5))",
            ("it has been so for 5 minutes that the spread is less than 2 cents"),
        ),
        (
            "share_in(mid, by='event')",
            ("the share of the mid price in its sum over its event"),
        ),
        ("count_in('category')", "the number of open markets in its category"),
    ],
)
def test_an_expression_is_said_in_english(expression: str, english: str) -> None:
    assert said(expression) == english


@pytest.mark.parametrize(
    ("value", "unit", "english"),
    [
        (0.02, "prob", "2 cents"),
        (0.01, "prob", "1 cent"),
        (0.985, "prob", "98.5 cents"),
        (0.07, "prob", "7 cents"),
        (0.0, "prob", "0"),
        (25.5, "usd", "25.5 USD"),
        (1000.0, "usd", "1,000 USD"),
        (1.0, "shares", "1 share"),
        (90.0, "seconds", "90 seconds"),
        (7200.0, "seconds", "2 hours"),
        (2.0, "hours", "2 hours"),
        (2.5, "1", "2.5"),
        (1e-9, "1", "1e-09"),
        (1e308, "seconds", "1e+308 seconds"),
        (5.0, "1/hours", "5"),
    ],
)
def test_a_number_is_said_with_its_unit(value: float, unit: str, english: str) -> None:
    assert amount(value, unit) == english


def test_a_length_of_time_is_said_in_the_largest_unit_that_divides_it() -> None:
    assert lasting(86_400_000_000) == "1 day"
    assert lasting(5_400_000_000) == "90 minutes"
    assert lasting(250_000) == "250 milliseconds"
    assert lasting(0) == "0 seconds"


def page(text: str) -> str:
    head = "polyrules: 1\nstrategy: {id: mine, version: 1.0.0}\n"
    return card(load(head + text, path="mine.yaml"))


PAIR = """\
universe: {each: pair, where: near.accepting_orders and pair.gap > 24}
rules:
  - id: act
    when: near.best_bid > far.best_ask + 0.01 and near.position_shares == 0
    then:
      action: basket
      legs:
        - {market: far, action: buy, token: yes_token, price: far.best_ask}
        - {market: near, action: buy, token: no_token, price: near.no_best_ask}
      shares: min(near.bid_size, far.ask_size)
      edge: near.best_bid - far.best_ask
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 1s}
"""
QUOTES = """\
universe: {each: market}
hit_policy: best
rules:
  - id: old
    when: book_age > 30
    then: {action: cancel, reason: "old {book_age:.0f}"}
  - id: make
    when: spread > 0.02
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: best_bid, shares: "50"}
        - action: sell
          token: yes_token
          price: best_ask
          shares: "50"
          or_buy: no_token
      requote: {if_moved: tick_size, min_interval: 2s}
      edge: spread / 2
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 1s}
"""
TERMS = """\
universe: {each: market}
rules:
  - id: act
    when: spread <= 0.02
    then: {action: buy, token: no_token, price: no_best_ask}
sizing: {method: fixed, amount: 50 shares}
exits:
  - {id: gain, take_profit: 0.05, urgency: low}
  - {id: back, when: spread > 0.1 and known(mid), urgency: normal}
risk: {max_drawdown: 0.1, min_order: 2 USD, max_daily_loss: 5 USD}
schedule: {every: 1s, trigger: [book]}
"""


def test_a_pair_is_told_by_near_and_far() -> None:
    told = page(PAIR)

    assert "- the near market takes orders\n" in told
    assert "- the time between the two deadlines is more than 24 hours\n" in told
    assert (
        "- the best bid of the near market is more than the best ask of the far market"
        " plus 1 cent\n"
    ) in told
    assert "- the strategy holds nothing in the near market\n" in told
    assert (
        "**act** buys a basket: buys YES of the far market at the best ask of the far"
        " market, buys NO of the near market at the best NO ask of the near market;"
        " shares of each: the lower of the size of the best bid of the near market and"
        " the size of the best ask of the far market when\n"
    ) in told


def test_quotes_and_cancels_are_told() -> None:
    told = page(QUOTES)

    assert "Of the rules that fire, the one with the highest edge decides." in told
    assert "**old** takes back all its open orders when\n" in told
    assert "It also does so where one of these is unknown." in told
    assert "It says: old {book_age}\n" in told
    assert (
        "**make** keeps quotes: buys YES at the best bid (50 shares) and sells YES at"
        " the best ask (50 shares), or buys NO where there is nothing to sell when\n"
    ) in told
    assert "An order is replaced where it is the tick or more off." in told
    assert "Orders are not replaced more often than every 2 seconds." in told


def test_a_strategy_without_exits_says_that_it_has_none() -> None:
    strategy = with_let("mid")

    told = summary(strategy, Phrases(strategy))

    assert told == (
        "Each row is one market. Rule *enter* buys YES at the best ask when *it* is"
        " known, *edge* is more than 92 cents (`low`), *news* holds, `loud` is true,"
        " and the spread is more than 0. Size: 20 USD an order. It has no exit:"
        " only the end of the market, or the desk's hard stop, is one. The rules are"
        " asked every 5 seconds."
    )


def test_exits_limits_and_triggers_are_told() -> None:
    told = page(TERMS)

    assert "50 shares an order.\n" in told
    assert (
        "- *gain*: when the price is 5 cents or more above average cost, with an order"
        " that rests\n"
        "- *back*: when the spread is more than 10 cents and the mid price is known,"
        " with a limit order\n"
    ) in told
    assert "- No more buying once a day has lost 5 USD.\n" in told
    assert "- No more buying once equity is 10 % below its peak.\n" in told
    assert "- No order worth less than 2 USD.\n" in told
    assert "Every second, and at once after news of the kind book.\n" in told
