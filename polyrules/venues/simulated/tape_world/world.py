"""A world played from a tape: its markets, books, trades and coins, as they happened.

The tape's books rest in the exchange as orders of one wallet, so that clients trade
against what the tape shows: what they take is gone until the tape's next word on that
level, and what they offer meets the tape's later orders. Nobody reacts to them. Trades
of the tape meet resting orders as far as there are any, and are told whole all the
same. What the tape does not hold is not there; nothing is read ahead of its time.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    SpotTicked,
    TickChanged,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.market import Listing, Market
from polyrules.domain.money import ONE
from polyrules.errors import TapeError
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    Listed,
    Message,
    Traded,
)
from polyrules.venues.simulated.tape_world.books import HOUSE, STRANGER, Mirror
from polyrules.venues.simulated.tape_world.spot import TapeSpot
from polyrules.venues.simulated.world import story as stories
from polyrules.venues.simulated.world.people import People, Whale
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.spot import OPENING
from polyrules.venues.simulated.world.story import Story
from polyrules.venues.tape.reader import Tape

COINS = tuple(OPENING)  # those without a price on the tape are not told of
GAMMA_IDS = 600_000  # Gamma numbers markets
CASH = 10**18  # micro-usd: neither is ever short
FAR = "it has no events"


class Standing:
    """The fair price a question never leaves: nobody of a tape's world has a view."""

    def fair(self, _place: int, _now: int) -> float:
        """Return a half: nobody asks."""
        return 0.5

    def answer(self, _place: int, _now: int) -> bool:
        """Return nothing that counts: the tape answers."""
        return False

    def push(self, _place: int, _amount: float) -> None:
        """Move nothing."""


