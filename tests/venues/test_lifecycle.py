from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import Stage, StageChanged
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Listing
from polyrules.domain.moments import DAY, HOUR, MINUTE
from polyrules.venues.polymarket.markets.lifecycle import LifecycleSettings
from polyrules.venues.polymarket.markets.tiers import ORDER
from polyrules.venues.polymarket.registry import Entry
from tests.venues.market_fakes import NOON, Side, end_at, quiet

QUIET = LifecycleSettings(volume_24h_min=100.0, quiet_sweeps=2, settled_in=HOUR)


async def test_a_new_market_goes_straight_to_the_tier_of_its_hours() -> None:
    side = Side()

    side.put("m", NOON + 5 * HOUR)

    assert side.told() == [
        StageChanged(
            at=NOON,
            market=MarketId("m"),
            stage=Stage.T2,
            before=Stage.DISCOVERED,
            hours_to_close=5.0,
            reason="listed",
        )
    ]


async def test_a_market_goes_from_tier_to_tier_until_it_is_expired() -> None:
    side = Side()
    side.put("m", NOON + 50 * HOUR)
    side.told()
    for hours in (2, 3, 36, 6, 2, 1):
        await side.clock.advance(hours * HOUR)
        side.lifecycle.turn()

    assert side.stages() == [
        ("m", Stage.T0, Stage.T1, "time"),
        ("m", Stage.T1, Stage.T2, "time"),
        ("m", Stage.T2, Stage.T3, "time"),
        ("m", Stage.T3, Stage.T4, "time"),
    ]
    await side.clock.advance(HOUR)
    side.lifecycle.turn()
    assert side.stages() == []
    await side.clock.advance(MINUTE)
    side.lifecycle.turn()
    assert side.stages() == [("m", Stage.T4, Stage.DEACTIVATED, "expired")]
    assert side.lifecycle.reason(side.entry("m").id) == "expired"


async def test_a_market_whose_end_is_long_gone_is_expired_when_it_is_listed() -> None:
    side = Side()

    side.put("m", NOON - 2 * HOUR)

    assert side.stages() == [("m", Stage.DISCOVERED, Stage.DEACTIVATED, "expired")]


async def test_an_hour_after_its_end_a_market_is_not_expired_yet() -> None:
    side = Side()

    side.put("m", NOON - HOUR)

    assert side.stages() == [("m", Stage.DISCOVERED, Stage.T4, "listed")]


async def test_a_market_without_an_end_is_t0_and_stays_it() -> None:
    side = Side()
    side.put("m", None)
    await side.clock.advance(400 * DAY)

    side.lifecycle.turn()

    (step,) = side.told()
    assert isinstance(step, StageChanged)
    assert (step.stage, step.hours_to_close) == (Stage.T0, None)


async def test_an_end_that_is_moved_changes_the_tier_either_way() -> None:
    side = Side()
    entry = side.put("m", NOON + 5 * HOUR)
    end_at(entry, NOON + 20 * HOUR)
    side.lifecycle.review(entry)
    end_at(entry, NOON + 2 * HOUR)
    side.lifecycle.review(entry)

    assert side.stages()[1:] == [
        ("m", Stage.T2, Stage.T1, "end_moved"),
        ("m", Stage.T1, Stage.T3, "end_moved"),
    ]


async def test_the_old_end_of_a_market_moves_it_no_more() -> None:
    side = Side()
    entry = side.put("m", NOON + 5 * HOUR)
    end_at(entry, NOON + 11 * HOUR)
    side.lifecycle.review(entry)
    side.told()
    await side.clock.advance(6 * HOUR)

    side.lifecycle.turn()

    assert entry.stage is Stage.T2
    assert side.stages() == []


async def test_an_expired_market_comes_back_when_its_end_is_put_off() -> None:
    side = Side()
    entry = side.put("m", NOON - 2 * HOUR)
    side.lifecycle.review(entry)
    assert entry.stage is Stage.DEACTIVATED
    end_at(entry, NOON + 2 * HOUR)

    side.lifecycle.review(entry)

    assert side.stages()[1:] == [("m", Stage.DEACTIVATED, Stage.T3, "relisted")]
    assert side.lifecycle.reason(entry.id) == ""


