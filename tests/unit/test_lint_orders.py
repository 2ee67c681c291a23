import re

import pytest

from polyrules.errors import Severity
from tests.lint_files import found, messages, rule

QUOTE = """\
universe: {{each: market, where: "spread >= {spread}"}}
rules:
  - id: both_sides
    when: hours_to_close > 12
    then:
      action: quote
      post_only: {post_only}
      sides:
        - {{action: buy, token: yes_token, price: {bid}, shares: 20}}
        - {{action: sell, token: {token}, price: {offer}, shares: 20}}
"""
PAIR = """\
universe: {{each: pair, family: deadline}}
rules:
  - id: both
    when: near.best_ask < 0.9 and far.best_ask < 0.9
    then:
      action: basket
      legs:
        - {{market: far, action: buy, token: yes_token, price: far.best_ask}}
        - {leg}
      shares: 10
      edge: 1 - far.best_ask - near.no_best_ask
"""
TRADE = """\
inputs: {{whales: {{type: wallet_set}}}}
universe: {{each: trade, source: whales, within: 5m, where: t.side == 'buy'}}
let:
  limit: clamp(t.price + 0.01, 0.01, 0.97)
rules:
  - id: copy
    when: "{when}"
    then: {{action: buy, token: {token}, price: {price}}}
"""
STEADY = {"spread": "0.03", "post_only": "true", "token": "yes_token"}


def quote(bid: str, offer: str, **more: str) -> list[str]:
    text = QUOTE.format(bid=bid, offer=offer, **{**STEADY, **more})
    return messages(found(text, "PL028"))


def enter(then: str, when: str, code: str, more: str = "") -> list[str]:
    return messages(found(f"{more}rules:\n{rule(when, then)}", code))


def exits(when: str, exit_: str, price: str = "best_ask") -> list[str]:
    text = f"exits:\n  - {{id: out, {exit_}}}\n"
    return enter(f"price: {price}", when, "PL026", text)


# Exits


def test_a_profit_that_no_bid_can_give_is_told() -> None:
    assert exits("best_ask >= 0.96", "take_profit: 0.05") == [
        (
            'exit "out" is never reached: what is bought costs 0.96 or more, and'
            " 0.96 + 0.05 is above every bid"
        )
    ]


def test_a_stop_below_every_bid_is_told() -> None:
    assert exits("best_ask <= 0.08", "stop_loss: 0.10") == [
        (
            'exit "out" is never reached: what is bought costs 0.08 or less, and'
            " 0.08 - 0.1 is below every bid"
        )
    ]


def test_a_stop_that_was_meant_as_a_price_is_told() -> None:
    (message,) = exits("best_ask <= 0.96", "stop_loss: 0.85")

    assert message.endswith("a stop is a distance from the cost, no price")


@pytest.mark.parametrize(
    ("when", "exit_", "price"),
    [
        ("best_ask >= 0.96", "take_profit: 0.03", "best_ask"),
        ("best_ask <= 0.08", "stop_loss: 0.05", "best_ask"),
        ("best_ask <= 0.96", "stop_loss: 0.5", "best_ask"),
        ("spread <= 0.02", "stop_loss: 0.5", "best_ask"),
        ("spread <= 0.02", "take_profit: 0.3", "0.99"),  # what it takes may be cheap
        ("best_ask >= 0.5", "max_hold: 2d", "best_ask"),
    ],
)
def test_an_exit_that_can_be_reached_is_left_alone(
    when: str, exit_: str, price: str
) -> None:
    assert exits(when, exit_, price) == []


def test_an_exit_is_reached_if_one_of_two_rules_can_come_to_it() -> None:
    listed = rule("best_ask <= 0.08") + rule("best_ask > 0.5", id_="more")
    text = f"rules:\n{listed}exits:\n  - {{id: out, stop_loss: 0.1}}\n"

    assert found(text, "PL026") == []


def test_what_a_sell_buys_instead_counts_as_bought() -> None:
    text = QUOTE.format(bid="0.02", offer="0.98, or_buy: no_token", **STEADY)
    wide = text.replace("price: 0.98", "price: 0.6")
    stop = "exits:\n  - {id: out, stop_loss: 0.1}\n"

    assert len(found(text + stop, "PL026")) == 1
    assert found(wide + stop, "PL026") == []


