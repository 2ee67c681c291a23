"""One watched market: its local book, how sure we are of it, and what was told."""

from decimal import Decimal

import msgspec

from polyrules.domain.market import Levels, Market
from polyrules.venues.polymarket.channel.books import LocalBook
from polyrules.venues.polymarket.channel.reading.frames import BookFrame, LevelsFrame
from polyrules.venues.polymarket.channel.sockets.shards import Shard


class Question(msgspec.Struct, kw_only=True):
    """A comparison with REST under way.

    Attributes:
        asked_at: When it was asked.
        stamp: How far the local book was then.
        rest: What REST answered, once it did, in YES terms, and its stamp.
        due: When the socket has had time enough to say the same.
    """

    asked_at: int
    stamp: int
    rest: tuple[Levels, Levels, int] | None = None
    due: int = 0


class Held(msgspec.Struct, kw_only=True):
    """A market that is watched. Times in microseconds of the venue's clock.

    Attributes:
        local: Its book.
        shard: Who serves it.
        tick: Its price step as last told.
        sure: Whether the book is whole and nothing speaks against it.
        lost: The feeds that were told lost and not restored since, with the reason.
        later: Messages kept for a book that is to come, or for a comparison under
            way; None: nothing is kept.
        question: The comparison under way.
        since: From when on its socket could have told of it.
        heard_at: When its socket last told of it, 0: not since `since`.
        confirmed_at: When REST, or a whole book, last said the same.
        told_at: When its whole book was last told.
        ask_at: Not before this REST is asked again.
        tries: Answers of REST in a row that did not help.
        missed: Gaps in a row that REST has proven.
        trades_since: From when on its trades were all heard.
    """

    local: LocalBook
    shard: Shard
    tick: Decimal
    sure: bool = False
    lost: dict[str, str] = {}
    later: list[LevelsFrame | BookFrame] | None = []
    question: Question | None = None
    since: int = 0
    heard_at: int = 0
    confirmed_at: int = 0
    told_at: int = 0
    ask_at: int = 0
    tries: int = 0
    missed: int = 0
    trades_since: int = 0

    @property
    def word_at(self) -> int:
        """When it was last heard of or confirmed."""
        return max(self.heard_at, self.confirmed_at)


def held(market: Market, shard: Shard, now: int) -> Held:
    """Return a market as it is when it begins to be watched.

    What traded before went by unseen, so its trades are as good as lost until its
    socket tells of it.
    """
    return Held(
        local=LocalBook(market.id, market.yes, market.no),
        shard=shard,
        tick=market.tick,
        lost={"trades": "not followed before"},
        since=now,
    )
