"""Where several rules are true: unique, best, collect; and wallets to follow."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from polyrules.domain.events import Event, WalletTraded
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Side, Usd
from polyrules.domain.steps import Decision, Step
from polyrules.engine.engine import Engine
from polyrules.engine.record import Follows
from polyrules.features.table import Feeds
from tests.builders import at, book, listed, tick
from tests.strategies import strategy
from tests.unit.test_engine import RUN, decided, engine_of, traded

TWO = """\
polyrules: 1
strategy: {id: two, version: 1.0.0}
universe: {each: market, where: accepting_orders}
hit_policy: POLICY
rules:
  - id: tight
    when: spread <= 0.02
    then: {action: buy, token: yes_token, price: best_ask, edge: 0.01 + spread,
           confidence: 0.5, size: 10 * min_order_shares / 5, urgency: high,
           reason: "spread {spread:.2f}"}
  - id: cheap
    when: best_ask <= 0.50
    then: {action: buy, token: yes_token, price: best_ask - tick_size, edge: EDGE,
           confidence: 0.4, size: 30 * min_order_shares / 5, urgency: high,
           reason: "ask {best_ask:.2f}"}
sizing: {method: fixed, amount: 20 shares}
schedule: {every: 1s}
"""
TIGHT_ONLY = book(1, (("0.59", "100"),), (("0.60", "100"),))
CHEAP_ONLY = book(1, (("0.40", "100"),), (("0.50", "100"),))
BOTH = book(1, (("0.48", "100"),), (("0.50", "100"),))


def two(policy: str, *, edge: str = "0.02", more: str = "") -> Engine:
    text = TWO.replace("POLICY", policy).replace("EDGE", edge)
    return engine_of(strategy(text + more))


def decisions(steps: Iterable[Step]) -> list[Decision]:
    return [decision for step in steps for decision in step.decisions]


def alarms(steps: Iterable[Step]) -> list[str]:
    return [alarm for step in steps for alarm in step.alarms]


def test_under_unique_a_single_true_rule_decides() -> None:
    assert decided(traded(two("unique"), listed(), TIGHT_ONLY, tick(1))) == [
        ("tight", "BUY", "0.60")
    ]


def test_under_unique_two_true_rules_trade_nothing_and_raise_one_alarm() -> None:
    engine = two("unique")

    steps = traded(engine, listed(), BOTH, tick(1), tick(2), tick(3))

    assert decisions(steps) == []
    assert alarms(steps) == [
        "two: several rules are true on m, and hit_policy unique lets none act"
    ]
    assert engine.rules[StrategyId("two")].funnel.conflicts == 3


def test_a_conflict_that_comes_back_is_told_again() -> None:
    steps = traded(
        two("unique"),
        *(listed(), BOTH, tick(1)),
        *(book(2, (("0.69", "9"),), (("0.80", "9"),)), tick(2)),
        *(book(3, (("0.48", "100"),), (("0.50", "100"),)), tick(3)),
    )

    assert len(alarms(steps)) == 2


def test_a_conflict_is_told_once_though_events_ask_about_one_market_each() -> None:
    text = TWO.replace("POLICY", "unique").replace("EDGE", "0.02")
    engine = engine_of(strategy(text.replace("1s}", "1h, trigger: [book]}")))
    asks = (("0.50", "100"),)
    books = [book(s, asks=asks, name=name) for s in (3, 4, 5) for name in ("a", "b")]

    steps = traded(engine, listed("a"), listed("b"), tick(1), *books)

    assert alarms(steps) == [
        "two: several rules are true on a, and hit_policy unique lets none act",
        "two: several rules are true on b, and hit_policy unique lets none act",
    ]


def test_a_conflict_that_comes_back_between_turns_is_told_again() -> None:
    text = TWO.replace("POLICY", "unique").replace("EDGE", "0.02")
    engine = engine_of(strategy(text.replace("1s}", "1h, trigger: [book]}")))
    over = book(3, (("0.69", "9"),), (("0.80", "9"),))

    steps = traded(engine, listed(), tick(1), book(2), over, book(4))

    assert len(alarms(steps)) == 2


@pytest.mark.parametrize(
    ("edge", "rule"),
    [
        ("0.02", "tight"),  # its own edge is 0.01 + 0.02
        ("0.04", "cheap"),
        ("0.03", "tight"),  # equals: the first of the file
        ("price_change_1d", "tight"),  # nobody states it: what is missing is never best
    ],
)
def test_under_best_the_highest_edge_decides(edge: str, rule: str) -> None:
    steps = traded(two("best", edge=edge), listed(), BOTH, tick(1))

    assert [each.rule for each in decisions(steps)] == [rule]


def test_under_collect_two_wishes_for_a_token_become_one() -> None:
    steps = traded(two("collect"), listed(), BOTH, tick(1))

    (decision,) = decisions(steps)
    assert (decision.rule, decision.price) == ("tight", Decimal("0.49"))
    assert decision.size == Decimal(30)
    assert decision.edge == pytest.approx(0.02)
    assert decision.confidence == pytest.approx(0.5)
    assert decision.reason == "spread 0.02; ask 0.50"


@pytest.mark.parametrize(
    ("merge", "price", "size", "confidence", "reason"),
    [
        ("price: max", "0.50", "30", 0.5, "spread 0.02; ask 0.50"),
        ("size: sum", "0.49", "40", 0.5, "spread 0.02; ask 0.50"),
        ("size: min", "0.49", "10", 0.5, "spread 0.02; ask 0.50"),
        ("confidence: noisy_or", "0.49", "30", 0.7, "spread 0.02; ask 0.50"),
        ("confidence: mean", "0.49", "30", 0.45, "spread 0.02; ask 0.50"),
        ("reason: first", "0.49", "30", 0.5, "spread 0.02"),
    ],
)
def test_a_file_says_how_wishes_are_merged(
    merge: str, price: str, size: str, confidence: float, reason: str
) -> None:
    engine = two("collect", more=f"merge: {{{merge}}}\n")

    (decision,) = decisions(traded(engine, listed(), BOTH, tick(1)))

    assert (decision.price, decision.size) == (Decimal(price), Decimal(size))
    assert decision.confidence == pytest.approx(confidence)
    assert decision.reason == reason


def test_of_a_stated_size_and_one_left_to_sizing_the_stated_one_holds() -> None:
    text = TWO.replace("POLICY", "collect").replace("EDGE", "0.02")
    unsized = text.replace(" size: 30 * min_order_shares / 5,", "")
    engine = engine_of(strategy(unsized + "merge: {size: min}\n"))

    (decision,) = decisions(traded(engine, listed(), BOTH, tick(1)))

    assert decision.size == Decimal(10)  # and not the 20 of sizing


def test_under_collect_wishes_for_two_tokens_stay_two() -> None:
    text = TWO.replace("POLICY", "collect").replace("EDGE", "0.02")
    cheap = text.index("- id: cheap")
    other = text[cheap:].replace("yes_token, price: best_ask - tick_size", "NO")
    text = text[:cheap] + other.replace("NO", "no_token, price: no_best_ask", 1)

    steps = traded(engine_of(strategy(text)), listed(), BOTH, tick(1))

    # each of the two would be a bet against the other: the higher edge gets the market
    assert decided(steps) == [("tight", "BUY", "0.50")]


@pytest.mark.parametrize("policy", ["unique", "best", "collect"])
def test_a_veto_stands_before_all_other_rules_wherever_it_stands(policy: str) -> None:
    text = TWO.replace("POLICY", policy).replace("EDGE", "0.02")
    veto = "  - {id: calm, when: bid_size < 50, then: {action: none}}\nsizing:"
    engine = engine_of(strategy(text.replace("sizing:", veto)))
    thin = book(2, (("0.59", "49"),), (("0.60", "100"),))

    steps = traded(engine, listed(), tick(1), thin, tick(2))
    after = traded(engine, book(3, (("0.59", "50"),), (("0.60", "9"),)), tick(3))

    assert decisions(steps) == []
    assert [each.rule for each in decisions(after)] == ["tight"]


# Wallets.

ONE, OTHER, STRANGER = ("0x" + each * 40 for each in "ab9")
FOLLOW = """\
polyrules: 1
strategy: {id: follow, version: 1.0.0}
inputs: {watchlist: {type: wallet_set}}
universe: {each: trade, source: watchlist, within: 10m, where: t.side == 'buy'}
hit_policy: collect
merge: {size: sum}
rules:
  - id: copy
    when: t.ask_now <= t.price + 0.01
    then: {action: buy, token: t.token, price: t.ask_now, size: t.size / 10,
           urgency: high, cooldown: 1h, reason: "paid {t.price:.2f}"}
