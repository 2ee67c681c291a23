"""The seeded world: the same seed is the same history, and everyone finds a chance."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND
from polyrules.domain.money import ONE
from polyrules.features.deadlines import Kind as DeadlineKind
from polyrules.features.deadlines import deadline_of
from polyrules.features.rounds import round_of
from polyrules.venues.simulated.exchange.words import (
    LevelsMoved,
    Message,
    Mode,
    Resolved,
    Traded,
)
from polyrules.venues.simulated.world.people import people
from polyrules.venues.simulated.world.settings import BEGIN, Settings
from polyrules.venues.simulated.world.spot import Spot
from polyrules.venues.simulated.world.story import Kind, Story
from polyrules.venues.simulated.world.world import World

SMALL = Settings(seed=3, markets=40)
STEPS_A_MINUTE = MINUTE // SMALL.step


def played(world: World, minutes: float) -> list[Message]:
    """Return what happens in so many minutes."""
    found: list[Message] = []
    for _ in range(round(minutes * STEPS_A_MINUTE)):
        found += world.step()
    return found


def digest(messages: Iterable[Message]) -> str:
    """Return a hash of a history."""
    told = hashlib.sha256()
    for message in messages:
        told.update(msgspec.json.encode(message))
    return told.hexdigest()


def best(world: World, story: Story) -> tuple[float, float]:
    """Return the best prices of YES, 0 and 1 where there are none."""
    pit = world.exchange.pits[story.listed.id]
    return (pit.bids.best() or 0) / ONE, (pit.asks.best() or ONE) / ONE


def test_the_same_seed_is_the_same_history() -> None:
    first, second = World(SMALL), World(SMALL)

    one, other = played(first, 3), played(second, 3)

    assert len(one) > 1_000
    assert digest(one) == digest(other)
    assert first.people == second.people


def test_another_seed_is_another_world() -> None:
    one = World(SMALL)
    other = World(msgspec.structs.replace(SMALL, seed=4))

    assert not one.stories.keys() & other.stories.keys()
    assert not set(one.people.all()) & set(other.people.all())


def test_who_watches_changes_nothing() -> None:
    alone, watched = World(SMALL), World(SMALL)

    one = played(alone, 2)
    other: list[Message] = []
    for _ in range(2 * STEPS_A_MINUTE):
        other += watched.step()
        for story in watched.stories.values():
            watched.exchange.book(story.listed.yes)
        watched.spot.twap("BTC", watched.at, 60)

    assert digest(one) == digest(other)


def test_there_are_as_many_markets_as_asked_for_and_rounds_besides() -> None:
    stories = World(Settings(markets=123)).stories.values()

    rounds = [story for story in stories if story.kind is Kind.ROUND]
    assert len(stories) - len(rounds) == 123
    # two coins, an hour ahead: 12 rounds of five minutes and 4 of fifteen
    assert len(rounds) == 32


def test_there_is_a_market_for_every_tier() -> None:
    world = World(Settings(markets=200))
    hours = [(story.end - BEGIN) / HOUR for story in world.stories.values()]

    found = Counter(sum(left < bound for bound in (48, 12, 4, 1)) for left in hours)
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert min(found.values()) >= 5


def test_lively_markets_have_two_sided_books_from_the_beginning() -> None:
    world = World(SMALL)

    for story in world.stories.values():
        if story.kind is not Kind.ROUND:
            bid, ask = best(world, story)
            assert 0 < bid < ask < 1


def test_quiet_markets_are_quoted_soon_and_then_stay() -> None:
    world = World(Settings(seed=3, markets=500, lively=20))
    quiet = [story for story in world.stories.values() if story.weight == 0]

    played(world, 0.1)
    before = {story.listed.id: world.exchange.book(story.listed.yes) for story in quiet}
    moved = {m.market for m in played(world, 1) if isinstance(m, LevelsMoved)}

    assert len(quiet) > 450
    assert all(bids and asks for bids, asks in before.values())
    assert not moved & before.keys()


def test_quotes_carry_as_many_changes_as_were_asked_for() -> None:
    world = World(Settings(seed=3, markets=200, activity=100))

    messages = played(world, 3)

    told = sum(isinstance(m, LevelsMoved | Traded) for m in messages) / 180
    assert 70 <= told <= 130


def test_deadlines_are_recognised_as_such() -> None:
    world = World(Settings(markets=200))
    bundles = {
        id(s.bundle): s.bundle
        for s in world.stories.values()
        if s.kind is Kind.DEADLINE
    }

    assert len(bundles) >= 4
    for bundle in bundles.values():
        assert bundle is not None
        read = [deadline_of(market_of(story)) for story in bundle.stories]
        assert [each.kind for each in read] == [DeadlineKind.DEADLINE] * 3
        assert len({each.stem for each in read}) == 1
        assert all(each.confidence >= 0.9 for each in read)
        ends = [each.at or 0 for each in read]
        assert ends == sorted(ends)


def market_of(story: Story) -> Market:
    """Return a market as the engine knows it."""
    listed = story.listed
    return Market(
        id=MarketId(listed.id),
        yes=TokenId(listed.yes),
        no=TokenId(listed.no),
        question=listed.question,
        slug=listed.slug,
        start=listed.created,
        end=listed.end,
    )


def test_rounds_are_recognised_by_their_slugs() -> None:
    world = World(SMALL)
    rounds = [s for s in world.stories.values() if s.kind is Kind.ROUND]

    for story in rounds:
        told = round_of(market_of(story))
        assert told is not None
        assert (told.start, told.end) == (story.listed.start, story.listed.end)
        assert told.series in (
            *("btc_updown_5m", "btc_updown_15m"),
            *("eth_updown_5m", "eth_updown_15m"),
        )


def test_a_round_pays_up_if_the_mean_of_its_last_minute_is_not_below_the_first() -> (
    None
):
    world = World(Settings(seed=5, markets=10))

    answers = [m for m in played(world, 17) if isinstance(m, Resolved)]

    rounds = [world.stories[answer.market] for answer in answers]
    assert len(rounds) >= 6
    for story, answer in zip(rounds, answers, strict=True):
        symbol = story.listed.slug.partition("-")[0].upper()
        start, end = story.listed.start or 0, story.listed.end or 0
        begun = world.spot.twap(symbol, start, 60)
        up = world.spot.twap(symbol, end, 60) >= begun
        assert answer.winner == (story.listed.yes if up else story.listed.no)
        assert 38 * SECOND <= answer.at - end <= 93 * SECOND


def test_markets_end_and_are_answered_while_new_ones_appear() -> None:
    world = World(Settings(seed=7, markets=100, activity=6))
    known = {s.listed.id for s in world.stories.values()}

    played(world, 50)

    stories = world.stories.values()
    over = [s for s in stories if s.stage == "resolved" and s.kind is not Kind.ROUND]
    fresh = [
        s for s in stories if s.listed.id not in known and s.kind is not Kind.ROUND
    ]
    assert over
    assert all(s.end < world.at and s.payout_yes in (0, 0.5, 1) for s in over)
    assert len(fresh) >= 5


def test_of_a_group_exactly_one_wins() -> None:
    world = World(Settings(seed=7, markets=60))
    group = next(s.bundle for s in world.stories.values() if s.kind is Kind.RACE)
    assert group is not None

    end = group.stories[0].end
    answers = [story.path.answer(story.place, end) for story in group.stories]

    assert sum(answers) == 1


def test_the_outcomes_of_a_group_are_now_and_then_all_on_sale_below_one() -> None:
    world = World(Settings(seed=7, markets=60))
    bundles = {id(s.bundle): s.bundle for s in world.stories.values() if s.bundle}
    groups = [b for b in bundles.values() if b.stories[0].kind is Kind.RACE]
    cheapest = 9.0

    for _ in range(12 * 60):
        played(world, 1 / 60)
        for group in groups:
            rate = float(group.stories[0].listed.fee_rate)
            asks = [best(world, story)[1] for story in group.stories]
            cheapest = min(cheapest, sum(a + rate * a * (1 - a) for a in asks))

    assert cheapest < 0.995


def test_the_nearer_of_two_deadlines_is_now_and_then_the_dearer() -> None:
    world = World(Settings(seed=7, markets=60))
    bundles = {id(s.bundle): s.bundle for s in world.stories.values() if s.bundle}
    families = [b for b in bundles.values() if b.stories[0].kind is Kind.DEADLINE]
    widest = -1.0

    for _ in range(12 * 60):
        played(world, 1 / 60)
        for family in families:
            near, far = family.stories[0], family.stories[1]
            widest = max(widest, best(world, near)[0] - best(world, far)[1])

    assert widest > 0.02


def test_whales_buy_for_thousands_and_leave_an_offer_at_their_price() -> None:
    world = World(Settings(seed=7, markets=30))
    whales = {whale.address for whale in world.whales}
    seen = []

    for _ in range(20 * 60):
        for message in played(world, 1 / 60):
            if isinstance(message, Traded) and message.taker in whales:
                asks = world.exchange.book(message.token)[1]
                seen.append((message, asks[0][0] if asks else ONE))

    bought = [(trade, ask) for trade, ask in seen if trade.side.value == "BUY"]
    large = [t for t, _ in bought if t.price * t.size / ONE / ONE >= 5_000]
    assert len(large) >= 3
    followed = [ask <= trade.price + 10_000 for trade, ask in bought]
    assert sum(followed) >= len(followed) // 2


def test_whales_are_the_same_by_the_seed_and_one_of_them_is_worth_following() -> None:
    first, second = people(7).whales, people(7).whales

    assert first == second
    assert len({whale.address for whale in first}) == len(first)
    assert all(len(whale.address) == 42 for whale in first)
    assert max(whale.win_rate for whale in first) > 0.6
    assert min(whale.win_rate for whale in first) < 0.5


def test_nobody_acts_while_the_venue_is_down() -> None:
    world = World(SMALL)
    world.exchange.mode = Mode.RESTARTING

    messages = played(world, 1)

    assert not [m for m in messages if isinstance(m, LevelsMoved | Traded)]


def test_a_dispute_on_command_holds_an_answer_back() -> None:
    held = {"on": True}
    world = World(Settings(seed=5, markets=10), disputed=lambda *_: held["on"])

    waiting = [m for m in played(world, 8) if isinstance(m, Resolved)]
    stages = {s.stage for s in world.stories.values()}
    held["on"] = False
    answered = [m for m in played(world, 0.5) if isinstance(m, Resolved)]

    assert not waiting
    assert "disputed" in stages
    assert len(answered) >= 2


def test_an_answer_by_hand_ends_a_market_once() -> None:
    world = World(SMALL)
    market = next(iter(world.stories))

    world.resolve(market, Decimal("0.5"))
    world.resolve(market, Decimal(1))
    answers = [m for m in played(world, 1) if isinstance(m, Resolved)]

    assert [(each.market, each.winner) for each in answers] == [(market, None)]
    assert world.stories[market].payout_yes == 0.5


def test_no_money_is_made_or_lost_by_trading() -> None:
    world = World(Settings(seed=7, markets=60, activity=60))
    before = money(world)

    played(world, 10)

    assert money(world) == before


def money(world: World) -> int:
    """Return all cash, all collateral and all fees [micro-usd]."""
    accounts = world.exchange.accounts
    cash = sum(
        account.cash.free + account.cash.locked + account.cash.pending
        for _, account in accounts
    )
    collateral = sum(pit.collateral for pit in world.exchange.pits.values())
    return cash + collateral + accounts.fees


@given(seed=st.integers(0, 10_000), minutes=st.integers(1, 3))
@settings(deadline=None, max_examples=15)
def test_a_book_is_never_crossed_in_any_world(seed: int, minutes: int) -> None:
    world = World(Settings(seed=seed, markets=20, activity=40))

    for _ in range(minutes * 12):
        played(world, 1 / 12)
        for story in world.stories.values():
            bid, ask = best(world, story)
            assert bid < ask


@given(
    seed=st.integers(0, 10_000),
    asked=st.lists(st.integers(-7_000, 7_000), min_size=2, max_size=6),
)
@settings(deadline=None, max_examples=30)
def test_a_price_is_the_same_whoever_asks_first(seed: int, asked: list[int]) -> None:
    forward, backward = Spot(seed, BEGIN), Spot(seed, BEGIN)
    moments = [BEGIN + second * SECOND for second in asked]

    one = {at: forward.price("BTC", at) for at in sorted(moments)}
    other = {at: backward.price("BTC", at) for at in sorted(moments, reverse=True)}

    assert one == other
    assert all(price > 0 for price in one.values())


def test_a_mean_is_that_of_the_seconds_that_end_with_the_moment() -> None:
    spot = Spot(7, BEGIN)
    moments = [BEGIN - each * SECOND for each in range(30)]

    mean = sum(spot.price("ETH", at) for at in moments) / 30

    assert spot.twap("ETH", BEGIN, 30) == pytest.approx(mean, rel=1e-9)


def test_no_market_is_older_than_the_calendar() -> None:
    stories = World(SMALL).stories.values()

    assert all(BEGIN - 21 * DAY < story.listed.created <= BEGIN for story in stories)


def test_coins_remember_a_day_and_after_it_the_oldest_price_they_have() -> None:
    spot, other = Spot(7, BEGIN), Spot(7, BEGIN)
    hour = 3600 * 1_000_000

    noon = spot.price("BTC", BEGIN + 12 * hour)
    mean = spot.twap("BTC", BEGIN + 12 * hour, 60)
    last = spot.price("BTC", BEGIN + 72 * hour)

    other.price("BTC", BEGIN + 30 * hour)
    assert other.price("BTC", BEGIN + 12 * hour) == noon
    assert other.twap("BTC", BEGIN + 12 * hour, 60) == mean
    assert other.price("BTC", BEGIN + 72 * hour) == last
    assert spot.price("BTC", BEGIN) == spot.price("BTC", BEGIN + hour)
    oldest = spot.price("BTC", BEGIN)
    assert spot.twap("BTC", BEGIN, 60) == pytest.approx(oldest)
