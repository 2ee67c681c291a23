"""The markets the live adapters know of, by market and by token.

One table is shared by all adapters of a venue: discovery fills it, the others read it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from polyrules.domain.events import Stage
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Listing, Market


class Entry(msgspec.Struct, kw_only=True):
    """One market as the live adapters know it.

    Attributes:
        market: Its facts, as last listed.
        listing: What its listing says of the moment.
        stage: How far it is on its way.
        gamma_id: Gamma's own number of it, "" if not told.
        has_book: Whether the venue was seen to have a book of it; None: not asked yet.
        accepting: Whether the venue takes orders; None: unsaid.
        closed: Whether the venue said that trading is over.
        resolved: Whether its answer is known.
    """

    market: Market
    listing: Listing = Listing()
    stage: Stage = Stage.DISCOVERED
    gamma_id: str = ""
    has_book: bool | None = None
    accepting: bool | None = None
    closed: bool = False
    resolved: bool = False

    @property
    def id(self) -> MarketId:
        """The market's id."""
        return self.market.id

    @property
    def tokens(self) -> tuple[TokenId, TokenId]:
        """The YES and the NO token."""
        return self.market.yes, self.market.no

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.stage is not Stage.DEACTIVATED and not self.resolved


class Registry:
    """All markets, by id and by token."""

    def __init__(self) -> None:
        self._by_id: dict[MarketId, Entry] = {}
        self._by_token: dict[TokenId, Entry] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, market: MarketId) -> bool:
        return market in self._by_id

    def add(self, entry: Entry) -> None:
        """Take in a market; one of the same id is replaced."""
        self._by_id[entry.id] = entry
        for token in entry.tokens:
            self._by_token[token] = entry

    def get(self, market: MarketId) -> Entry | None:
        """Return a market, None if nobody listed it."""
        return self._by_id.get(market)

    def of_token(self, token: TokenId) -> Entry | None:
        """Return the market a token belongs to, None if nobody listed it."""
        return self._by_token.get(token)

    def all(self) -> Iterator[Entry]:
        """Yield every market, in the order of discovery."""
        return iter(self._by_id.values())

    def open(self) -> Iterable[Entry]:
        """Return the markets that may still trade, in the order of discovery."""
        return [entry for entry in self._by_id.values() if entry.is_open]