# Sells


def selling(when: str) -> list[str]:
    text = f"rules:\n{rule(when)}".replace("buy", "sell")
    return messages(found(text, "PL027"))


@pytest.mark.parametrize(
    "when", ["position_shares == 0", "position_yes_shares <= 0", "position_cost == 0"]
)
def test_a_sell_of_what_the_rule_says_is_not_held_is_told(when: str) -> None:
    (message,) = selling(f"spread < 0.02 and {when}")

    name = when.split(maxsplit=1)[0]
    assert message == (
        f'rule "enter" sells yes_token where {name} is 0: there is nothing to sell,'
        " and it never does anything"
    )


@pytest.mark.parametrize(
    "when", ["position_shares > 0", "position_no_shares == 0", "spread < 0.02"]
)
def test_a_sell_of_what_may_be_held_is_left_alone(when: str) -> None:
    assert selling(when) == []


# Orders that are refused


def test_a_quote_whose_own_sides_cross_is_told() -> None:
    assert quote("best_ask - tick_size", "best_bid + tick_size") == [
        (
            "this quote buys at best_ask - tick_size and sells at best_bid + tick_size,"
            " which is never higher: its own orders cross, and are refused"
        )
    ]
    assert len(quote("mid + 0.01", "mid - 0.01", spread="0.03")) == 1


@pytest.mark.parametrize(
    ("bid", "offer", "more"),
    [
        ("best_bid + tick_size", "best_ask - tick_size", {}),
        ("best_ask - tick_size", "best_bid + tick_size", {"spread": "0.01"}),
        ("mid - 0.01", "mid + 0.01", {}),
        ("best_ask - tick_size", "no_best_bid + tick_size", {"token": "no_token"}),
    ],
)
def test_a_quote_whose_sides_may_stand_apart_is_left_alone(
    bid: str, offer: str, more: dict[str, str]
) -> None:
    assert quote(bid, offer, **more) == []


def test_what_may_only_rest_and_always_takes_is_told() -> None:
    assert quote("best_ask", "best_ask + 0.01") == [
        (
            "a buy that is never below best_ask takes what is there, and post_only"
            " forbids it: it is refused whenever it is sent"
        )
    ]
    assert quote("best_ask", "best_ask + 0.01", post_only="false") == []
    assert len(quote("best_bid - 0.01", "best_bid")) == 1
    assert enter("price: best_ask, urgency: low", "spread < 0.02", "PL028") != []
    assert enter("price: best_ask, urgency: normal", "spread < 0.02", "PL028") == []
    assert enter("price: mid, urgency: low", "spread < 0.02", "PL028") == []


def test_a_param_is_taken_for_all_that_it_may_be_set_to() -> None:
    params = "params: {more: {type: prob, default: 0, min: -0.02, max: 0.02}}\n"
    then = "price: best_ask + more, urgency: low"

    assert enter(then, "spread < 0.02", "PL028", params) == []


def test_lets_that_stand_on_one_another_twice_each_take_no_time() -> None:
    chain = "".join(f"  l{n + 1}: l{n} + l{n} - best_ask\n" for n in range(40))
    lets = f"let:\n  l0: best_ask\n{chain}"
    then = "price: best_ask + l40 - best_ask, urgency: low"

    assert enter(then, "spread < 0.02", "PL028", lets) == []


# Mixed up


@pytest.mark.parametrize(
    ("token", "price"),
    [
        ("no_token", "best_ask"),
        ("no_token", "mid + 0.01"),
        ("no_token", "clamp(best_bid + tick_size, 0.01, 0.99)"),
        ("yes_token", "no_best_ask"),
        ("yes_token", "1 - best_bid"),
        ("yes_token", "floor_tick(implied_no(mid), tick_size)"),
    ],
)
def test_the_price_of_the_other_token_is_told(token: str, price: str) -> None:
    text = "rules:\n" + rule("spread < 0.02", f'price: "{price}"')

    (message,) = messages(found(text.replace("yes_token", token), "PL029"))

    other = {"yes_token": "no_token", "no_token": "yes_token"}[token]
    assert message == f"this order is for {token}, and its price is one of {other}"


