"""The local book of one market, fed by the messages of both its tokens.

It is kept in YES terms. Every message is checked against what it says itself: the two
tokens mirror each other, the best prices are those it states, time does not run
backward, bids stay below asks. What does not hold is a Distrust: from then on the book
is worth nothing until a whole one replaces it. Emits nothing and knows no clock.
"""

from collections.abc import Iterable

from polyrules.domain.events import LevelChange
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Book, Levels, mirror
from polyrules.domain.money import ONE, Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket.channel.reading.frames import (
    BestFrame,
    BookFrame,
    Entry,
    Level,
    LevelsFrame,
)
from polyrules.venues.polymarket.channel.reading.micros import (
    BESTS,
    PRICES,
    SIZES,
    stamp,
)

BUY, SELL = Side.BUY, Side.SELL
PAIR = 2  # entries of an ordinary message: a level, and its mirror


class Distrust(Exception):
    """The local book is not what the venue has; `reason` says how it shows."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class LocalBook(Book):
    """One market's book and how far it has come.

    Attributes:
        market: Whose it is.
        yes: The token in whose terms it is kept.
        no: The other token.
        stamp: The venue's time of the last message applied [microseconds UTC].
        revision: Counts what was applied.
    """

    __slots__ = (
        "_crossed",
        "_floor",
        "_whole",
        "market",
        "no",
        "revision",
        "stamp",
        "yes",
    )

    def __init__(self, market: MarketId, yes: TokenId, no: TokenId) -> None:
        super().__init__()
        self.market = market
        self.yes = yes
        self.no = no
        self.stamp = 0
        self.revision = 0
        self._crossed = False  # the venue itself shows it crossed
        self._floor = 0  # what is older was part of the last whole book
        self._whole: tuple[str, int, int] = ("", 0, 0)  # token, stamp, revision

    def forget(self) -> None:
        """Forget what it shows: a new connection begins anew."""
        self.seen = False
        self.stamp = 0
        self._floor = 0
        self._whole = ("", 0, 0)

    def whole(self, frame: BookFrame) -> bool:
        """Take a whole book of either token; return whether it changed anything.

        Raises:
            Distrust: It is older than what is here, crossed, or not the mirror of what
                the other token showed at the same moment.
            UnexpectedReply: A level is impossible, or the token is another market's.
        """
        at = stamp(frame.timestamp)
        bids, asks = read_levels(frame)
        if self._is_no(frame.asset_id):
            bids, asks = mirror(asks), mirror(bids)
        if at < self.stamp:
            if at < self._floor:
                return False
            raise Distrust("out of order")
        if self.seen and self.shows(bids, asks):
            changed = False
        else:
            token, when, revision = self._whole
            if (when, revision) == (at, self.revision) and token != frame.asset_id:
                raise Distrust("tokens disagree")
            if bids and asks and bids[0][0] >= asks[0][0] and not self._crossed:
                raise Distrust("crossed")
            self.show(bids, asks)
            changed = True
            self._crossed = self.crossed
        self.stamp = self._floor = at
        self.revision += 1
        self._whole = (frame.asset_id, at, self.revision)
        return changed

    def take(self, bids: Levels, asks: Levels, at: int) -> None:
        """Take a whole book in YES terms on REST's word, crossed or not."""
        self.show(bids, asks)
        self.stamp = self._floor = at
        self.revision += 1
        self._crossed = self.crossed
        self._whole = ("", 0, 0)

    def levels(self, frame: LevelsFrame) -> tuple[LevelChange, ...]:
        """Apply a message; return what it changed, in YES terms.

        Nearly every message is one level told for both tokens. That way is written for
        speed; what it does is what `_apply` and `_check` do for all others.

        Raises:
            Distrust: The book afterwards is not what the message says it is.
            UnexpectedReply: The message is impossible; part of it may be applied, so
                the book is not to be trusted either.
        """
        at = stamp(frame.timestamp)
        if at < self.stamp:
            if at < self._floor:
                return ()
            raise Distrust("out of order")
        entries = frame.price_changes
        changed = self._pair(entries) if len(entries) == PAIR else None
        if changed is None:
            changed = (*self._apply(entries),)
            self._check(entries)
        self.stamp = at
        self.revision += 1
        return changed

    def replay(self, frames: Iterable[LevelsFrame | BookFrame], since: int) -> None:
        """Apply what was heard from `since` on, and check only where it ends.

        Raises:
            Distrust: As `levels`.
            UnexpectedReply: As `levels`.
        """
        last: LevelsFrame | None = None
        for frame in frames:
            at = stamp(frame.timestamp)
            if at < max(since, self.stamp):
                continue
            if isinstance(frame, BookFrame):
                self.whole(frame)
                last = None
            else:
                self._apply(frame.price_changes)
                self.revision += 1
                self.stamp = at
                last = frame
        if last is not None:
            self._check(last.price_changes)

    def agrees(self, frame: BestFrame) -> bool:
        """Tell whether the best prices are those a message states.

        Raises:
            UnexpectedReply: The message is impossible.
        """
        return self._is_best(
            frame.best_bid, frame.best_ask, of_no=self._is_no(frame.asset_id)
        )

    def shows(self, bids: Levels, asks: Levels) -> bool:
        """Tell whether the book is exactly this one, in YES terms."""
        return (*self.bids(),) == bids and (*self.asks(),) == asks

    def sides(self) -> tuple[Levels, Levels]:
        """Return the bids and asks in YES terms, best first."""
        return (*self.bids(),), (*self.asks(),)

    def _is_no(self, token: str) -> bool:
        if token == self.yes:
            return False
        if token != self.no:
            raise UnexpectedReply("a token that is not the market's")
        return True

    def _pair(self, entries: list[Entry]) -> tuple[LevelChange, ...] | None:
        """Apply a level and its mirror as the one change they are, if they are that."""
        of_yes, of_no = entries
        yes = self.yes
        if of_yes.asset_id != yes:
            of_no, of_yes = entries
        price, side, text = PRICES[of_yes.price], of_yes.side, of_yes.size
        if (
            of_no.size != text
            or of_no.side is side
            or PRICES[of_no.price] + price != ONE
            or of_no.asset_id != self.no
            or of_yes.asset_id != yes
        ):
            return None
        size, sizes = SIZES[text], self._sizes[side is SELL]
        if size and price in sizes:
            sizes[price] = size
        else:
            self.change(side, price, size)
        bids, asks = self._bids, self._asks
        bid, ask = bids[-1] if bids else 0, asks[0] if asks else ONE
        said, told = of_yes.best_bid, of_yes.best_ask
        if (said and BESTS[said] != bid) or (told and (BESTS[told] or ONE) != ask):
            raise Distrust("best prices differ")
        said, told = of_no.best_bid, of_no.best_ask
        if (said and ONE - BESTS[said] != ask) or (
            told and ONE - (BESTS[told] or ONE) != bid
        ):
            raise Distrust("best prices differ")
        if bid >= ask:
            self._check_crossed()
        else:
            self._crossed = False
        return (LevelChange(yes, side, price, size),)

    def _apply(self, entries: list[Entry]) -> list[LevelChange]:
        yes = self.yes
        changed = []
        for entry in entries:
            price, size, side = PRICES[entry.price], SIZES[entry.size], entry.side
            if entry.asset_id != yes:
                if entry.asset_id != self.no:
                    raise UnexpectedReply("a token that is not the market's")
                price = ONE - price
                side = BUY if side is SELL else SELL
            # The mirror of a level just set, or a repetition, is no news.
            if self.size_at(side, price) != size:
                self.change(side, price, size)
                changed.append(LevelChange(yes, side, price, size))
        if len(entries) > 1:
            _check_mirrors(entries, yes)
        return changed

    def _check(self, entries: list[Entry]) -> None:
        """Compare with the best prices that the last entry of each token states."""
        if not entries:
            raise UnexpectedReply("a price change without changes")
        last = entries[-1]
        self._check_entry(last)
        if len(entries) > 1:
            for entry in reversed(entries):
                if entry.asset_id != last.asset_id:
                    self._check_entry(entry)
                    break
        if self.crossed:
            self._check_crossed()
        else:
            self._crossed = False

    def _check_crossed(self) -> None:
        if not self._crossed:
            raise Distrust("crossed")

    def _check_entry(self, entry: Entry) -> None:
        of_no = entry.asset_id != self.yes
        if not self._is_best(entry.best_bid, entry.best_ask, of_no=of_no):
            raise Distrust("best prices differ")

    def _is_best(self, bid: str | None, ask: str | None, *, of_no: bool) -> bool:
        """Compare; an empty side is stated as 0 or 1, or left unsaid."""
        best_bid, best_ask = self.best_bid or 0, self.best_ask or ONE
        if of_no:
            best_bid, best_ask = ONE - best_ask, ONE - best_bid
        if bid and BESTS[bid] != best_bid:
            return False
        return not ask or (BESTS[ask] or ONE) == best_ask


def _check_mirrors(entries: list[Entry], yes: str) -> None:
    """Refuse a message in which the two tokens tell different totals of one level."""
    of_yes: dict[tuple[Side, int], int] = {}
    of_no: dict[tuple[Side, int], int] = {}
    for entry in entries:
        price, size, side = PRICES[entry.price], SIZES[entry.size], entry.side
        if entry.asset_id == yes:
            of_yes[side, price] = size
        else:
            of_no[BUY if side is SELL else SELL, ONE - price] = size
    if any(of_yes.get(level, size) != size for level, size in of_no.items()):
        raise Distrust("tokens disagree")


def read_levels(frame: BookFrame) -> tuple[Levels, Levels]:
    """Return the bids and asks of a whole book, in its token's terms, best first.

    Raises:
        UnexpectedReply: A level is impossible.
    """
    return _side_of(frame.bids, reverse=True), _side_of(frame.asks, reverse=False)


def _side_of(levels: list[Level], *, reverse: bool) -> Levels:
    read = {PRICES[level.price]: SIZES[level.size] for level in levels}
    return tuple(sorted((level for level in read.items() if level[1]), reverse=reverse))
