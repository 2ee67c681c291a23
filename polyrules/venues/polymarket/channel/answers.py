"""What REST says of watched books: whole ones for the lost, and a word on the others.

A book under comparison keeps what its socket says meanwhile. If REST shows another, the
socket has a grace to say the same; only what it still does not say then is a gap.
"""

from polyrules.domain.events import BookChanged
from polyrules.domain.ids import TokenId
from polyrules.domain.market import Levels, mirror
from polyrules.domain.moments import SECOND
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.channel.asking import WHERE
from polyrules.venues.polymarket.channel.books import Distrust, LocalBook
from polyrules.venues.polymarket.channel.held import Held, Question
from polyrules.venues.polymarket.channel.keeper import BOOK, Keeper
from polyrules.venues.polymarket.channel.settings import Settings

TRIES_MAX = 3  # answers older than what the socket told, before one is taken anyway
RETRY = 2 * SECOND  # until a book that REST could not give is asked for again


class Answers:
    """Takes REST's answers into the keeper's books."""

    def __init__(self, keeper: Keeper, health: Health, settings: Settings) -> None:
        self._keeper = keeper
        self._health = health
        self._settings = settings

    def asked(self, tokens: list[TokenId], now: int) -> None:
        """Note that books were asked for: from here on messages are kept."""
        for token in tokens:
            held = self._keeper.by_token.get(token)
            if held is None:
                continue
            held.question = Question(asked_at=now, stamp=held.local.stamp)
            if held.sure:
                held.later = []

    def unanswered(self, tokens: list[TokenId], now: int) -> None:
        """Note that there was no answer."""
        for token in tokens:
            held = self._keeper.by_token.get(token)
            if held is not None:
                self._end_question(held)
                held.ask_at = now + RETRY

    def answered(self, token: TokenId, said: BookChanged, now: int) -> None:
        """Take REST's book of a market: for one that is lost, or to compare."""
        held = self._keeper.by_token.get(token)
        if held is None or held.question is None:
            return
        bids, asks = said.bids, said.asks
        if said.token == held.local.no:
            bids, asks = mirror(asks), mirror(bids)
        stamp = said.venue_at or 0
        if not held.sure:
            self._rebuild(held, bids, asks, stamp, now)
        elif held.local.shows(bids, asks):
            self._confirm(held, now)
        else:
            held.question.rest = (bids, asks, stamp)
            held.question.due = now + self._settings.grace

    def settle(self, held: Held, now: int) -> bool:
        """End a comparison whose grace is over; tell whether it proved a gap."""
        question = held.question
        assert question is not None, "only what was asked is settled"
        assert question.rest is not None, "only what was answered is settled"
        bids, asks, stamp = question.rest
        local = held.local
        shadow = LocalBook(local.market, local.yes, local.no)
        shadow.take(bids, asks, stamp)
        try:
            shadow.replay(held.later or (), stamp)
        except (Distrust, UnexpectedReply):
            self._inconclusive(held, now, "comparison unclear")
            return False
        if local.shows(*shadow.sides()):
            self._confirm(held, now)
            return False
        if stamp < question.stamp and held.tries < TRIES_MAX:
            self._inconclusive(held, now, "rest is behind")
            return False
        self._health.count(WHERE, "gap proven by rest")
        held.missed += 1
        self._keeper.lose(held, BOOK, "missed changes")
        local.take(*shadow.sides(), max(stamp, shadow.stamp))
        self._confirm(held, now)
        self._keeper.tell(held)
        self._keeper.restore(held, BOOK)
        return True

    def _rebuild(
        self, held: Held, bids: Levels, asks: Levels, stamp: int, now: int
    ) -> None:
        """Take a whole book of REST for a market that had none."""
        if not held.shard.is_up:
            held.question = None
            return
        if stamp < held.local.stamp and held.tries < TRIES_MAX:
            self._inconclusive(held, now, "rest is behind")
            return
        held.local.take(bids, asks, stamp)
        try:
            held.local.replay(held.later or (), stamp)
        except (Distrust, UnexpectedReply):
            held.later = []
            self._inconclusive(held, now, "snapshot does not fit")
            return
        self._keeper.be_sure(held)
        held.confirmed_at = now
        self._keeper.tell(held)
        self._keeper.restore(held, BOOK)

    def _confirm(self, held: Held, now: int) -> None:
        held.confirmed_at = now
        held.tries = 0
        if held.missed and held.lost == {}:
            held.missed = 0
        self._end_question(held)
        if now - held.told_at >= self._settings.retell_every:
            self._keeper.tell(held)

    def _inconclusive(self, held: Held, now: int, what: str) -> None:
        self._health.count(WHERE, what)
        held.tries += 1
        held.ask_at = now + RETRY
        self._end_question(held)

    def _end_question(self, held: Held) -> None:
        held.question = None
        if held.sure:
            held.later = None
