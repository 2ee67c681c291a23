"""What a recorder never does: lose what was durable, change it, or reorder it."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyrules.clock import Wall
from polyrules.domain.events import (
    BookChanged,
    Event,
    FeedLost,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    SpotTicked,
    Stage,
    StageChanged,
    TickChanged,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Listing
from polyrules.domain.moments import DAY
from polyrules.domain.money import Side
from polyrules.venues.recording.log.segments import HEAD, Segment, block, encode
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.sealing.finish import recover
from polyrules.venues.tape.reader import Tape
from tests.builders import NOON, book, market

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
AMOUNT = st.integers(0, 2**63 - 1)
SMALL = st.floats(allow_nan=False, allow_infinity=False)
SIDE = st.sampled_from(Side)
MARKET = st.builds(MarketId, TEXT)
TOKEN = st.builds(TokenId, TEXT)
SHOWN = st.lists(st.tuples(AMOUNT, AMOUNT), max_size=3).map(tuple)
CHANGE = st.builds(LevelChange, TOKEN, SIDE, AMOUNT, AMOUNT)
FACTS = st.builds(
    lambda name, question, group: msgspec.structs.replace(
        market(name), question=question, group=group
    ),
    TEXT,
    TEXT,
    st.none() | st.builds(GroupId, TEXT),
)
LISTING = st.builds(
    Listing, volume_24h=st.none() | SMALL, accepting_orders=st.booleans()
)
AT = {"at": st.just(0), "venue_at": st.none() | AMOUNT}
KINDS: st.SearchStrategy[Event] = st.one_of(
    st.builds(MarketListed, **AT, market=FACTS, listing=LISTING),
    st.builds(MarketChanged, **AT, market=FACTS, listing=LISTING),
    st.builds(BookChanged, **AT, market=MARKET, token=TOKEN, bids=SHOWN, asks=SHOWN),
    st.builds(
        LevelsChanged,
        **AT,
        market=MARKET,
        changes=st.lists(CHANGE, max_size=3).map(tuple),
    ),
    st.builds(
        TradePrinted,
        **AT,
        market=MARKET,
        token=TOKEN,
        side=SIDE,
        price=AMOUNT,
        size=AMOUNT,
        transaction=TEXT,
    ),
    st.builds(
        WalletTraded,
        **AT,
        market=MARKET,
        token=TOKEN,
        side=SIDE,
        price=AMOUNT,
        size=AMOUNT,
        wallet=TEXT,
        win_rate=st.none() | SMALL,
    ),
    st.builds(SpotTicked, **AT, symbol=TEXT, source=TEXT, price=SMALL),
    st.builds(TickChanged, **AT, market=MARKET, tick=st.just(Decimal("0.001"))),
    st.builds(MarketResolved, **AT, market=MARKET, payout_yes=st.just(Decimal("0.5"))),
    st.builds(StageChanged, **AT, market=MARKET, stage=st.sampled_from(Stage)),
    st.builds(FeedLost, **AT, feed=TEXT, market=st.none() | MARKET, reason=TEXT),
)
PAUSES = st.sampled_from([0, 0, 1, 250_000, 1_000_000, DAY])


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> list[Event]:
    """Return events of all kinds; many share an instant, some days are skipped."""
    at, found = NOON, []
    for event in draw(st.lists(KINDS, max_size=most)):
        at += draw(PAUSES)
        found.append(msgspec.structs.replace(event, at=at))
    return found


@contextmanager
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "tape"


def opened(path: Path) -> Recording:
    return Recording(path, clock=Wall(), free_bytes_min=0)


def on(path: Path) -> list[Event]:
    return list(Tape.open(path).events())


@given(happened=histories())
@settings(max_examples=100)
def test_recorded_events_read_back_equal_and_in_their_order(
    happened: list[Event],
) -> None:
    with place() as path:
        tape = opened(path)
        for event in happened:
            tape.append(event)
        manifest = tape.close()

        assert on(path) == happened
        assert manifest.left_out == {}
        assert Tape.open(path).verify() == ()


@given(blocks=st.lists(histories(4), min_size=1, max_size=4), data=st.data())
@settings(max_examples=150)
def test_a_log_cut_at_any_byte_keeps_exactly_the_whole_blocks_before_the_cut(
    blocks: list[list[Event]], data: st.DataObject
) -> None:
    written = [
        block(b"".join(encode(event) for event in events), len(events))
        for events in blocks
    ]
    whole = b"".join(written)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, written[: n + 1])) for n in range(len(written))]
    kept = sum(end <= cut for end in ends)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "000001.log"
        file.write_bytes(whole[:cut])
        segment = Segment(file)

        read = [events for events, _ in segment.events()]

    assert read == blocks[:kept]
    assert segment.torn == cut - (ends[kept - 1] if kept else 0)


@given(blocks=st.lists(histories(3), min_size=1, max_size=3), data=st.data())
@settings(max_examples=150)
def test_a_log_with_any_byte_changed_never_tells_what_was_not_written(
    blocks: list[list[Event]], data: st.DataObject
) -> None:
    written = b"".join(
        block(b"".join(encode(event) for event in events), len(events))
        for events in blocks
    )
    place_of = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.integers(1, 255))
    changed = bytearray(written)
    changed[place_of] ^= other
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "000001.log"
        file.write_bytes(changed)

        read = [events for events, _ in Segment(file).events()]

    assert read == blocks[: len(read)]
    assert len(read) < len(blocks)
    assert len(written) >= HEAD.size


@given(
    happened=histories(),
    steps=st.lists(
        st.sampled_from(["flush", "kill", "close", "roll"]), min_size=12, max_size=12
    ),
)
@example(happened=[], steps=["kill"] * 12)
@settings(max_examples=80)
def test_a_tape_recorded_killed_and_resumed_reads_as_one_in_order(
    happened: list[Event], steps: list[str]
) -> None:
    with place() as path:
        tape = opened(path)
        for event, step in zip(happened, steps, strict=False):
            tape.append(event)
            if step == "close":
                tape.close()
                tape = opened(path)
                continue
            tape.flush()
            if step == "kill":
                left = path.with_name("left")
                shutil.copytree(path, left)
                tape.abandon()
                shutil.rmtree(path)
                left.rename(path)
                tape = opened(path)
            elif step == "roll":
                tape._log.turn()
                tape._log.roll()
        tape.abandon()
        recover(path)

        assert on(path) == happened
        rows = Tape.open(path).scan().select("seq").collect()["seq"].to_list()
        assert rows == list(range(1, len(happened) + 1))


@given(sizes=st.lists(st.integers(0, 60), min_size=1, max_size=30), data=st.data())
@settings(max_examples=60)
def test_two_who_write_at_once_keep_the_order_of_arrival(
    sizes: list[int], data: st.DataObject
) -> None:
    both = [data.draw(st.booleans()) for _ in sizes]
    happened: list[Event] = []
    with place() as path, ThreadPoolExecutor(1) as other:
        tape = opened(path)
        for size, beside in zip(sizes, both, strict=True):
            for _ in range(size):
                happened.append(book(len(happened)))
                tape.append(happened[-1])
            tape._hand_over()
            if beside:
                other.submit(tape._write)
            else:
                tape.flush()
        other.submit(tape._write).result()
        tape.close()

        assert on(path) == happened
