"""What is on a tape, and what is odd about it, counted by columns.

Findings are facts about the recording, not faults of polyrules: a one-sided book may
well be what the venue showed. Book features are missing on crossed and locked books.
"""

from collections import Counter

import msgspec
import polars as pl

from polyrules.domain.money import ONE
from polyrules.venues.tape.reader import Tape

GAP = 5 * 60_000_000  # microseconds; the catalog's own age of a stale book


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How the markets of a tape came out."""

    yes: int
    no: int
    half: int
    open: int


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Oddities of whole books, as recorded.

    `empty` has neither side, `one_sided` lacks one; a locked book's best prices meet, a
    crossed one's have passed each other; `disagreeing` counts moments at which the two
    tokens' best prices did not mirror each other, of `both` with books of both.
    """

    empty: int = 0
    one_sided: int = 0
    locked: int = 0
    crossed: int = 0
    both: int = 0
    disagreeing: int = 0


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `tape info` and `tape check` tell.

    `level_changes` are those of all LevelsChanged together.
    `gaps` counts silences of a market's book longer than `gap` [microseconds], the
    age at which a book is stale; `markets_with_gaps` the markets that have one.
    """

    content_hash: str
    events: int
    counts: dict[str, int]
    level_changes: int
    markets: int
    answers: Answers
    span: tuple[int, int] | None
    books: Books
    gap: int
    gaps: int
    markets_with_gaps: int
    after_answer: int
    changed: tuple[str, ...] = ()


def inspect(tape: Tape, *, verify: bool = False) -> Inspection:
    """Look at every row of `tape`; with `verify` hash its files again, too.

    Raises:
        TapeError: A file of the tape cannot be read.
    """
    rows = tape.scan()
    counts = tape.manifest.counts
    listed = rows.filter(kind="MarketListed").select("market").unique()
    markets = tape.table(listed).height
    gap = tape.manifest.max_age.get("book", GAP)
    gaps, gapped = _gaps(tape, gap)
    return Inspection(
        content_hash=tape.content_hash,
        events=tape.manifest.rows,
        counts=counts,
        level_changes=_level_changes(tape),
        markets=markets,
        answers=_answers(tape, markets),
        span=tape.span,
        books=_books(tape),
        gap=gap,
        gaps=gaps,
        markets_with_gaps=gapped,
        after_answer=_after_answer(tape),
        changed=tape.verify() if verify else (),
    )


def findings(seen: Inspection, left_out: dict[str, int]) -> dict[str, int]:
    """Return what a careful reader would want to know, by its name; nothing is 0."""
    books = seen.books
    told = {
        "files changed since the import": len(seen.changed),
        "books with neither side": books.empty,
        "one-sided books": books.one_sided,
        "locked books": books.locked,
        "crossed books": books.crossed,
        "moments at which the two tokens' books disagree": books.disagreeing,
        "silences longer than a book stands": seen.gaps,
        "books and trades after the answer": seen.after_answer,
        **{f"left out: {reason}": count for reason, count in left_out.items()},
    }
    return {name: count for name, count in told.items() if count}


def _level_changes(tape: Tape) -> int:
    each = tape.scan().select(pl.col("change_px").list.len().sum())
    return int(tape.table(each).item() or 0)


def _answers(tape: Tape, markets: int) -> Answers:
    paid = pl.col("body").str.json_path_match("$.payout_yes").cast(pl.Float64)
    rows = (
        tape.scan().filter(kind="MarketResolved").select("market", paid.alias("paid"))
    )
    first = rows.unique("market", keep="first", maintain_order=True)
    payouts = Counter(tape.table(first)["paid"].to_list())
    answered = payouts.total()
    return Answers(
        yes=payouts[1.0],
        no=payouts[0.0],
        half=answered - payouts[1.0] - payouts[0.0],
        open=max(markets - answered, 0),
    )


def _books(tape: Tape) -> Books:
    bid, ask = pl.col("bid_px").list.first(), pl.col("ask_px").list.first()
    books = (
        tape.scan().filter(kind="BookChanged").select("at", "market", "token", bid, ask)
    )
    has_bid, has_ask = pl.col("bid_px").is_not_null(), pl.col("ask_px").is_not_null()
    row = books.select(
        empty=(~has_bid & ~has_ask).sum(),
        one_sided=(has_bid != has_ask).sum(),
        locked=(pl.col("bid_px") == pl.col("ask_px")).sum(),
        crossed=(pl.col("bid_px") > pl.col("ask_px")).sum(),
    )
    (counted,) = tape.table(row).iter_rows(named=True)
    both, disagreeing = _disagreements(tape, books)
    return Books(**counted, both=both, disagreeing=disagreeing)


def _disagreements(tape: Tape, books: pl.LazyFrame) -> tuple[int, int]:
    """Count the moments with books of both tokens, and those that do not mirror."""
    last = books.group_by("market", "at", "token").last()
    pairs = last.join(last, on=["market", "at"], suffix="_other").filter(
        pl.col("token") < pl.col("token_other")
    )
    mirrored = (pl.col("bid_px") == ONE - pl.col("ask_px_other")).fill_null(
        pl.col("bid_px").is_null() & pl.col("ask_px_other").is_null()
    ) & (pl.col("ask_px") == ONE - pl.col("bid_px_other")).fill_null(
        pl.col("ask_px").is_null() & pl.col("bid_px_other").is_null()
    )
    row = pairs.select(both=pl.len(), disagreeing=(~mirrored).sum())
    ((both, disagreeing),) = tape.table(row).iter_rows()
    return both, disagreeing


def _gaps(tape: Tape, gap: int) -> tuple[int, int]:
    told = pl.col("kind").is_in(["BookChanged", "LevelsChanged"])
    silence = pl.col("at").diff().over("market")
    rows = tape.scan().filter(told).select("market", silence.alias("silence"))
    long = tape.table(rows.filter(pl.col("silence") > gap))
    return long.height, long["market"].n_unique()


def _after_answer(tape: Tape) -> int:
    rows = tape.scan().select("market", "kind", "at")
    answered = (
        rows.filter(kind="MarketResolved")
        .group_by("market")
        .agg(pl.col("at").min().alias("answered"))
    )
    told = pl.col("kind").is_in(["BookChanged", "LevelsChanged", "TradePrinted"])
    late = rows.filter(told).join(answered, on="market")
    row = late.select((pl.col("at") > pl.col("answered")).sum())
    count: int = tape.table(row).item()
    return count
