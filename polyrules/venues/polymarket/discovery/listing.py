"""What the venue told of a market, taken into the registry and told on as events.

A market is listed once, and told again only where its facts or its listing changed.
Its tick is told by TickChanged alone: a cached listing may repeat an old tick, so only
a tick that differs from what the listing said last time counts as news.
"""

from decimal import Decimal

import msgspec

from polyrules.domain.events import MarketChanged, MarketListed, TickChanged
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Listing, Market, merged
from polyrules.domain.money import Shares
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import gamma
from polyrules.venues.polymarket.gamma import GammaMarket
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle
from polyrules.venues.polymarket.markets.pages import Group
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.told import Told, turned

NO_GROUP = Group(slug="")


class Listings:
    """Fills the registry; every adapter that learns of a market comes here.

    Attributes:
        groups: What is known of the group around a market.
    """

    def __init__(
        self, registry: Registry, inbox: Inbox, health: Health, lifecycle: Lifecycle
    ) -> None:
        self.groups: dict[MarketId, Group] = {}
        self._registry = registry
        self._inbox = inbox
        self._health = health
        self._lifecycle = lifecycle
        self._by_slug: dict[str, MarketId] = {}
        self._ticks: dict[MarketId, Decimal] = {}  # as the listing said last

    def of_slug(self, slug: str) -> Entry | None:
        """Return a listed market by its slug, None if there is none."""
        market = self._by_slug.get(slug) if slug else None
        return None if market is None else self._registry.get(market)

    def hear(self, wire: GammaMarket) -> Entry | None:
        """Take in a market of Gamma; None, and counted, if it cannot be used.

        One that is closed is not listed; a listed one is marked as closed.
        """
        group = self.groups.get(MarketId(wire.condition_id), NO_GROUP)
        try:
            told = gamma.read(wire, group.slug or None, group.tags, group.size)
            entry = self.take(told)
        except UnexpectedReply as error:
            self._health.count("gamma", str(error))
            return None
        if entry is not None:
            entry.closed = False
            entry.gamma_id = entry.gamma_id if wire.id is None else str(wire.id)
        return entry

    def take(self, told: Told) -> Entry | None:
        """List a market, or tell what changed of it; None if it is closed.

        Raises:
            UnexpectedReply: What was told cannot be a market.
        """
        if not told.id:
            raise UnexpectedReply("a market without an id")
        entry = self._registry.get(MarketId(told.id))
        if told.closed:
            if entry is not None and not entry.closed:
                entry.closed, entry.accepting = True, False
                shut = msgspec.structs.replace(entry.listing, accepting_orders=False)
                self._tell(entry, entry.market, shut)
            return None
        if entry is None:
            return self._list(told)
        self._change(entry, told)
        return entry

    def again(self, entry: Entry) -> None:
        """Tell of a market once more whose group became known after it."""
        group = self.groups.get(entry.id, NO_GROUP)
        market = msgspec.structs.replace(
            entry.market,
            group=GroupId(group.slug) if group.slug else entry.market.group,
            group_size=group.size or entry.market.group_size,
            category=entry.market.category or next(iter(group.tags), None),
        )
        self._tell(entry, market, entry.listing)

    def _list(self, told: Told) -> Entry:
        if not told.by_label:
            self._health.count("gamma", "no label says which token is yes")
        market = _market(told, None)
        entry = Entry(
            market=market,
            listing=told.listing,
            accepting=told.listing.accepting_orders,
        )
        self._registry.add(entry)
        self._remember(market)
        self._inbox.put(
            MarketListed(at=self._inbox.now(), market=market, listing=told.listing)
        )
        self._lifecycle.enter(entry, told.created)
        return entry

    def _change(self, entry: Entry, told: Told) -> None:
        known = entry.market
        if {told.yes, told.no} != {known.yes, known.no}:
            # Orders and books hang on the tokens: what was listed stays.
            raise UnexpectedReply("a listed market with other tokens")
        if told.yes != known.yes and not told.by_label:
            told = turned(told)
        said = _market(told, known)
        if told.listing.accepting_orders is not None:
            entry.accepting = told.listing.accepting_orders
        self._tell(entry, merged(known, said), _listing(entry.listing, told.listing))
        if told.tick is not None and self._ticks.get(known.id) != said.tick:
            self._ticks[known.id] = said.tick
            self.tick(entry, said.tick)
        self._lifecycle.review(entry)

    def _tell(self, entry: Entry, market: Market, listing: Listing) -> None:
        if market == entry.market and listing == entry.listing:
            return
        if market.yes != entry.market.yes:
            self._health.count("gamma", "yes and no changed places")
        entry.market, entry.listing = market, listing
        self._by_slug[market.slug] = market.id
        self._inbox.put(
            MarketChanged(at=self._inbox.now(), market=market, listing=listing)
        )

    def tick(self, entry: Entry, tick: Decimal) -> None:
        """Tell that a market's tick is `tick` [usd/share] if it was another."""
        if tick != entry.market.tick:
            entry.market = msgspec.structs.replace(entry.market, tick=tick)
            self._inbox.put(
                TickChanged(at=self._inbox.now(), market=entry.id, tick=tick)
            )

    def _remember(self, market: Market) -> None:
        self._by_slug[market.slug] = market.id
        self._ticks[market.id] = market.tick


def _listing(known: Listing, said: Listing) -> Listing:
    """Return what is listed now; who names no numbers leaves the last ones standing."""
    accepting = said.accepting_orders
    if said != Listing(accepting_orders=accepting):
        return said
    if accepting is None:
        return known
    return msgspec.structs.replace(known, accepting_orders=accepting)


def _market(told: Told, known: Market | None) -> Market:
    """Return the facts that were told; numbers left unsaid are the known ones.

    Raises:
        UnexpectedReply: There are no tokens, or a number is out of its range.
    """
    if told.yes is None or told.no is None:
        raise UnexpectedReply("a market without two tokens")
    if told.tick is not None and not 0 < told.tick < 1:
        raise UnexpectedReply("a tick outside (0, 1)")
    if told.size_min is not None and told.size_min < 0:
        raise UnexpectedReply("a smallest order below 0")
    first = Market(id=MarketId(told.id), yes=TokenId(told.yes), no=TokenId(told.no))
    numbers = known or first
    return msgspec.structs.replace(
        first,
        question=told.question or "",
        slug=told.slug or "",
        group=GroupId(told.group) if told.group else None,
        group_size=told.group_size,
        category=told.category,
        tick=told.tick or numbers.tick,
        size_min=Shares(told.size_min) if told.size_min else numbers.size_min,
        fee_rate=told.fee_rate,
        neg_risk=told.neg_risk,
        start=told.start,
        end=told.end,
    )