@pytest.mark.parametrize(
    ("token", "price"),
    [
        ("no_token", "no_best_ask"),
        ("no_token", "1 - best_bid"),
        ("no_token", "implied_no(mid)"),
        ("no_token", "no_best_ask + best_ask - mid"),
        ("yes_token", "best_ask"),
        ("yes_token", "min(best_ask, 0.97)"),
        ("yes_token", "0.4"),
        ("yes_token", "min(best_ask, 1 - no_best_bid)"),
        ("yes_token", "best_ask - fee(no_best_ask, fee_rate)"),
    ],
)
def test_the_price_of_the_token_itself_is_left_alone(token: str, price: str) -> None:
    text = "rules:\n" + rule("spread < 0.02", f'price: "{price}"')

    assert found(text.replace("yes_token", token), "PL029") == []


@pytest.mark.parametrize(
    ("token", "price", "when", "count"),
    [
        ("yes_token", "limit", "t.age < 60", 1),
        ("yes_token", "t.ask_now", "t.token == 'no_token'", 1),
        ("t.token", "m.best_ask", "t.age < 60", 1),
        ("t.token", "limit", "t.age < 60", 0),
        ("yes_token", "limit", "t.token == 'yes_token'", 0),
        ("t.token", "m.best_ask", "t.token == 'yes_token'", 0),
        ("yes_token", "m.best_ask", "t.age < 60", 0),
    ],
)
def test_the_price_of_a_trade_is_that_of_its_own_token(
    token: str, price: str, when: str, count: int
) -> None:
    text = TRADE.format(token=token, price=price, when=when)

    assert len(found(text, "PL029")) == count


def test_the_price_of_the_other_market_is_told() -> None:
    leg = "{market: near, action: buy, token: no_token, price: far.no_best_ask}"

    assert messages(found(PAIR.format(leg=leg), "PL029")) == [
        "this order is for near, and its price speaks of far only"
    ]
    assert found(PAIR.format(leg=leg.replace("far.", "near.")), "PL029") == []


def test_a_fee_at_the_rate_of_the_other_market_is_told() -> None:
    leg = "{market: near, action: buy, token: no_token, price: near.no_best_ask}"
    text = PAIR.format(leg=leg)
    lets = "let:\n  cost: far.best_ask\n  paid: fee(cost, near.fee_rate)\n"

    assert messages(found(lets + text, "PL029")) == [
        "fee(cost, near.fee_rate) takes the price of far at the rate of near"
    ]
    assert found(lets.replace("near.", "far.") + text, "PL029") == []


@pytest.mark.parametrize(
    ("when", "count"),
    [
        ("near.hours_to_close > far.hours_to_close", 1),
        ("far.hours_to_close <= near.hours_to_close", 1),
        ("near.hours_to_close < far.hours_to_close", 0),
        ("near.hours_to_close > 24", 0),
    ],
)
def test_near_is_not_asked_to_end_after_far(when: str, count: int) -> None:
    leg = "{market: near, action: buy, token: no_token, price: near.no_best_ask}"
    text = PAIR.format(leg=leg).replace("near.best_ask < 0.9", when)

    assert len(found(text, "PL029")) == count


@pytest.mark.parametrize(
    ("leg", "says"),
    [
        (
            "{market: far, action: buy, token: no_token, price: far.no_best_ask}",
            "legs 1 and 2 are both tokens of far, and none is of the other market",
        ),
        (
            "{market: far, action: buy, token: yes_token, price: far.best_ask}",
            "legs 1 and 2 are the same: yes_token of far",
        ),
    ],
)
def test_two_legs_of_one_market_of_a_pair_are_told(leg: str, says: str) -> None:
    assert messages(found(PAIR.format(leg=leg), "PL030")) == [says]


