"""Market makers: a ladder of prices on both sides of what they believe.

They learn late what a market is worth, shift their ladder one price at a time, and
refresh what was taken when they look again. Offers of YES are bids for NO, so that they
need nothing but cash.
"""

from decimal import Decimal
from math import ceil, floor

from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import Mode, NewOrder, Placed
from polyrules.venues.simulated.world.story import Story

FINE_TICK = Decimal("0.001")
FINE = (0.04, 0.96)  # beyond these prices the tick is a tenth of a cent
LOT_STEP = 1  # shares


class Makers:
    """Quotes every market for some wallets.

    Args:
        exchange: Where they quote.
        wallets: Theirs; a market is always quoted by the same one.
    """

    def __init__(self, exchange: Exchange, wallets: tuple[str, ...]) -> None:
        self._exchange = exchange
        self._wallets = wallets

    def of(self, story: Story) -> str:
        """Return the wallet that quotes a market."""
        return self._wallets[int(story.listed.gamma_id) % len(self._wallets)]

    def look(self, story: Story, now: int, lean: float = 0.0) -> None:
        """Learn a little, and quote by it.

        Args:
            story: The market.
            now: Microseconds UTC.
            lean: How far they are wrong on purpose [usd/share].
        """
        fair = story.path.fair(story.place, now)
        believed = fair if story.belief is None else story.belief
        learnt = story.manner.learning if story.hydrated < now else 1.0
        story.belief = believed + learnt * (fair - believed)
        self._refine(story, now)
        self._shift(story, now, self._wanted(story, story.belief + lean))

    def offer(
        self, story: Story, token: str, price: int, shares: int, now: int
    ) -> None:
        """Put a large offer of a token where a whale will find it [micro-units]."""
        listed = story.listed
        other = listed.no if token == listed.yes else listed.yes
        self._place(story, other, ONE - price, shares, now)

    def leave(self, story: Story, now: int) -> None:
        """Take all quotes away."""
        for order_id in story.quotes.values():
            self._exchange.cancel(order_id, self.of(story), now)
        story.quotes.clear()

    def _refine(self, story: Story, now: int) -> None:
        """Let the venue refine the tick of a market that has become nearly sure."""
        belief = story.belief or 0.0
        pit = self._exchange.pits[story.listed.id]
        if FINE[0] < belief < FINE[1] or pit.tick <= FINE_TICK * ONE:
            return
        self.leave(story, now)
        self._exchange.set_tick(story.listed.id, FINE_TICK, now)

    def _wanted(self, story: Story, price: float) -> list[tuple[str, int]]:
        """Return the ladder: tokens and the prices to bid for them [micro-usd]."""
        pit = self._exchange.pits[story.listed.id]
        tick, manner, listed = pit.tick, story.manner, story.listed
        bid = floor((price - manner.half) * ONE / tick + 1e-6) * tick
        ask = max(ceil((price + manner.half) * ONE / tick - 1e-6) * tick, bid + tick)
        apart = tick * manner.apart
        wanted = [(listed.yes, bid - n * apart) for n in range(manner.levels)]
        wanted += [(listed.no, ONE - ask - n * apart) for n in range(manner.levels)]
        return [each for each in wanted if tick <= each[1] <= ONE - tick]

    def _shift(self, story: Story, now: int, wanted: list[tuple[str, int]]) -> None:
        quotes, owner = story.quotes, self.of(story)
        if story.stale:
            self._forget_what_is_gone(story)
        gone = [key for key in quotes if key not in wanted]
        for key in gone:
            self._exchange.cancel(quotes.pop(key), owner, now)
        missing = [key for key in wanted if key not in quotes]
        if not (gone or missing) and wanted:
            key = story.rng.choice(wanted)
            self._exchange.cancel(quotes.pop(key), owner, now)
            missing = [key]
        for token, price in missing:
            self._place(story, token, price, self._lot(story, wanted, price), now)

    def _lot(self, story: Story, wanted: list[tuple[str, int]], price: int) -> int:
        del wanted
        rough = story.rng.uniform(0.5, 1.5) * story.manner.lot
        cheap = 1.0 if price > ONE // 50 else 2.0
        return max(round(rough * cheap / LOT_STEP) * LOT_STEP, 5) * ONE

    def _place(
        self, story: Story, token: str, price: int, shares: int, now: int
    ) -> None:
        order = NewOrder(
            owner=self.of(story),
            token=token,
            side=Side.BUY,
            price=price,
            size=shares,
            post_only=self._exchange.mode is Mode.POST_ONLY,
        )
        placed = self._exchange.place(order, now)
        if isinstance(placed, Placed) and placed.status == "live":
            before = story.quotes.pop((token, price), None)
            if before is not None:
                self._exchange.cancel(before, order.owner, now)
            story.quotes[token, price] = placed.order_id

    def _forget_what_is_gone(self, story: Story) -> None:
        """Forget quotes that were taken; those taken in part count as gone too."""
        works = self._exchange.history.works
        story.quotes = {
            key: order
            for key, order in story.quotes.items()
            if works(order) is not None
        }
        story.stale = False
