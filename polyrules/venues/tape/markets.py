"""What an import knows of the markets: facts, first sight, answers, finer ticks.

Facts are those of a market's description, else of its earliest row. The events made of
them stand where they could be known: a market at its first row, an answer at its own
time and never before.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from polyrules.domain.events import Event, MarketListed, MarketResolved, TickChanged
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.money import Shares, from_micros, to_micros
from polyrules.venues.tape import stated
from polyrules.venues.tape.left_out import LeftOut
from polyrules.venues.tape.mapping import Constants, listing

FACTS: dict[str, pl.DataType] = {
    "slug": pl.String(),
    "question": pl.String(),
    "group": pl.String(),
    "category": pl.String(),
    "yes": pl.String(),
    "no": pl.String(),
    "tick": pl.Int64(),
    "size_min": pl.Int64(),
    "fee_rate": pl.Int64(),
    "neg_risk": pl.Boolean(),
    "start": pl.Int64(),
    "end": pl.Int64(),
}
JOINED: dict[str, pl.DataType] = {
    "market": pl.String(),
    "known_yes": pl.String(),
    "known_no": pl.String(),
    "known_group": pl.String(),
    "known_tick": pl.Int64(),
}
TICK = Decimal("0.01")  # where nothing says another
Row = Mapping[str, Any]


class Known:
    """The markets of one import, as they become known."""

    def __init__(self, constants: Constants, left_out: LeftOut) -> None:
        self._constants = constants
        self._left_out = left_out
        self._described: dict[str, Row] = {}
        self._first: dict[str, Row] = {}
        self._answers: dict[str, tuple[int, int]] = {}  # at, payout of YES
        self._finer: dict[str, dict[int, int]] = {}  # tick: first seen at

    def describe(self, facts: pl.DataFrame) -> None:
        """Take descriptions of markets; `at` may be null. The earliest one counts."""
        for row in facts.iter_rows(named=True):
            _keep_earliest(self._described, row)

    def see(self, facts: pl.DataFrame) -> None:
        """Take rows of markets with the facts they tell; the earliest `at` counts."""
        firsts = facts.sort("at", maintain_order=True).group_by(
            "market", maintain_order=True
        )
        for row in firsts.first().iter_rows(named=True):
            _keep_earliest(self._first, row)

    def joined(self) -> pl.DataFrame:
        """Return tokens, group and tick by market, to be joined to its rows."""
        markets = map(self._market, self._ids())
        rows = [(m.id, m.yes, m.no, m.group, to_micros(m.tick)) for m in markets]
        return pl.DataFrame(rows, schema=JOINED, orient="row")

    def answer(self, market: str, at: int, payout: int, place: str) -> None:
        """Take an answer: what YES pays [micro-usd], known from `at` on."""
        told = self._answers.setdefault(market, (at, payout))
        if told[1] != payout:
            self._left_out.add(place, "a second answer that differs from the first")
        if at < told[0]:
            self._answers[market] = (at, payout)

    def finer(self, market: str, tick: int, at: int) -> None:
        """Take note that a price on the grid of `tick` was shown at `at`."""
        seen = self._finer.setdefault(market, {})
        seen[tick] = min(at, seen.get(tick, at))

    def events(self) -> Iterator[Event]:
        """Yield what the rows could not say by themselves, market by market."""
        shown = listing(self._constants)
        for market_id in self._ids():
            at = self._seen_at(market_id)
            if at is None:
                self._left_out.add(market_id, "a described market without any row")
                continue
            market = self._market(market_id)
            yield MarketListed(at=at, market=market, listing=shown)
            yield from self._ticks(market)
            if market_id in self._answers:
                answered, payout = self._answers[market_id]
                yield MarketResolved(
                    at=max(answered, at),
                    market=market.id,
                    payout_yes=from_micros(payout),
                )
        for market_id in self._answers.keys() - set(self._ids()):
            self._left_out.add(market_id, "an answer of a market without any row")

    def stated(self) -> dict[str, int]:
        """Count the markets that state each fact, by the name that rules use."""
        ids = [each for each in self._ids() if self._seen_at(each) is not None]
        count: Counter[str] = Counter()
        for market in map(self._facts, ids):
            count.update(stated.facts(market))
        every = dict.fromkeys(stated.words(listing(self._constants)), len(ids))
        return dict(sorted({**count, **every}.items()))

    def _ids(self) -> list[str]:
        return list({**self._described, **self._first})

    def _seen_at(self, market_id: str) -> int | None:
        rows = (self._described.get(market_id), self._first.get(market_id))
        times = [row["at"] for row in rows if row and row["at"] is not None]
        return min(times) if times else None

    def _facts(self, market_id: str) -> dict[str, Any]:
        """Return the facts of a market: described, else of its first row, constant."""
        constants = self._constants
        fixed: Row = {
            "tick": constants.tick and to_micros(constants.tick),
            "size_min": constants.size_min and to_micros(constants.size_min),
            "fee_rate": None
            if constants.fee_rate is None
            else to_micros(constants.fee_rate),
            "category": constants.category,
            "neg_risk": constants.neg_risk,
        }
        rows = [
            row
            for row in (self._described.get(market_id), self._first.get(market_id))
            if row
        ]
        facts = {}
        for name in FACTS:
            words = [row[name] for row in (*rows, fixed) if row.get(name) is not None]
            facts[name] = words[0] if words else None
        return facts

    def _market(self, market_id: str) -> Market:
        facts = self._facts(market_id)
        size_min, fee_rate = facts["size_min"], facts["fee_rate"]
        category = facts["category"]
        return Market(
            id=MarketId(market_id),
            yes=TokenId(facts["yes"] or f"{market_id}:yes"),
            no=TokenId(facts["no"] or f"{market_id}:no"),
            question=facts["question"] or "",
            slug=facts["slug"] or "",
            group=GroupId(facts["group"]) if facts["group"] else None,
            category=category.lower() if category else None,
            tick=from_micros(facts["tick"]) if facts["tick"] else TICK,
            size_min=Shares(from_micros(size_min) if size_min else Decimal(5)),
            fee_rate=None if fee_rate is None else from_micros(fee_rate),
            neg_risk=facts["neg_risk"],
            start=facts["start"],
            end=facts["end"],
        )

    def _ticks(self, market: Market) -> Iterator[TickChanged]:
        tick = to_micros(market.tick)
        seen = self._finer.get(market.id, {})
        for finer, at in sorted(seen.items(), key=lambda item: (item[1], item[0])):
            if finer < tick:
                tick = finer
                yield TickChanged(at=at, market=market.id, tick=from_micros(tick))


def _keep_earliest(rows: dict[str, Row], row: Row) -> None:
    """Keep the earliest row of a market; one without a time comes after the others."""
    known = rows.get(row["market"])
    if known is None or _when(row) < _when(known):
        rows[row["market"]] = row


def _when(row: Row) -> float:
    return math.inf if row["at"] is None else row["at"]
