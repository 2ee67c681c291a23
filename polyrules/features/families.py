"""Deadline families: questions that differ in their deadline only, in its order.

"Will Tria launch a token by March 31 / June 30 / September 30?" is one family of three.
In a family the later deadline is worth at least as much as the nearer one; `pairs`
lists where that can be looked at. Periods ("in March") and questions that a later date
makes less likely are in no family.

Markets come one at a time and are read once; pairs are worked out when they are asked
for, and again only after a change of a family. Nothing depends on the order in which
the markets came, except the rows themselves.
"""

from collections.abc import Iterator
from itertools import islice, starmap
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import GroupId, MarketId
from polyrules.domain.market import Market
from polyrules.domain.moments import HOUR
from polyrules.features.deadlines import Deadline, Kind, deadline_of

ROWS_MAX = 20_000
IN_TWO_GROUPS = 0.5  # confidence at most
FAR_STARTS_AFTER_NEAR = 0.2  # confidence at most: the two do not share their time

Rows = NDArray[np.intp]
_Row = tuple[int, int, float, float]  # of Pairs


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A market in a family: its row, its deadline [microseconds UTC] and how sure."""

    row: int
    market: MarketId
    group: GroupId | None
    start: int | None
    at: int
    confidence: float
    why: tuple[str, ...] = ()


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that differ in their deadline only.

    Attributes:
        stem: What they have in common.
        members: By deadline, then by market; there are two different deadlines.
        confidence: That of the least sure pair of neighbours, in [0, 1]; of the first
            `ROWS_MAX` such pairs if there are more.
        why: What lowered it, each reason once.
    """

    stem: str
    members: tuple[Member, ...]
    confidence: float
    why: tuple[str, ...] = ()


class Pairs(NamedTuple):
    """Pairs of rows, the nearer deadline and the farther, and how surely they are one.

    Sorted by stem, then by the nearer and the farther member, each by deadline and
    market.
    """

    near: Rows
    far: Rows
    confidence: NDArray[np.float64]
    gap: NDArray[np.float64]  # hours between the two deadlines


class Families:
    """The deadline families of the markets that were added.

    Args:
        rows_max: How many pairs are listed at most; the last ones beyond it are left
            out and counted.
    """

    __slots__ = ("_known", "_listed", "_markets", "_rows_max", "_seen", "_stems")

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._markets: dict[int, Market] = {}
        self._seen: dict[int, int | None] = {}
        self._known: dict[str, dict[int, Member]] = {}  # by stem, then by row
        self._stems: dict[int, str] = {}  # the stem under which a row is known
        self._listed: dict[bool, tuple[Pairs, int]] = {}

    def add(self, row: int, market: Market, seen: int | None = None) -> None:
        """Take a market in, or what is newly known of it.

        Args:
            row: Its row, which it keeps.
            market: All that is known of it.
            seen: When it was heard of [microseconds UTC]; only the first counts. It
                tells the year where neither the question nor the market does.
        """
        if self._markets.get(row) == market:
            return
        self._markets[row] = market
        read = deadline_of(market, self._seen.setdefault(row, seen))
        self._leave(row)
        if read.kind is Kind.DEADLINE and read.at is not None:
            self._join(read.stem, _member(row, market, read, read.at))

    def _leave(self, row: int) -> None:
        stem = self._stems.pop(row, None)
        if stem is None:
            return
        others = self._known[stem]
        del others[row]
        if others:
            self._listed.clear()
        else:
            del self._known[stem]

    def _join(self, stem: str, member: Member) -> None:
        others = self._known.setdefault(stem, {})
        if others:
            self._listed.clear()
        others[member.row] = member
        self._stems[member.row] = stem

    def all(self) -> tuple[Family, ...]:
        """Return the families, by stem. It takes time: for reports, not for a cycle."""
        return tuple(_family(stem, members) for stem, members in self._sorted())

    def pairs(self, *, adjacent: bool) -> Pairs:
        """Return the rows of nearer and farther deadlines; equal ones are no pair.

        Args:
            adjacent: Only pairs without another deadline between the two; otherwise
                every pair of a family.

        Returns:
            The same arrays until a market changes them; they cannot be written to.
        """
        return self._pairs(adjacent=adjacent)[0]

    def left_out(self, *, adjacent: bool) -> int:
        """Return how many pairs were beyond `rows_max`."""
        return self._pairs(adjacent=adjacent)[1]

    def _pairs(self, *, adjacent: bool) -> tuple[Pairs, int]:
        if adjacent not in self._listed:
            self._listed[adjacent] = self._work_out(adjacent=adjacent)
        return self._listed[adjacent]

    def _work_out(self, *, adjacent: bool) -> tuple[Pairs, int]:
        left, count, found = self._rows_max, 0, list[_Row]()
        for _, members in self._sorted():
            reaches = _reaches(members, adjacent=adjacent)
            count += sum(len(far) for far in reaches)
            some = islice(_reached(members, reaches), left - len(found))
            found += starmap(_row, some)
        return _arrays(found), count - len(found)

    def _sorted(self) -> Iterator[tuple[str, list[Member]]]:
        """Yield stem and members of what has two deadlines, in order."""
        stems = sorted(stem for stem, found in self._known.items() if len(found) > 1)
        for stem in stems:
            members = sorted(
                self._known[stem].values(), key=lambda one: (one.at, one.market)
            )
            if members[0].at != members[-1].at:
                yield stem, members