def test_both_tokens_of_the_only_market_of_a_row_are_a_basket_like_any_other() -> None:
    inputs = "inputs: {whales: {type: wallet_set}}\n"
    rows = "{each: trade, source: whales, within: 5m}"
    text = PAIR.format(
        leg="{market: m, action: buy, token: no_token, price: m.no_best_ask}"
    )
    text = text.replace("{each: pair, family: deadline}", rows)
    text = re.sub(r"\b(near|far)\b", "m", text)

    assert found(inputs + text, "PL030") == []


# Protection, windows


PROTECTED = """\
hit_policy: {policy}
rules:
{first}{second}"""
VETO = "  - {{id: news, when: {when}, then: {{action: none}}}}\n"
BUYS = rule("spread <= 0.02", "price: best_ask, edge: 0.97 - best_ask")


def test_protection_behind_a_rule_that_acts_is_told() -> None:
    veto = VETO.format(when="volume_1h > 5000")

    late = PROTECTED.format(policy="first", first=BUYS, second=veto)
    early = PROTECTED.format(policy="first", first=veto, second=BUYS)
    best = PROTECTED.format(policy="best", first=BUYS, second=veto)

    assert messages(found(late, "PL031")) == [
        (
            'rule "news" keeps from nothing that "enter" does: both can be TRUE, and'
            ' "enter" is asked before it'
        )
    ]
    assert found(early, "PL031") == []
    assert found(best, "PL031") == []


def test_a_veto_that_excludes_the_rule_before_it_only_says_why() -> None:
    veto = VETO.format(when="spread > 0.02")

    assert found(
        PROTECTED.format(policy="first", first=BUYS, second=veto), "PL031"
    ) == ([])


ROUND = """\
universe: {{each: round, series: {series}}}
schedule: {{every: 1s, window: {{before_end: [{first}, {last}]}}}}
"""


@pytest.mark.parametrize(
    ("series", "first", "last", "count"),
    [
        ("btc_updown_15m", "30m", "16m", 1),
        ("btc_updown_15m", "30m", "15m", 1),
        ("btc_updown_15m", "20m", "1m", 0),
        ("btc_updown_5m", "300s", "10s", 0),
        ("btc_updown_4h", "3h", "1h", 0),
        ("btc_hourly", "3h", "2h", 0),
    ],
)
def test_a_window_that_closes_before_a_round_begins_is_told(
    series: str, first: str, last: str, count: int
) -> None:
    text = ROUND.format(series=series, first=first, last=last)

    assert len(found(text, "PL032")) == count


def test_the_series_says_how_long_a_round_is() -> None:
    text = ROUND.format(series="btc_updown_15m", first="30m", last="16m")

    assert messages(found(text, "PL032")) == [
        "the window is never open: it closes 16m before the end, and a round lasts 15m"
    ]


# Ranges of rows


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (
            "t.wallet_win_rate > 60",
            "t.wallet_win_rate > 60 is never TRUE: t.wallet_win_rate is in [0, 1]",
        ),
        (
            "t.age >= minutes(10)",
            (
                'rule "copy" can never be TRUE where universe and guards hold: t.age is'
                " in [0, 300], minutes(10) is 600"
            ),
        ),
    ],
)
def test_what_a_trade_can_be_is_known(when: str, says: str) -> None:
    text = TRADE.format(token="t.token", price="limit", when=when)

    assert messages(found(text, "PL001")) == [says]


def test_what_is_shared_by_two_markets_lies_between_0_and_1() -> None:
    leg = "{market: near, action: buy, token: no_token, price: near.no_best_ask}"
    text = PAIR.format(leg=leg).replace("near.best_ask < 0.9", "pair.confidence >= 70")

    assert messages(found(text, "PL001")) == [
        "pair.confidence >= 70 is never TRUE: pair.confidence is in [0, 1]"
    ]


def test_a_price_that_no_order_has_is_an_error_and_told_once() -> None:
    text = QUOTE.format(bid="best_bid + 1", offer="best_ask", **STEADY)

    (problem,) = found(text, "PL008")

    assert problem.severity is Severity.ERROR
    assert problem.message == "price is never in (0, 1): it is in [1.0001, 1.9999]"
    assert problem.help == "1 is a dollar, and a cent is 0.01: did you mean 0.01?"
    assert [each for each in found(text, "PL028") if "never below" in each.message] == (
        []
    )