class TapeWorld:
    """What a tape holds, played into an exchange step by step.

    Args:
        tape: What happened.
        exchange: Where it happens again; a new one unless given.
        step: How far the world goes at once [microseconds].

    Attributes:
        at: The moment it has reached [microseconds UTC].
        ended: Whether the tape is over.
        counts: What could not be played, and why: crossed, refused, unlisted.
        exchange, stories, people, spot, settings: As a `World` has them.

    Raises:
        TapeError: The tape is empty.
    """

    def __init__(
        self, tape: Tape, exchange: Exchange | None = None, step: int = 200_000
    ) -> None:
        if tape.span is None:
            raise TapeError(f"{tape.path}: cannot be played, {FAR}")
        self.settings = Settings(begin=tape.span[0], step=step, coins=COINS, markets=0)
        self.at = tape.span[0]
        self.exchange = Exchange() if exchange is None else exchange
        self.stories: dict[str, Story] = {}
        self.people = People(makers=(HOUSE,), many=(STRANGER,), informed=(), whales=())
        self.spot = TapeSpot()
        self.counts: Counter[str] = Counter()
        self.ended = False
        self._events = tape.events()
        self._next: Event | None = next(self._events, None)
        self._books: dict[str, Mirror] = {}
        self._out: list[Message] = []
        for owner in (HOUSE, STRANGER):
            self.exchange.fund(owner, CASH)
        self._play(self.at)
        self.pass_on()

    @property
    def whales(self) -> tuple[Whale, ...]:
        """Nobody: a tape knows wallets only by what they trade."""
        return ()

    def step(self) -> list[Message]:
        """Let one step of time pass; return what happened, in order."""
        self.at += self.settings.step
        self.exchange.advance(self.at)
        self._play(self.at)
        return self.pass_on()

    def pass_on(self) -> list[Message]:
        """Return what happened since it was asked last."""
        self._out += self.exchange.drain()
        out, self._out = self._out, []
        return out

    def resolve(self, market: str, payout_yes: Decimal) -> None:
        """Answer a question now, whatever the tape says later.

        Raises:
            KeyError: There is no such market.
        """
        story = self.stories[market]
        if story.stage != "resolved":
            self.exchange.resolve(market, payout_yes, self.at)
            story.stage, story.stage_at = "resolved", self.at
            story.payout_yes = float(payout_yes)
            story.changed = self.at

    def _play(self, until: int) -> None:
        for event in self._due(until):
            self._happen(event)

    def _due(self, until: int) -> Iterator[Event]:
        while self._next is not None and self._next.at <= until:
            event, self._next = self._next, next(self._events, None)
            yield event
        self.ended = self._next is None

    def _happen(self, event: Event) -> None:
        match event:
            case SpotTicked():
                self.spot.hear(event)
            case MarketListed(market=market, listing=listing, at=at):
                self._list(market, listing, at)
            case (
                BookChanged()
                | LevelsChanged()
                | TradePrinted()
                | WalletTraded()
                | TickChanged()
                | MarketResolved()
            ):
                self._of_market(event, event.market)
            case MarketChanged(market=market):
                self._of_market(event, market.id)
            case _:
                pass  # ticks of the clock, and what a venue does not tell

    def _of_market(self, event: Event, market: str) -> None:
        """Let something happen to a market, if it is listed and open."""
        story = self.stories.get(market)
        if story is None or story.stage == "resolved":
            self.counts["unlisted" if story is None else "resolved"] += 1
            return
        story.changed = self.at
        match event:
            case BookChanged(token=token, bids=bids, asks=asks):
                self._books[market].show(token, bids, asks, self.at)
            case LevelsChanged(changes=changes):
                for each in changes:
                    self._books[market].change(
                        each.token, each.side, each.price, each.size
                    )
                self._books[market].settle(self.at)
            case TradePrinted() | WalletTraded():
                self._print(event, story)
            case TickChanged(tick=tick):
                self.exchange.set_tick(market, tick, self.at)
            case MarketChanged(listing=listing):
                _take_listing(story, listing)
            case MarketResolved(payout_yes=payout):
                self.resolve(market, payout)
            case _:
                pass  # the others are of no market

    def _list(self, market: Market, listing: Listing, at: int) -> None:
        if market.id in self.stories:
            return
        listed = _listed(market, len(self.stories) + 1, at)
        event = stories.Event(
            id=len(self.stories) + 1,
            slug=listed.group_slug or listed.slug,
            title=listed.question,
            tags=listed.tags,
            neg_risk=listed.neg_risk,
        )
        story = Story(
            listed=listed,
            event=event,
            kind=stories.Kind.PLAIN,
            path=Standing(),
            rng=Random(0),  # noqa: S311 - nobody draws from it
            title=listed.question,
            hydrated=at,
            changed=at,
        )
        _take_listing(story, listing)
        self.stories[listed.id] = story
        self.exchange.list(listed, at)
        pit = self.exchange.pits[listed.id]
        self._books[listed.id] = Mirror(self.exchange, pit, self.counts)

    def _print(self, event: TradePrinted | WalletTraded, story: Story) -> None:
        """Let a stranger take what rests at the price; tell the rest as it was."""
        taker = event.wallet if isinstance(event, WalletTraded) else STRANGER
        met = 0
        if isinstance(event, TradePrinted):
            met = self._books[event.market].take(
                event.token, event.side, event.price, event.size, self.at
            )
        of_yes = event.token == story.listed.yes
        story.last_price = (event.price if of_yes else ONE - event.price) / ONE
        story.traded += event.price * (event.size - met) / ONE / ONE
        if met == event.size:
            return
        pit = self.exchange.pits[event.market]
        pit.last = (event.token, event.side, event.price)
        self.exchange.trades.count += 1
        number = self.exchange.trades.count
        self._out += self.exchange.drain()
        self._out.append(
            Traded(
                id=f"{number:08x}-0000-4000-8000-{number:012x}",
                market=event.market,
                token=event.token,
                side=event.side,
                price=event.price,
                size=event.size - met,
                fee=0,
                taker=taker,
                taker_order_id="",
                makers=(),
                transaction=event.transaction,
                at=self.at,
            )
        )


def _listed(market: Market, number: int, at: int) -> Listed:
    """Return a market of the tape as the exchange lists it; the unsaid is plain."""
    group = str(market.group) if market.group is not None else None
    return Listed(
        id=market.id,
        yes=market.yes,
        no=market.no,
        gamma_id=str(GAMMA_IDS + number),
        question=market.question or market.slug or market.id,
        slug=market.slug or market.id,
        group=group,
        group_slug=group,
        category=market.category or "",
        tags=(market.category,) if market.category else (),
        tick=market.tick,
        size_min=market.size_min,
        fee_rate=market.fee_rate or Decimal(0),
        neg_risk=bool(market.neg_risk),
        start=market.start,
        end=market.end,
        created=at,
    )


def _take_listing(story: Story, listing: Listing) -> None:
    story.volume = listing.volume_total or story.volume
    story.volume_24h = listing.volume_24h or story.volume_24h