def _member(row: int, market: Market, read: Deadline, at: int) -> Member:
    return Member(
        row=row,
        market=market.id,
        group=market.group,
        start=market.start,
        at=at,
        confidence=read.confidence,
        why=read.why,
    )


def _family(stem: str, members: list[Member]) -> Family:
    reaches = _reaches(members, adjacent=True)
    found = list(starmap(_likeness, islice(_reached(members, reaches), ROWS_MAX)))
    reasons = [why for member in members for why in member.why]
    reasons += [why for _, why in found if why]
    return Family(
        stem=stem,
        members=tuple(members),
        confidence=min(confidence for confidence, _ in found),
        why=tuple(dict.fromkeys(reasons)),
    )


def _reaches(members: list[Member], *, adjacent: bool) -> list[range]:
    """Return for each member where those with the next (or any) later deadline are."""
    reaches = [range(0)] * len(members)
    later = range(len(members), len(members))  # the members of the next deadline
    end = len(members)
    for index in reversed(range(len(members))):
        if end > index + 1 and members[index].at != members[index + 1].at:
            later, end = range(index + 1, end), index + 1
        reaches[index] = later if adjacent else range(later.start, len(members))
    return reaches


def _reached(
    members: list[Member], reaches: list[range]
) -> Iterator[tuple[Member, Member]]:
    for near, reach in zip(members, reaches, strict=True):
        for index in reach:
            yield near, members[index]


def _row(near: Member, far: Member) -> _Row:
    return near.row, far.row, _likeness(near, far)[0], (far.at - near.at) / HOUR


def _likeness(near: Member, far: Member) -> tuple[float, str | None]:
    """Return how surely two members are one question, and what speaks against it."""
    sure = min(near.confidence, far.confidence)
    if far.start is not None and far.start >= near.at:
        told = f"{far.market} starts after the deadline of {near.market}"
        return min(sure, FAR_STARTS_AFTER_NEAR), told
    if near.group != far.group and None not in (near.group, far.group):
        told = f"{near.market} and {far.market} are of two groups of the venue"
        return min(sure, IN_TWO_GROUPS), told
    return sure, None


def _arrays(found: list[_Row]) -> Pairs:
    columns = zip(*found, strict=True) if found else ((), (), (), ())
    near, far, confidence, gap = columns
    pairs = Pairs(
        near=np.array(near, dtype=np.intp),
        far=np.array(far, dtype=np.intp),
        confidence=np.array(confidence, dtype=np.float64),
        gap=np.array(gap, dtype=np.float64),
    )
    for array in pairs:
        array.flags.writeable = False
    return pairs
