"""The simulated Data API: what wallets did and hold, as late as the venue tells it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.money import Side
from polyrules.venues.simulated.data_api import DataApi, Ledger, Profile
from polyrules.venues.simulated.data_api import ledger as ledgers
from polyrules.venues.simulated.data_api.accounts import lateness
from polyrules.venues.simulated.data_api.queries import BadQueryError
from polyrules.venues.simulated.exchange.words import (
    Listed,
    MakerFill,
    MarketAdded,
    Message,
    Resolved,
    Traded,
    TradeMoved,
    TradeStatus,
)

S = 1_000_000
BEGIN = 1_772_452_800 * S
LATER = BEGIN + 3600 * S
WHALE = "0x" + "a1" * 20
MAKER = "0x" + "b2" * 20
STRANGER = "0x" + "c3" * 20
CID = "0x" + "0c" * 32
YES, NO = "71", "72"
LISTED = Listed(
    id=CID, yes=YES, no=NO, question="Rain by May?", slug="rain", group_slug="weather"
)
PRICES = {YES: 600_000, NO: 400_000}


class Stopped:
    speed = 1.0

    def __init__(self, at: int = LATER) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.at += micros


def traded(
    number: int = 1,
    *,
    side: Side = Side.BUY,
    price: int = 550_000,
    size: int = 100_000_000,
    at: int = BEGIN,
) -> Traded:
    """A trade of WHALE, who takes, with MAKER, in one transaction each."""
    other = Side.SELL if side is Side.BUY else Side.BUY
    maker = MakerFill(
        order_id=f"m{number}",
        owner=MAKER,
        token=YES,
        side=other,
        price=price,
        size=size,
    )
    return Traded(
        id=f"t{number}",
        market=CID,
        token=YES,
        side=side,
        price=price,
        size=size,
        fee=0,
        taker=WHALE,
        taker_order_id=f"o{number}",
        makers=(maker,),
        transaction=f"0x{number:064x}",
        at=at,
    )


def ledger(*messages: Message) -> Ledger:
    made = Ledger(PRICES.__getitem__)
    made.hear(MarketAdded(listed=LISTED, at=BEGIN))
    for message in messages:
        made.hear(message)
    return made


def asked(made: Ledger, path: str, clock: Stopped | None = None, **query: str) -> Any:  # noqa: ANN401 - JSON
    api = DataApi(made, clock or Stopped(), BEGIN)
    return json.loads(api.answer(path, query)[1])


def test_a_trade_is_told_as_the_venue_spells_it() -> None:
    (told,) = asked(ledger(traded()), "/trades")

    assert told == {
        "proxyWallet": WHALE,
        "side": "BUY",
        "asset": "71",
        "conditionId": CID,
        "size": 100.0,
        "price": 0.55,
        "timestamp": 1_772_452_800,
        "title": "Rain by May?",
        "slug": "rain",
        "icon": "",
        "eventSlug": "weather",
        "outcome": "Yes",
        "outcomeIndex": 0,
        "name": "",
        "pseudonym": "",
        "bio": "",
        "profileImage": "",
        "profileImageOptimized": "",
        "transactionHash": "0x" + "0" * 63 + "1",
    }


def test_trades_hide_makers_unless_asked() -> None:
    made = ledger(traded())

    takers = asked(made, "/trades")
    everyone = asked(made, "/trades", takerOnly="false")

    assert [each["proxyWallet"] for each in takers] == [WHALE]
    assert {(each["proxyWallet"], each["side"]) for each in everyone} == {
        (WHALE, "BUY"),
        (MAKER, "SELL"),
    }


def test_trades_can_be_asked_for_by_size() -> None:
    made = ledger(traded(1, size=100_000_000), traded(2, size=5_000_000_000))

    by_cash = asked(made, "/trades", filterType="CASH", filterAmount="1000")
    by_tokens = asked(made, "/trades", filterType="TOKENS", filterAmount="100")

    assert [each["size"] for each in by_cash] == [5000.0]
    assert len(by_tokens) == 2


def test_an_activity_is_a_trade_with_its_worth() -> None:
    (told,) = asked(ledger(traded()), "/activity", user=MAKER)

    assert told["type"] == "TRADE"
    assert told["side"] == "SELL"
    assert told["usdcSize"] == 55.0
    assert told["timestamp"] == 1_772_452_800


def test_activity_is_asked_for_by_time_in_seconds_and_newest_first() -> None:
    trades = [traded(number, at=BEGIN + number * S) for number in range(10)]

    told = asked(
        ledger(*trades),
        "/activity",
        user=WHALE,
        start=str(BEGIN // S + 3),
        end=str(BEGIN // S + 5),
    )

    assert [each["timestamp"] - BEGIN // S for each in told] == [5, 4, 3]


def test_a_row_is_seen_some_seconds_after_it_happened() -> None:
    clock = Stopped(BEGIN)
    made = ledger(traded())
    late = lateness("0x" + "0" * 63 + "1", WHALE)

    assert asked(made, "/activity", clock, user=WHALE) == []
    clock.at = BEGIN + late - 1
    assert asked(made, "/activity", clock, user=WHALE) == []
    clock.at = BEGIN + late
    assert len(asked(made, "/activity", clock, user=WHALE)) == 1


def test_some_rows_come_after_younger_ones() -> None:
    late = [lateness(f"0x{number:064x}", WHALE) for number in range(200)]

    assert min(late) >= 1 * S
    assert max(late) > 20 * S
    assert sum(each > 6 * S for each in late) < 20


def test_answers_are_as_old_as_the_cache_lets_them_be() -> None:
    clock = Stopped(LATER)
    made = ledger(traded(1))
    api = DataApi(made, clock, BEGIN)
    api.answer("/activity", {"user": WHALE})
    api.answer("/trades", {})
    made.hear(traded(2, at=BEGIN + 60 * S))

    clock.at = LATER + 15 * S - 1
    age, activity = api.answer("/activity", {"user": WHALE})
    assert (age, len(json.loads(activity))) == (14, 1)
    clock.at = LATER + 15 * S
    age, activity = api.answer("/activity", {"user": WHALE})
    assert (age, len(json.loads(activity))) == (0, 2)
    clock.at = LATER + 299 * S
    age, trades = api.answer("/trades", {})
    assert (age, len(json.loads(trades))) == (299, 1)
    clock.at = LATER + 300 * S
    assert len(json.loads(api.answer("/trades", {})[1])) == 2


def test_a_position_stands_at_average_cost() -> None:
    made = ledger(
        traded(1, price=500_000, size=100_000_000),
        traded(2, price=600_000, size=100_000_000),
        traded(3, side=Side.SELL, price=650_000, size=50_000_000),
    )

    (told,) = asked(made, "/positions", user=WHALE)

    assert told["size"] == 150.0
    assert told["avgPrice"] == 0.55
    assert told["initialValue"] == 82.5
    assert told["currentValue"] == 90.0
    assert told["cashPnl"] == 7.5
    assert told["realizedPnl"] == 5.0
    assert told["curPrice"] == 0.6
    assert told["oppositeAsset"] == NO
    assert told["redeemable"] is False


def test_less_than_a_share_is_left_out_unless_asked() -> None:
    made = ledger(traded(size=900_000))

    assert asked(made, "/positions", user=WHALE) == []
    assert len(asked(made, "/positions", user=WHALE, sizeThreshold="0")) == 1


def test_winnings_can_be_redeemed_and_then_are() -> None:
    made = ledger(traded(), Resolved(market=CID, winner=YES, at=BEGIN + 100 * S))

    (held,) = asked(made, "/positions", user=WHALE, redeemable="true")
    assert (held["curPrice"], held["currentValue"]) == (1.0, 100.0)
    made.advance(BEGIN + 190 * S)
    assert asked(made, "/positions", user=WHALE) == []
    redeemed, trade = asked(made, "/activity", user=WHALE)

    assert trade["type"] == "TRADE"
    assert (redeemed["type"], redeemed["price"], redeemed["side"]) == ("REDEEM", 0, "")
    assert redeemed["usdcSize"] == 100.0
    (closed,) = asked(made, "/closed-positions", user=WHALE)
    assert closed["realizedPnl"] == 45.0


def test_fifty_fifty_pays_half() -> None:
    made = ledger(traded(), Resolved(market=CID, winner=None, at=BEGIN + 100 * S))

    (held,) = asked(made, "/positions", user=WHALE)

    assert held["curPrice"] == 0.5


def test_a_trade_that_failed_on_the_chain_never_was() -> None:
    ghost = traded(2, size=7_000_000)
    made = ledger(
        traded(1), ghost, TradeMoved(trade=ghost, status=TradeStatus.FAILED, at=BEGIN)
    )

    assert [each["size"] for each in asked(made, "/activity", user=WHALE)] == [100.0]
    assert len(asked(made, "/trades", takerOnly="false")) == 2
    (held,) = asked(made, "/positions", user=WHALE)
    assert (held["size"], held["initialValue"]) == (100.0, 55.0)
    assert asked(made, "/v1/leaderboard", user=WHALE)[0]["vol"] == 55.0


def test_holders_come_by_token_and_are_null_without_any() -> None:
    made = ledger()
    assert asked(made, "/holders", market=CID) is None

    made.hold(WHALE, YES, size=5_000_000, price=500_000, at=BEGIN)
    made.hold(MAKER, YES, size=9_000_000, price=500_000, at=BEGIN)
    made.hold(MAKER, NO, size=1_000_000, price=500_000, at=BEGIN)

    told = asked(made, "/holders", market=CID)
    assert [each["token"] for each in told] == [YES, NO]
    assert [(each["proxyWallet"], each["amount"]) for each in told[0]["holders"]] == [
        (MAKER, 9.0),
        (WHALE, 5.0),
    ]
    assert len(asked(made, "/holders", market=CID, limit="1")[0]["holders"]) == 1


def test_the_leaderboard_counts_the_past() -> None:
    made = ledger(traded())
    made.introduce(
        Profile(wallet=STRANGER, name="Ann", settled=4, pnl=1000.0, volume=9.0)
    )

    by_profit = asked(made, "/v1/leaderboard")
    by_volume = asked(made, "/v1/leaderboard", orderBy="VOL")

    assert by_profit[0]["proxyWallet"] == STRANGER
    assert (by_profit[0]["rank"], by_profit[0]["userName"]) == ("1", "Ann")
    assert by_volume[0]["proxyWallet"] in (WHALE, MAKER)


def test_a_past_is_won_as_often_as_it_says() -> None:
    made = ledger()
    made.introduce(Profile(wallet=STRANGER, settled=40, win_rate=0.7))

    told = asked(made, "/closed-positions", user=STRANGER, limit="50")

    assert len(told) == 40
    assert sum(each["realizedPnl"] > 0 for each in told) == 28


def test_the_value_of_a_wallet_is_what_it_holds() -> None:
    assert asked(ledger(traded()), "/value", user=WHALE) == [
        {"user": WHALE, "value": 60.0}
    ]
    assert asked(ledger(), "/value", user=STRANGER) == [
        {"user": STRANGER, "value": 0.0}
    ]


def test_pages_follow_each_other_without_a_gap() -> None:
    made = ledger(*[traded(number, at=BEGIN + number * S) for number in range(25)])

    first = asked(made, "/activity", user=WHALE, limit="20")
    second = asked(made, "/activity", user=WHALE, limit="20", offset="20")

    times = [each["timestamp"] - BEGIN // S for each in [*first, *second]]
    assert times == list(range(24, -1, -1))


def test_a_limit_above_the_venues_is_cut() -> None:
    made = ledger(*[traded(number) for number in range(600)])

    assert len(asked(made, "/activity", user=WHALE, limit="9999")) == 500


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/activity", {}, "required query param 'user' not provided"),
        ("/positions", {"user": "0x12"}, "invalid user address: 0x12"),
        ("/holders", {}, "required query param 'market' not provided"),
        ("/trades", {"limit": "-1"}, "invalid query param 'limit': -1"),
        ("/trades", {"filterAmount": "nan"}, "invalid query param 'filterAmount': nan"),
        ("/trades", {"offset": "10001"}, "max historical offset of 10000 exceeded"),
        ("/positions", {"user": WHALE, "sortBy": "LUCK"}, "'sortBy': LUCK"),
    ],
)
def test_a_wrong_question_is_refused_with_its_reason(
    path: str, query: dict[str, str], told: str
) -> None:
    with pytest.raises(BadQueryError, match=told):
        DataApi(ledger(), Stopped(), BEGIN).answer(path, query)


async def test_the_pages_are_served_with_their_age() -> None:
    app = web.Application()
    app.add_routes(DataApi(ledger(traded()), Stopped(), BEGIN).routes())
    async with TestClient(TestServer(app)) as client:
        right = await client.get("/data/trades")
        wrong = await client.get("/data/activity")
        root = await client.get("/data/")

        assert len(await right.json()) == 1
        assert right.headers["Cache-Control"] == "public, max-age=300"
        assert right.headers["Age"] == "0"
        assert (wrong.status, await wrong.json()) == (
            400,
            {"error": "required query param 'user' not provided"},
        )
        assert root.status == 200


@given(
    trades=st.lists(
        st.tuples(st.sampled_from(Side), st.integers(1, 999), st.integers(1, 10**6)),
        max_size=30,
    ),
    undone=st.sets(st.integers(0, 29)),
)
def test_no_wallet_ever_holds_less_than_nothing(
    trades: list[tuple[Side, int, int]], undone: set[int]
) -> None:
    made = ledger()
    all_ = [
        traded(number, side=side, price=price * 1000, size=size * 10_000)
        for number, (side, price, size) in enumerate(trades)
    ]
    for trade in all_:
        made.hear(trade)
    for number in sorted(undone & set(range(len(all_)))):
        failed = TradeMoved(trade=all_[number], status=TradeStatus.FAILED, at=BEGIN)
        made.hear(failed)

    for wallet in (WHALE, MAKER):
        for position in made.account(wallet).positions.values():
            assert position.size >= 0
            assert position.cost >= 0
    for path in ("/activity", "/positions", "/value", "/closed-positions"):
        asked(made, path, user=WHALE)


@pytest.mark.parametrize("page", ["trades", "activity", "positions"])
def test_a_row_has_the_fields_of_a_recorded_one(root: Path, page: str) -> None:
    folder = root.parent / "shared" / "data" / "fixtures-microstructure-lab"
    file = folder / f"data_{page}.json"
    if not file.exists():
        pytest.skip(f"no recorded rows in {folder}")
    recorded = json.loads(file.read_text())

    (told,) = asked(ledger(traded()), f"/{page}", user=WHALE)

    assert set(told) == set(recorded[0]) - {"eventId"}


def test_of_all_rows_the_newest_ten_thousand_are_kept() -> None:
    made = ledger()
    made.introduce(Profile(wallet=WHALE))

    for number in range(5_001):  # two rows each, of the whale and of the maker
        made.hear(traded(number, at=BEGIN + number * S))

    assert len(made.trades) == 10_000
    assert made.trades[0].at == BEGIN + S
    assert len(made.accounts[WHALE].rows) == 1_000
    assert len(made.accounts[MAKER].rows) == 1_000


def test_who_has_no_name_is_forgotten_and_who_has_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledgers, "ALL_MAX", 4)
    made = ledger()
    made.introduce(Profile(wallet=WHALE))

    for number in range(5):
        made.hear(traded(number, at=BEGIN + number * S))

    assert len(asked(made, "/activity", user=WHALE)) == 5
    assert len(asked(made, "/activity", user=MAKER)) == 2
    assert len(asked(made, "/trades", takerOnly="false")) == 4
    assert len(asked(made, "/trades", market=CID, takerOnly="false")) == 4
    assert asked(made, "/traded", user=MAKER) == {"user": MAKER, "traded": 1}


def test_a_kept_wallet_keeps_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "ALL_MAX", 2)
    made = ledger()
    made.keep(MAKER.upper().replace("0X", "0x"))

    for number in range(4):
        made.hear(traded(number, at=BEGIN + number * S))

    assert len(asked(made, "/activity", user=MAKER)) == 4
    assert len(asked(made, "/activity", user=WHALE)) == 1


def test_of_strangers_a_page_of_closed_positions_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledgers, "STRANGER_CLOSED", 1)
    made = ledger(traded(1))
    made.introduce(Profile(wallet=WHALE))
    for token in (YES, NO):
        made.hold(WHALE, token, size=S, price=500_000, at=BEGIN)
        made.hold(STRANGER, token, size=S, price=500_000, at=BEGIN)

    made.hear(Resolved(market=CID, winner=YES, at=BEGIN))
    made.advance(BEGIN + 90 * S)

    assert [each.token for each in made.accounts[WHALE].closed] == [YES, NO]
    assert [each.token for each in made.accounts[STRANGER].closed] == [NO]


def test_nothing_is_left_of_an_answered_market_whose_rows_are_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledgers, "ALL_MAX", 2)
    other = msgspec.structs.replace(LISTED, id="0x" + "0d" * 32, yes="81", no="82")
    made = ledger(traded(1), Resolved(market=CID, winner=YES, at=BEGIN + S))
    made.hear(MarketAdded(listed=other, at=BEGIN))
    assert made.advance(BEGIN + 90 * S) == []
    assert made.advance(BEGIN + 91 * S) == [CID]
    later = traded(2, at=BEGIN + 100 * S)

    made.hear(msgspec.structs.replace(later, market=other.id, token="81", makers=()))
    made.hear(msgspec.structs.replace(later, market=other.id, token="81", makers=()))

    assert list(made.fills(wallet=None, market=CID)) == []
    assert made.holders(YES) == []