sizing: {method: fixed, amount: 20 shares}
exits:
  - {id: left, when_event: {trade: {wallet: entry_wallet, side: sell, min_share: 0.5}}}
schedule: {every: 1s, trigger: [wallet]}
"""


def followers(text: str = FOLLOW, *wallets: str) -> Engine:
    return Engine(
        (strategy(text),),
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=Feeds(),
        run=RUN,
        inputs={"watchlist": frozenset(wallets or (ONE, OTHER.upper()))},
    )


def wallet(
    seconds: float,
    side: Side,
    shares: int,
    *,
    by: str = ONE,
    token: str = "yes",
    price: float = 0.5,
) -> WalletTraded:
    return WalletTraded(
        at=at(seconds),
        market=MarketId("m"),
        token=TokenId(f"m:{token}"),
        side=side,
        price=round(price * 1e6),
        size=shares * 1_000_000,
        wallet=by,
    )


START: tuple[Event, ...] = (listed(), BOTH, tick(1))


def test_a_watched_wallet_is_followed_at_once_into_the_token_it_bought() -> None:
    engine = followers()

    steps = traded(
        engine, *START, wallet(2, Side.BUY, 200, token="no", price=0.52), tick(3)
    )

    (decision,) = decisions(steps)
    assert (decision.token, decision.price) == ("m:no", Decimal("0.52"))
    assert decision.size == Decimal(20)
    assert steps[3].decisions == (decision,)


def test_a_stranger_is_not_followed() -> None:
    steps = traded(followers(), *START, wallet(2, Side.BUY, 200, by=STRANGER), tick(3))

    assert decisions(steps) == []


def test_wallets_that_agree_are_followed_with_one_order() -> None:
    engine = followers(FOLLOW.replace(", trigger: [wallet]", ""))
    bought = (wallet(2, Side.BUY, 200), wallet(2, Side.BUY, 100, by=OTHER, price=0.49))

    steps = traded(engine, *START, *bought, tick(3), tick(4))

    (decision,) = decisions(steps)
    assert decision.size == Decimal(30)
    assert decision.reason == "paid 0.50; paid 0.49"


@pytest.mark.parametrize(("sold", "leaves"), [(99, False), (100, True)])
def test_what_was_copied_is_sold_when_the_wallet_sold_half(
    sold: int, *, leaves: bool
) -> None:
    bought = (*START, wallet(2, Side.BUY, 200), tick(3))

    steps = traded(followers(), *bought, wallet(4, Side.SELL, sold), tick(5))

    rules = [each.rule for each in decisions(steps)]
    assert rules == (["copy", "left"] if leaves else ["copy"])


def test_a_wallet_that_bought_nothing_cannot_have_sold_half_of_it() -> None:
    follows = Follows()

    follows.begin(StrategyId("copier"), TokenId("m:yes"), ONE, bought=0)

    assert follows.sold_share(StrategyId("copier"), TokenId("m:yes")) is None


def test_sales_of_the_other_token_and_of_other_wallets_do_not_count() -> None:
    bought = (*START, wallet(2, Side.BUY, 200), tick(3))
    sold = (
        wallet(4, Side.SELL, 200, token="no"),
        wallet(4, Side.SELL, 200, by=OTHER),
        wallet(4, Side.SELL, 200, by=STRANGER),
    )

    steps = traded(followers(), *bought, *sold, tick(5))

    assert [each.rule for each in decisions(steps)] == ["copy"]


def test_of_wallets_that_were_merged_any_may_give_the_sign_to_leave() -> None:
    engine = followers(FOLLOW.replace(", trigger: [wallet]", ""))
    bought = (wallet(2, Side.BUY, 200), wallet(2, Side.BUY, 100, by=OTHER))

    steps = traded(
        engine, *START, *bought, tick(3), wallet(4, Side.SELL, 50, by=OTHER), tick(5)
    )

    assert [each.rule for each in decisions(steps)] == ["copy", "left"]


def test_an_order_that_never_filled_follows_nobody_later() -> None:
    text = FOLLOW.replace("price: t.ask_now,", "price: 'min(t.ask_now, 0.50)',")
    engine = followers(text.replace("cooldown: 1h", "cooldown: 10s"))
    # an order at 50 cents cannot fill where 60 are asked; then the wallet sells all
    first = (*START, book(2, (("0.48", "100"),), (("0.60", "100"),)))
    sold = (wallet(3, Side.BUY, 200, price=0.60), wallet(4, Side.SELL, 200), tick(5))
    again = (
        book(20, (("0.48", "100"),), (("0.50", "100"),)),
        *(wallet(21, Side.BUY, 200), tick(22), tick(23)),
    )

    steps = traded(engine, *first, *sold, *again)

    assert [each.rule for each in decisions(steps)] == ["copy", "copy"]
