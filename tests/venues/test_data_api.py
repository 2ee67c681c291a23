"""The Data API: pages, rows that do not fit, and what its rows mean."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.money import Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.data_api import (
    Activity,
    ClosedPosition,
    DataApi,
    Getter,
    Leader,
    Position,
    Rows,
)
from polyrules.venues.polymarket.wallets.fills import (
    Fill,
    Told,
    fill_of,
    is_combo,
)
from polyrules.venues.polymarket.wallets.records import Record, record_of, results
from polyrules.venues.polymarket.wallets.whales import (
    Whales,
    candidates,
    discover,
    flow,
    trade_tier,
    wallet_tier,
)
from tests.venues.stepped_clock import Stepped

WALLET = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
OTHER = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
T0 = 1_773_307_230  # 2026-03-12 09:20:30, seconds
SECOND = 1_000_000
NOW = (T0 + 60) * SECOND


def row(**more: object) -> dict[str, Any]:
    return {
        "proxyWallet": WALLET,
        "timestamp": T0,
        "conditionId": "0xc",
        "type": "TRADE",
        "size": 100,
        "usdcSize": 55,
        "transactionHash": "0xABC",
        "price": 0.55,
        "asset": "104",
        "side": "BUY",
        "slug": "will-it-rain",
        **more,
    }


class Venue:
    """Serves rows of paths by limit and offset, as the real one does."""

    def __init__(self, rows: Mapping[str, object], clamp: int = 10_000) -> None:
        self.rows = rows
        self.clamp = clamp
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        asked = dict(params or {})
        self.asked.append((path, asked))
        told = self.rows.get(path, [])
        if isinstance(told, bytes):
            return told
        if isinstance(told, list):
            offset = int(asked.get("offset", 0))
            limit = min(int(asked.get("limit", 100)), self.clamp)
            told = told[offset : offset + limit]
        return json.dumps(told).encode()


def api(rows: Mapping[str, object], clamp: int = 10_000) -> tuple[DataApi, Venue]:
    venue = Venue(rows, clamp)
    return DataApi(venue, Health()), venue


def test_the_rest_of_polyrules_fits_what_the_data_api_asks_of_it() -> None:
    fits: type[Getter] = Rest

    assert fits is Rest


def test_activity_is_asked_for_by_time_and_all_its_pages_are_read() -> None:
    data, venue = api({"/activity": [row(size=each) for each in range(1, 1204)]})

    told = asyncio.run(data.activity(WALLET, start=T0, types=("TRADE",)))

    assert [activity.size for activity in told.rows] == list(range(1, 1204))
    assert told.complete
    assert [asked["offset"] for _, asked in venue.asked] == ["0", "500", "1000"]
    assert venue.asked[0] == (
        "/activity",
        {
            "user": WALLET,
            "start": str(T0),
            "type": "TRADE",
            "sortBy": "TIMESTAMP",
            "sortDirection": "DESC",
            "limit": "500",
            "offset": "0",
        },
    )


def test_pages_that_the_venue_cuts_shorter_than_asked_are_all_read() -> None:
    data, venue = api(
        {"/trades": [row(size=each) for each in range(1, 251)]}, clamp=100
    )

    told = asyncio.run(data.trades(markets=["0xc"]))

    assert len(told.rows) == 250
    assert [asked["offset"] for _, asked in venue.asked] == ["0", "100", "200", "250"]


def test_rows_beyond_the_last_offset_are_known_to_be_missing() -> None:
    health = Health()
    data = DataApi(Venue({"/activity": [row()] * 12_000}), health)

    told = asyncio.run(data.activity(WALLET))

    assert len(told.rows) == 10_500
    assert not told.complete
    assert health.counts["data_api", "rows_beyond_reach"] == 1


def test_no_more_rows_are_asked_for_than_wanted() -> None:
    data, venue = api({"/closed-positions": [{"realizedPnl": 1}] * 300})

    told = asyncio.run(data.closed_positions(WALLET, at_most=70))

    assert len(told.rows) == 70
    assert not told.complete
    assert [asked["limit"] for _, asked in venue.asked] == ["50", "20"]


def test_closed_positions_are_asked_by_time_as_the_venue_shows_winners_first() -> None:
    data, venue = api({})

    asyncio.run(data.closed_positions(WALLET))

    assert venue.asked[0][1]["sortBy"] == "TIMESTAMP"


def test_trades_show_makers_too_and_may_be_of_whales_only() -> None:
    data, venue = api({"/trades": [row()]})

    asyncio.run(data.trades(markets=["0xc", "0xd"], usd_min=Decimal(1000)))

    asked = venue.asked[0][1]
    assert asked["takerOnly"] == "false"
    assert asked["market"] == "0xc,0xd"
    assert (asked["filterType"], asked["filterAmount"]) == ("CASH", "1000")


def test_positions_below_a_share_are_not_hidden() -> None:
    data, venue = api({"/positions": []})

    asyncio.run(data.positions(WALLET, redeemable=True))

    assert venue.asked[0][1]["sizeThreshold"] == "0"
    assert venue.asked[0][1]["redeemable"] == "true"


@pytest.mark.parametrize("body", [b"null", b"", b" \n", b"[]"])
def test_no_rows_may_be_said_in_several_ways(body: bytes) -> None:
    data, _ = api({"/holders": body, "/positions": body, "/value": body})

    assert asyncio.run(data.holders("0xc")) == []
    assert asyncio.run(data.positions(WALLET)).rows == []
    assert asyncio.run(data.value(WALLET)) is None


@pytest.mark.parametrize(
    "body", [b"<html>blocked</html>", b'{"error":"bad"}', b"7", b"[NaN]", b'"\xff"']
)
def test_a_reply_that_is_no_list_is_an_error_that_names_the_path(body: bytes) -> None:
    data, _ = api({"/positions": body})

    with pytest.raises(UnexpectedReply, match="/positions answered no"):
        asyncio.run(data.positions(WALLET))


def test_a_row_that_does_not_fit_is_left_out_and_the_others_stay() -> None:
    health = Health()
    rows = [row(asset=7), row(), "row", None, row(slug=["x"]), row(unheard_of={})]
    data = DataApi(Venue({"/activity": rows}), health)

    told = asyncio.run(data.activity(WALLET))

    assert len(told.rows) == 2
    assert health.counts["data_api", "row_refused"] == 4


def test_an_activity_type_nobody_knows_is_kept_as_its_text() -> None:
    data, _ = api({"/activity": [row(type="AIRDROP", conditionId="", price=0)]})

    told = asyncio.run(data.activity(WALLET))

    assert told.rows[0].type == "AIRDROP"


def test_holders_and_value_and_leaders_are_read() -> None:
    data, venue = api(
        {
            "/holders": [{"token": "104", "holders": [{"proxyWallet": WALLET}]}],
            "/value": [{"user": WALLET, "value": "123.4"}],
            "/v1/leaderboard": [{"rank": "1", "proxyWallet": WALLET, "pnl": 5}],
        }
    )

    holders = asyncio.run(data.holders("0xc"))
    value = asyncio.run(data.value(WALLET))
    leaders = asyncio.run(data.leaderboard(period="WEEK", order="VOL"))

    assert [each.proxy_wallet for each in holders[0].holders or []] == [WALLET]
    assert value == 123.4
    assert leaders[0].rank == "1"
    assert venue.asked[-1][1]["timePeriod"] == "WEEK"
    assert venue.asked[-1][1]["orderBy"] == "VOL"


def fill(**more: object) -> Fill:
    wire = json.dumps(row(**more))
    return fill_of(activity(wire), NOW)


def activity(wire: str) -> Activity:
    data, _ = api({"/activity": json.loads(f"[{wire}]")})
    return asyncio.run(data.activity(WALLET)).rows[0]


def test_a_fill_is_in_micro_units_and_lower_case() -> None:
    read = fill(
        proxyWallet=WALLET.upper().replace("X", "x").replace("0X", "0x"), size="3.28888"
    )

    assert read == Fill(
        wallet=WALLET,
        market=read.market,
        token=read.token,
        side=Side.BUY,
        price=550_000,
        size=3_288_880,
        at=T0 * SECOND,
        transaction="0xabc",
        slug="will-it-rain",
    )
    assert (read.market, read.token) == ("0xc", "104")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"conditionId": ""}, "a trade without a wallet, market or token"),
        ({"asset": None}, "a trade without a wallet, market or token"),
        ({"proxyWallet": ""}, "a trade without a wallet, market or token"),
        ({"side": ""}, "a side that is neither BUY nor SELL"),
        ({"side": "HOLD"}, "a side that is neither BUY nor SELL"),
        ({"price": 0}, r"a price outside \(0, 1\)"),
        ({"price": "NaN"}, "a price or size that is no number"),
        ({"size": 0}, "a trade of 0 shares"),
        ({"size": -1}, "a size below 0"),
        ({"size": "1e99"}, "a number beyond 1e12"),
        ({"timestamp": None}, "no timestamp"),
        ({"timestamp": T0 + 3600}, "a trade from the future"),
    ],
)
def test_a_row_that_is_no_trade_is_refused_with_a_reason(
    more: dict[str, object], said: str
) -> None:
    with pytest.raises(UnexpectedReply, match=said):
        fill(**more)


def test_several_fills_of_one_transaction_are_all_news() -> None:
    told = Told(since=0)

    news = [told.is_news(fill(size=size)) for size in (1, 2, 1)]

    assert news == [True, True, False]


def test_what_is_forgotten_is_not_news_again() -> None:
    told = Told(since=0)
    told.is_news(fill())

    told.forget(T0 * SECOND + 1)

    assert len(told) == 0
    assert not told.is_news(fill())


def test_bundles_of_markets_are_told_by_their_short_ids() -> None:
    assert is_combo(fill(conditionId="0x" + "a" * 62).market)
    assert not is_combo(fill(conditionId="0x" + "a" * 64).market)


def closed(pnl: float, at: int = T0) -> ClosedPosition:
    return ClosedPosition(realized_pnl=pnl, timestamp=at)


def held(pnl: float, end: str, *, redeemable: bool = True) -> Position:
    return Position(cash_pnl=pnl, redeemable=redeemable, end_date=end)


def test_losers_that_nobody_redeemed_count_as_lost() -> None:
    rows = Rows(rows=[closed(5), closed(-1), closed(2)])

    won, settled = results(
        rows, [held(-9, "2026-03-01"), held(1, "2026-03-01", redeemable=False)]
    )

    assert (won, settled) == (2, 4)


def test_losers_from_before_the_first_closed_position_seen_do_not_count() -> None:
    rows = Rows(rows=[closed(5)], complete=False)

    won, settled = results(rows, [held(-9, "2025-01-01"), held(-9, "2026-03-13")])

    assert (won, settled) == (1, 2)


def test_a_record_tells_wins_and_how_busy_a_wallet_is() -> None:
    data, _ = api(
        {
            "/closed-positions": [{"realizedPnl": 3, "timestamp": T0}],
            "/positions": [{"cashPnl": -1, "redeemable": True}],
            "/activity": [row(), row(), row(size=2), row(side="?")],
        }
    )

    record = asyncio.run(record_of(data, WALLET, NOW, Health()))

    assert (record.win_rate, record.settled, record.trades_30d) == (0.5, 2, 2)


def test_what_cannot_be_learned_of_a_wallet_is_none_and_counted() -> None:
    health = Health()
    data = DataApi(Venue({"/closed-positions": b"<html>"}), health)

    record = asyncio.run(record_of(data, WALLET, NOW, health))

    assert (record.win_rate, record.trades_30d) == (None, None)
    assert health.counts["wallet_records", "UnexpectedReply"] == 1


def test_tiers_begin_at_round_sums() -> None:
    assert [trade_tier(usd) for usd in (999.99, 1_000, 10_000, 1e6)] == [0, 1, 2, 3]
    assert [wallet_tier(usd) for usd in (None, 99_999, 1e5, 1e6, 1e7)] == [
        *(0, 0, 1, 2, 3)
    ]


def test_a_flow_is_bought_less_sold() -> None:
    fills = [
        fill(size=100, price=0.5),
        fill(size=40, price=0.25, side="SELL", conditionId="0xd"),
        fill(size=1_000, timestamp=T0 - 100),
    ]

    came = flow(fills, since=T0 * SECOND)

    assert (came.fills, came.markets, came.largest) == (2, 2, 50_000_000)
    assert (came.volume, came.net) == (60_000_000, 40_000_000)
    assert came.last_at == T0 * SECOND


def test_candidates_are_listed_once_with_profit_and_volume() -> None:
    leaders = [
        Leader(proxy_wallet=OTHER, user_name="b", pnl=10, vol=None),
        Leader(proxy_wallet=WALLET, user_name="a", pnl="70", vol=2_000_000),
        Leader(proxy_wallet=OTHER, user_name="b", pnl=10, vol=150_000),
        Leader(proxy_wallet="0xshort", pnl=1e9),
    ]

    found = candidates(leaders)

    assert [(each.wallet, each.pnl, each.volume, each.tier) for each in found] == [
        (WALLET, 70.0, 2_000_000.0, 2),
        (OTHER, 10.0, 150_000.0, 1),
    ]


def test_discovery_asks_for_the_leaders_by_profit_and_by_volume() -> None:
    data, venue = api({"/v1/leaderboard": [{"proxyWallet": WALLET, "pnl": 1}]})

    found = asyncio.run(discover(data, period="MONTH"))

    assert [each.wallet for each in found] == [WALLET]
    assert [asked["orderBy"] for _, asked in venue.asked] == ["PNL", "VOL"]


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["NaN", "1e400", "-0", "0.5", "BUY", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


WHOLE = {
    **row(),
    "realizedPnl": 1,
    "cashPnl": 2,
    "redeemable": True,
    "endDate": "2026-03-01",
    "pnl": 3,
    "vol": 4,
    "userName": "x",
}


@given(
    name=st.sampled_from(sorted(WHOLE)),
    junk=JUNK,
    absent=st.sets(st.sampled_from(sorted(WHOLE)), max_size=4),
)
def test_a_row_with_anything_in_it_is_read_or_refused_and_counted(
    name: str, junk: object, absent: set[str]
) -> None:
    odd = {**WHOLE, name: junk}
    kept = {key: value for key, value in odd.items() if key not in absent}
    health = Health()
    data = DataApi(Venue({path: [kept] for path in PATHS}), health)

    record = asyncio.run(record_of(data, WALLET, NOW, health))
    before = health.counts["data_api", "row_refused"]
    told = asyncio.run(data.activity(WALLET))
    found = candidates(asyncio.run(data.leaderboard()))

    refused = health.counts["data_api", "row_refused"] - before
    assert record.win_rate is None or 0 <= record.win_rate <= 1
    assert 1 <= len(told.rows) + refused <= 2
    assert len(found) <= 1


PATHS = ("/activity", "/positions", "/closed-positions", "/v1/leaderboard", "/trades")


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_an_unexpected_reply(body: bytes) -> None:
    data, _ = api({"/activity": body})
    try:
        told = asyncio.run(data.activity(WALLET, at_most=1))
    except UnexpectedReply:
        return
    assert isinstance(told.rows, list)


NAUTILUS = "nautilus_trader/crates/adapters/polymarket/test_data"
REAL = (
    ("/activity", "fixtures-microstructure-lab/data_activity.json", 3),
    ("/trades", "fixtures-microstructure-lab/data_trades.json", 3),
    ("/positions", "fixtures-microstructure-lab/data_positions.json", None),
    ("/positions", "fixtures-poly-search/tests/fixtures/positions.json", None),
    ("/trades", "fixtures-polymarket-cli-ra1nty/tests/fixtures/trades.json", None),
    ("/positions", f"{NAUTILUS}/data_api_positions_response.json", None),
    ("/trades", f"{NAUTILUS}/data_api_trades_response.json", None),
)


@pytest.mark.parametrize(("path", "file", "number"), REAL)
def test_every_recorded_row_is_read(
    shared_data: Path, path: str, file: str, number: int | None
) -> None:
    rows = json.loads((shared_data / file).read_bytes())
    health = Health()
    data = DataApi(Venue({path: rows}), health)

    read: Rows[Activity] | Rows[Position]
    if path == "/positions":
        read = asyncio.run(data.positions(WALLET))
    elif path == "/trades":
        read = asyncio.run(data.trades(user=WALLET))
    else:
        read = asyncio.run(data.activity(WALLET))

    assert len(read.rows) == len(rows)
    assert number in (None, len(rows))
    assert health.counts["data_api", "row_refused"] == 0


def test_every_recorded_trade_is_a_fill(shared_data: Path) -> None:
    file = shared_data / "fixtures-microstructure-lab/data_trades.json"
    rows = [activity(json.dumps(each)) for each in json.loads(file.read_bytes())]

    fills = [fill_of(each, 1_800_000_000 * SECOND) for each in rows]

    assert [each.price for each in fills] == [970_000] * 3
    assert len({each.key for each in fills}) == 3


async def test_the_leaders_stay_known_while_the_venue_does_not_answer() -> None:
    rows: dict[str, object] = {
        "/v1/leaderboard": [{"proxyWallet": WALLET, "pnl": 7, "vol": 2e6}],
        "/closed-positions": [{"realizedPnl": 1}],
    }
    health, clock = Health(), Stepped(NOW)
    whales = Whales(DataApi(Venue(rows), health), clock, health, recorded=1)
    task = asyncio.create_task(whales.run())

    await clock.advance(1)
    first = dict(whales.known)
    rows["/v1/leaderboard"] = b"<html>"
    await clock.advance(6 * 3_600 * SECOND)
    alive = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert alive
    assert first[WALLET].record == Record(win_rate=1.0, settled=1, trades_30d=0)
    assert whales.known == first
    assert (whales.tier(WALLET.upper().replace("X", "x")), whales.tier(OTHER)) == (2, 0)
    assert health.counts["whales", "UnexpectedReply"] == 1


@pytest.mark.parametrize("end", ["", "soon", "2026-13-40"])
def test_a_loser_without_a_readable_end_counts_when_all_is_seen(end: str) -> None:
    assert results(Rows(rows=[]), [held(-1, end)]) == (0, 1)
    assert results(Rows(rows=[closed(1)], complete=False), [held(-1, end)]) == (1, 1)


def test_positions_without_a_gain_say_nothing() -> None:
    rows = Rows(rows=[ClosedPosition(realized_pnl="1e99"), ClosedPosition()])

    assert results(rows, [Position(redeemable=True)]) == (0, 0)
