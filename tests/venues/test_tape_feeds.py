"""What stands beside the markets, on a tape: coins, odds, games, trades of wallets."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.cli.tape_text import info_lines
from polyrules.domain.events import (
    Event,
    GameChanged,
    OddsChanged,
    SpotTicked,
    WalletTraded,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.venues.tape.inspection import findings, inspect
from polyrules.venues.tape.manifest import FEEDS, FORMAT, Manifest
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import HOUR, NOON, at, book, listed, resolved, trade

SPOT = SpotTicked(at=at(1), symbol="BTC", source="twap_60", price=61_035.86)
ODDS = OddsChanged(at=at(1), market=MarketId("m"), fair=0.6, books=4, dispersion=0.01)
GAME = GameChanged(
    at=at(1),
    venue_at=at(0),
    market=MarketId("m"),
    status="live",
    seconds_left=900.0,
    win_prob=0.7,
    happened="score",
)
WALLET = WalletTraded(
    at=at(1),
    market=MarketId("m"),
    token=TokenId("m:yes"),
    side=Side.BUY,
    price=400_000,
    size=1_000_000,
    wallet="0xAb",
)

times = st.integers(NOON - 30 * HOUR, NOON + 30 * HOUR)
stamps = st.none() | times
names = st.sampled_from(["m", "n"]).map(MarketId)
numbers = st.floats(allow_nan=False, allow_infinity=False)
happenings: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        WalletTraded,
        at=times,
        venue_at=stamps,
        market=names,
        token=st.sampled_from(["y", "z"]).map(TokenId),
        side=st.sampled_from(Side),
        price=st.integers(1, 999_999),
        size=st.integers(1, 10**13),
        wallet=st.text(max_size=8),
        transaction=st.text(max_size=8),
        win_rate=st.none() | numbers,
        trades_30d=st.none() | st.integers(0, 10**6),
    ),
    st.builds(
        SpotTicked,
        at=times,
        venue_at=stamps,
        symbol=st.sampled_from(["BTC", "ETH"]),
        source=st.text(max_size=8),
        price=numbers,
    ),
    st.builds(
        OddsChanged,
        at=times,
        venue_at=stamps,
        market=names,
        fair=numbers,
        books=st.integers(0, 50),
        dispersion=numbers,
        match_score=numbers,
    ),
    st.builds(
        GameChanged,
        at=times,
        venue_at=stamps,
        market=names,
        status=st.text(max_size=8),
        seconds_left=numbers,
        win_prob=numbers,
        happened=st.text(max_size=8),
    ),
)


def write(
    path: Path, *events: Event, feeds: tuple[str, ...] = (), ranked: bool = False
) -> Tape:
    with TapeWriter(path, ranked=ranked) as writer:
        for event in events:
            writer.append(event)
        writer.close(Manifest(format=FORMAT, made_by="", feeds=feeds))
    return Tape.open(path)


@given(happened=st.lists(happenings, max_size=30))
@settings(deadline=None, max_examples=40)
def test_what_stands_beside_the_markets_comes_back_unchanged(
    happened: list[Event],
) -> None:
    with TemporaryDirectory() as folder:
        tape = write(Path(folder) / "tape", *happened)

        assert list(tape.events()) == sorted(happened, key=lambda event: event.at)


def test_a_tape_gives_the_feeds_that_told_something(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", SPOT, GAME, ODDS, WALLET)

    assert tape.manifest.feeds == ("wallets", "rtds", "odds", "game")


def test_a_trade_of_a_wallet_does_not_give_the_feed_of_trades(tmp_path: Path) -> None:
    assert write(tmp_path / "tape", WALLET).manifest.feeds == ("wallets",)


def test_a_feed_that_was_there_and_silent_is_given_by_who_made_the_tape(
    tmp_path: Path,
) -> None:
    tape = write(tmp_path / "tape", listed(), book(1), feeds=("game", "wallets"))

    assert tape.manifest.feeds == ("book", "wallets", "game")


def test_every_feed_of_a_tape_has_its_place(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", listed(), feeds=tuple(reversed(FEEDS)))

    assert tape.manifest.feeds == (
        "gamma",
        "book",
        "trades",
        "wallets",
        "rtds",
        "odds",
        "game",
    )


def test_of_one_instant_what_stands_beside_comes_after_the_market_before_its_answer(
    tmp_path: Path,
) -> None:
    tape = write(
        tmp_path / "tape",
        resolved(1),
        WALLET,
        GAME,
        listed(seconds=1),
        trade(1, Side.BUY, "0.50", "1"),
        SPOT,
        ranked=True,
    )

    assert [type(event).__name__ for event in tape.events()] == [
        "MarketListed",
        "GameChanged",
        "SpotTicked",
        "WalletTraded",
        "TradePrinted",
        "MarketResolved",
    ]


def test_two_games_that_score_at_once_are_both_kept(tmp_path: Path) -> None:
    other = GameChanged(
        at=GAME.at,
        venue_at=GAME.venue_at,
        market=MarketId("n"),
        status="live",
        seconds_left=900.0,
        win_prob=0.7,
        happened="score",
    )

    tape = write(tmp_path / "tape", GAME, other, GAME, ranked=True)

    assert list(tape.events()) == [GAME, other]


def test_info_tells_the_new_kinds_and_feeds_and_finds_nothing_odd(
    tmp_path: Path,
) -> None:
    tape = write(tmp_path / "tape", listed(), SPOT, SPOT, GAME, ODDS, WALLET)

    seen = inspect(tape)
    lines = list(info_lines(tape.manifest, seen))

    assert lines[0] == (
        "events     6: GameChanged 1, MarketListed 1, OddsChanged 1, SpotTicked 2,"
        " WalletTraded 1"
    )
    assert "feeds      wallets, rtds, odds, game" in lines
    assert findings(seen, {}) == {}
