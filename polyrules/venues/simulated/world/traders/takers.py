"""Those who trade with the makers: the many, those who know more, and whales.

The many buy for no reason and sell what they bought. Those who know see the fair price
and take what is cheaper. A whale buys much at once from an offer as large, the price
goes its way as often as it wins, and it sells most of it again within the hour.
"""

import random
from math import floor

import msgspec

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    NewOrder,
    Placed,
    Refused,
    TimeInForce,
)
from polyrules.venues.simulated.world.people import People, Whale
from polyrules.venues.simulated.world.story import Story
from polyrules.venues.simulated.world.traders.makers import Makers

KNOWN = 0.012  # what those who know want to be left with [usd/share]
SMALL = 90 * SECOND  # the shortest life of a small limit order
BAGS_MAX = 400
WHALE_LOT = 3_000  # shares a level; where less is on offer no whale buys
PUSH = 0.03  # what a whale's news is worth


class Bag(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody bought and may sell again."""

    owner: str
    story: Story
    token: str
    shares: int


class Takers:
    """Trades with the quotes that stand.

    Args:
        exchange: Where they trade.
        people: Who they are.
        rng: Chance, for those who are of no market: the whales.
        makers: Who sells to whales.
    """

    def __init__(
        self, exchange: Exchange, people: People, rng: random.Random, makers: Makers
    ) -> None:
        self._exchange = exchange
        self._people = people
        self._rng = rng
        self._makers = makers
        self._bags: list[Bag] = []

    def act(self, story: Story, now: int) -> None:
        """Let one of the many, or one who knows, do something in a market."""
        draw = story.rng.random()
        if self._knows(story, now):
            return
        if draw < 0.6:  # noqa: PLR2004 - most take
            self._buy(story, now)
        elif draw < 0.75:  # noqa: PLR2004 - some sell what they have
            self._sell_a_bag(now)
        else:
            self._rest(story, now)

    def whale_buys(self, whale: Whale, stories: list[Story], now: int) -> Bag | None:
        """Let a whale buy in one of the markets; None where nothing suits it."""
        story = self._rng.choice(stories)
        wins = self._rng.random() < whale.win_rate
        up = self._rng.random() < 0.5  # noqa: PLR2004 - heads or tails
        token = story.listed.yes if up else story.listed.no
        _, asks = self._exchange.book(token)
        if not asks or not ONE // 5 < asks[0][0] < ONE * 3 // 4:
            return None
        price = asks[0][0]
        usd = whale.stake * self._rng.uniform(0.75, 1.6)
        shares = round(usd * ONE / price) * ONE
        self._makers.offer(story, token, price, shares + 2_000 * ONE, now)
        bought = self._exchange.place(_buying(whale.address, token, price, shares), now)
        if isinstance(bought, Refused) or not bought.taking:
            return None
        story.path.push(story.place, PUSH if wins is up else -PUSH)
        return Bag(owner=whale.address, story=story, token=token, shares=bought.taking)

    def whale_sells(self, bag: Bag, now: int) -> None:
        """Let a whale sell most of what it bought, at whatever it gets."""
        share = self._rng.choice((0.6, 1.0, 1.0))
        bids, _ = self._exchange.book(bag.token)
        if not bids:
            return
        price = max(bids[0][0] - 40_000, bids[-1][0])
        shares = int(bag.shares * share) // ONE * ONE
        self._exchange.place(_selling(bag, price, shares), now)

    def _knows(self, story: Story, now: int) -> bool:
        """Take what is cheaper than it is worth, to those who know; tell if so."""
        bundle = story.bundle
        if bundle is not None and now < bundle.wrong_until:
            return True  # nobody has noticed yet
        pit = self._exchange.pits[story.listed.id]
        bid, ask = pit.bids.best(), pit.asks.best()
        fair = story.path.fair(story.place, now) * ONE
        fee = pit.rate / ONE * 0.25 * ONE
        keep = KNOWN * ONE + fee
        owner = story.rng.choice(self._people.informed)
        shares = self._shares(story)
        listed = story.listed
        if ask is not None and fair - ask > keep:
            limit = floor(fair - keep)
            self._exchange.place(_buying(owner, listed.yes, limit, shares), now)
            return True
        if bid is not None and bid - fair > keep:
            limit = floor(ONE - fair - keep)
            self._exchange.place(_buying(owner, listed.no, limit, shares), now)
            return True
        return False

    def _buy(self, story: Story, now: int) -> None:
        """Buy at the market, for no reason."""
        listed, rng = story.listed, story.rng
        token = listed.yes if rng.random() < 0.5 else listed.no  # noqa: PLR2004 - heads or tails
        _, asks = self._exchange.book(token)
        if not asks:
            return
        price = asks[min(1, len(asks) - 1)][0]
        owner = rng.choice(self._people.many)
        shares = self._shares(story)
        bought = self._exchange.place(_buying(owner, token, price, shares), now)
        if isinstance(bought, Placed) and bought.taking >= 5 * ONE:
            bag = Bag(owner=owner, story=story, token=token, shares=bought.taking)
            self._keep(bag)

    def _keep(self, bag: Bag) -> None:
        self._bags.append(bag)
        if len(self._bags) > BAGS_MAX:
            del self._bags[: BAGS_MAX // 4]

    def _sell_a_bag(self, now: int) -> None:
        if not self._bags:
            return
        bag = self._bags.pop(self._rng.randrange(len(self._bags)))
        bids, _ = self._exchange.book(bag.token)
        if bids:
            shares = bag.shares // 10_000 * 10_000
            self._exchange.place(_selling(bag, bids[-1][0], shares), now)

    def _rest(self, story: Story, now: int) -> None:
        """Leave a small limit order, at the best price or a tick better."""
        pit, rng = self._exchange.pits[story.listed.id], story.rng
        bid, ask = pit.bids.best(), pit.asks.best()
        if bid is None or ask is None:
            return
        better = pit.tick if ask - bid > 2 * pit.tick and rng.random() < 0.3 else 0  # noqa: PLR2004 - room for one more price; few are bold
        up = rng.random() < 0.5  # noqa: PLR2004 - heads or tails
        self._exchange.place(
            NewOrder(
                owner=rng.choice(self._people.many),
                token=story.listed.yes if up else story.listed.no,
                side=Side.BUY,
                price=bid + better if up else ONE - ask + better,
                size=rng.randrange(5, 120) * ONE,
                time_in_force=TimeInForce.GTD,
                expiration=now + SMALL + int(rng.random() * 3 * MINUTE),
                post_only=True,
            ),
            now,
        )

    def _shares(self, story: Story) -> int:
        """Draw how many shares somebody wants: mostly few, at times as many as rest."""
        usd = min(story.rng.lognormvariate(3.4, 1.0), 2_000.0)
        believed = max(story.belief or 0.5, 0.05)
        most = story.manner.lot * 1.5
        return max(round(min(usd / believed, most)), 5) * ONE


def _buying(owner: str, token: str, price: int, shares: int) -> NewOrder:
    """Return an order that buys at once what it can, at `price` or better."""
    return NewOrder(
        owner=owner,
        token=token,
        side=Side.BUY,
        price=price,
        size=shares,
        time_in_force=TimeInForce.FAK,
    )


def _selling(bag: Bag, price: int, shares: int) -> NewOrder:
    """Return an order that sells of a bag at once what it can."""
    return NewOrder(
        owner=bag.owner,
        token=bag.token,
        side=Side.SELL,
        price=price,
        size=shares,
        time_in_force=TimeInForce.FAK,
    )