async def test_a_delisted_market_comes_back_when_it_is_shown_again() -> None:
    side = Side()
    entry = side.put("m", NOON + 5 * HOUR)
    side.lifecycle.deactivate(entry, "delisted")
    side.lifecycle.review(entry)

    assert side.stages()[1:] == [
        ("m", Stage.T2, Stage.DEACTIVATED, "delisted"),
        ("m", Stage.DEACTIVATED, Stage.T2, "relisted"),
    ]


async def test_what_is_resolved_never_comes_back() -> None:
    side = Side()
    entry = side.put("m", NOON + 5 * HOUR)
    entry.resolved = True
    side.lifecycle.deactivate(entry, "resolved")

    side.lifecycle.review(entry)

    assert entry.stage is Stage.DEACTIVATED
    assert len(side.stages()) == 2


async def test_a_market_is_let_go_of_after_quiet_sweeps_in_a_row() -> None:
    side = Side(lifecycle=QUIET)
    entry = side.put("m", NOON + 72 * HOUR, listing=Listing(volume_24h=99.0))
    side.lifecycle.swept(entry)
    side.lifecycle.swept(entry)
    assert entry.stage is Stage.T0, "it is young"
    await side.clock.advance(HOUR)
    side.lifecycle.swept(entry)
    quiet(entry, 100.0)
    side.lifecycle.swept(entry)
    quiet(entry, 99.0)
    side.lifecycle.swept(entry)
    assert entry.stage is Stage.T0, "not in a row"

    side.lifecycle.swept(entry)

    assert side.stages()[1:] == [("m", Stage.T0, Stage.DEACTIVATED, "no_trades")]
    side.lifecycle.review(entry)
    assert side.stages() == []
    quiet(entry, 200.0)
    side.lifecycle.review(entry)
    assert side.stages() == [("m", Stage.DEACTIVATED, Stage.T0, "relisted")]


async def test_volume_matters_only_where_the_desk_says_so() -> None:
    side = Side()
    entry = side.put("m", NOON + 72 * HOUR, listing=Listing(volume_24h=0.0))
    for _ in range(10):
        await side.clock.advance(HOUR)
        side.lifecycle.swept(entry)

    assert entry.stage is Stage.T0


async def test_followers_hear_of_a_market_that_comes_into_sight() -> None:
    side = Side()
    heard: list[Entry] = []
    entry = side.put("m", NOON + 340 * HOUR)
    side.lifecycle.follow(heard.append)
    await side.clock.advance(4 * HOUR)

    side.lifecycle.turn()

    assert heard == [entry]
    assert entry.stage is Stage.T0


async def test_reviewing_a_market_a_thousand_times_keeps_one_reminder_of_it() -> None:
    side = Side()
    entry = side.put("m", NOON + 5 * HOUR)
    for _ in range(1000):
        side.lifecycle.review(entry)

    assert len(side.lifecycle._moves) == 1


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("end"), st.integers(-5, 400)),
        st.tuples(st.sampled_from(["no_trades", "delisted", "resolved"]), st.just(0)),
        st.tuples(st.just("review"), st.just(0)),
    ),
    max_size=25,
)


@given(hours=st.integers(-3, 400), steps=steps)
async def test_stages_go_forward_only_unless_the_venue_turns_them_back(
    hours: int, steps: list[tuple[str, int]]
) -> None:
    side = Side()
    entry = side.put("m", NOON + hours * HOUR)
    for what, number in steps:
        if what == "wait":
            await side.clock.advance(number * HOUR)
            side.lifecycle.turn()
        elif what == "end":
            end_at(entry, side.clock.now() + number * HOUR)
        elif what == "review":
            side.lifecycle.review(entry)
        else:
            entry.resolved = entry.resolved or what == "resolved"
            side.lifecycle.deactivate(entry, what)

    stage = Stage.DISCOVERED
    for _, before, after, reason in side.stages():
        assert before is stage, "no step is left out"
        forward = ORDER[after] > ORDER[stage]
        assert forward or reason in ("relisted", "end_moved")
        stage = after
    assert stage is entry.stage
    assert {
        name: number for name, number in side.health.gauges.items() if "stage" in name
    } == {
        f"stage {each.value}": each is stage
        for each in Stage
        if f"stage {each.value}" in side.health.gauges
    }
