"""The simulated exchange: it lists, matches, settles, resolves, and tells.

One liquidity per market, price before time, the taker gets the maker's price. Owners
may trade with themselves, as at the venue. Nothing here knows the time: it comes with
each call and may not run backward; `advance` does what became due. Not done: converting
NO shares of a neg-risk group, allowances (always enough), builder fees, rebates.
"""

from decimal import Decimal

from polyrules.domain.market import Levels, mirror
from polyrules.domain.money import ONE, Side, from_micros, to_micros
from polyrules.venues.simulated.exchange import checks
from polyrules.venues.simulated.exchange.accounts import HOUSE, Accounts
from polyrules.venues.simulated.exchange.agenda import Agenda
from polyrules.venues.simulated.exchange.floor import GONE, UNKNOWN, Floor
from polyrules.venues.simulated.exchange.history import History
from polyrules.venues.simulated.exchange.matching import crosses
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.trades import Trades
from polyrules.venues.simulated.exchange.words import (
    Balance,
    Cancelled,
    Listed,
    MarketAdded,
    Message,
    Mode,
    NewOrder,
    Placed,
    Refused,
    Resolved,
    TickMoved,
    Timing,
)

Messages = list[Message]  # inside the class `list` is a word of its own
Names = list[str]


class Exchange:
    """All markets, accounts and orders of a simulated Polymarket.

    Attributes:
        mode: What it accepts now.
        accounts: Who has what; `fees` are those paid so far.
        history: Orders and trades of watched owners (`history.watched`).
        trades: Makes the trades; `trades.fate` decides which reach the chain.
        pits: The markets by id, in order of their listing.
    """

    def __init__(self, timing: Timing | None = None) -> None:
        self.mode = Mode.TRADING
        self.accounts = Accounts()
        self.history = History()
        self.pits: dict[str, Pit] = {}
        self._by_token: dict[str, Pit] = {}
        self._agenda = Agenda()
        self._messages: Messages = []
        self.trades = Trades(
            timing or Timing(),
            self.accounts,
            self.history,
            self._agenda,
            self._messages,
        )
        self._floor = Floor(
            self.accounts, self.history, self.trades, self._agenda, self._messages
        )

    def list(self, listed: Listed, now: int = 0) -> None:
        """List a market; it trades from now on."""
        assert listed.id not in self.pits, f"{listed.id} is listed already"
        pit = self.pits[listed.id] = Pit(listed)
        self._by_token[listed.yes] = self._by_token[listed.no] = pit
        self._messages.append(MarketAdded(listed=listed, at=now))

    def pit(self, token: str) -> Pit | None:
        """Return the market of a token, None for an unknown one."""
        return self._by_token.get(token)

    def fund(self, owner: str, usd: int) -> None:
        """Give an owner cash [micro-usd] out of nowhere."""
        self.accounts[owner].cash.free += usd

    def give(self, owner: str, token: str, shares: int) -> None:
        """Give an owner shares [micro-shares]; the house keeps their other half."""
        pit = self._by_token[token]
        other = pit.listed.no if token == pit.listed.yes else pit.listed.yes
        pit.collateral += shares
        self.accounts[owner].of(token).free += shares
        self.accounts[HOUSE].of(other).free += shares

    def split(self, owner: str, market: str, pairs: int) -> bool:
        """Turn cash into pairs of shares; False if the cash is not there.

        A negative number merges pairs back into cash.
        """
        pit, account = self.pits[market], self.accounts[owner]
        yes, no = account.of(pit.listed.yes), account.of(pit.listed.no)
        if account.cash.free < pairs or min(yes.free, no.free) < -pairs:
            return False
        account.cash.free -= pairs
        yes.free += pairs
        no.free += pairs
        pit.collateral += pairs
        return True

    def balance(self, owner: str) -> Balance:
        """Return all that an owner has."""
        return self.accounts.balance(owner)

    def book(self, token: str) -> tuple[Levels, Levels]:
        """Return bids and asks of a token in its own terms, best first.

        Raises:
            KeyError: No market has this token.
        """
        pit = self._by_token[token]
        bids, asks = pit.bids.shown(), pit.asks.shown()
        return (bids, asks) if token == pit.listed.yes else (mirror(asks), mirror(bids))

    def crosses(self, token: str, side: Side, price: int) -> bool:
        """Tell whether an order would meet a resting one at once."""
        pit = self._by_token[token]
        of_yes = token == pit.listed.yes
        limit = price if of_yes else ONE - price
        return crosses(pit, bid=of_yes is (side is Side.BUY), limit=limit)

    def drain(self) -> Messages:
        """Return what happened since the last call, in order."""
        messages = self._messages[:]
        self._messages.clear()
        return messages

    def advance(self, now: int) -> None:
        """Do what became due by `now`: expiries, held matches, steps of trades."""
        self._agenda.run(now)

    def place(self, order: NewOrder, now: int) -> Placed | Refused:
        """Take an order, match it, and let the rest of it rest if it may."""
        if self._agenda.due(now):
            self._agenda.run(now)
        refused = checks.by_mode(self.mode, post_only=order.post_only)
        if refused is not None:
            return refused
        pit = self._by_token.get(order.token)
        if pit is None or pit.payout is not None:
            return checks.NO_BOOK
        return self._floor.place(pit, order, now)

    def cancel(self, order_id: str, owner: str, now: int) -> str | None:
        """End an order; None when done, else why not."""
        if self._agenda.due(now):
            self._agenda.run(now)
        order = self.history.works(order_id)
        if order is not None and order.new.owner == owner:
            return self._floor.cancel(self.pits[order.market], order, now)
        order = self.history.find(order_id)
        known = order is not None and order.new.owner == owner
        return GONE if known else UNKNOWN

    def cancel_all(
        self, owner: str, now: int, market: str = "", token: str = ""
    ) -> Cancelled:
        """End an owner's orders; only those of a market or token where one is named."""
        done: Names = []
        not_done: dict[str, str] = {}
        for order in self.history.open_of(owner):
            if market not in ("", order.market) or token not in ("", order.new.token):
                continue
            why = self.cancel(order.id, owner, now)
            if why is None:
                done.append(order.id)
            else:
                not_done[order.id] = why
        return Cancelled(done=tuple(done), not_done=not_done)

    def set_tick(self, market: str, tick: Decimal, now: int) -> None:
        """Change a market's price step [usd/share]; resting orders stay."""
        pit = self.pits[market]
        before, pit.tick = from_micros(pit.tick), to_micros(tick)
        moved = TickMoved(market=market, before=before, after=tick, at=now)
        self._messages.append(moved)

    def resolve(self, market: str, payout_yes: Decimal, now: int) -> None:
        """Answer the question: a YES share pays 1, 0 or 0.5; open orders end."""
        self._agenda.run(now)
        pit = self.pits[market]
        self._floor.close(pit, now)
        pit.payout = to_micros(payout_yes)
        winner = {ONE: pit.listed.yes, 0: pit.listed.no}.get(pit.payout)
        self._messages.append(Resolved(market=market, winner=winner, at=now))

    def redeem(self, owner: str, market: str) -> int:
        """Pay an owner for the shares of a resolved market; return it [micro-usd]."""
        pit, account = self.pits[market], self.accounts[owner]
        if pit.payout is None:
            return 0
        paid = 0
        payouts = ((pit.listed.yes, pit.payout), (pit.listed.no, ONE - pit.payout))
        for token, payout in payouts:
            purse = account.of(token)
            paid += purse.free * payout // ONE
            purse.free = 0
        account.cash.free += paid
        pit.collateral -= paid
        return paid

    def redeem_all(self, market: str) -> None:
        """Pay everybody for the shares of a resolved market, and close their purses.

        Only for a market whose trades are all on the chain: some time after its answer.
        """
        listed = self.pits[market].listed
        tokens = (listed.yes, listed.no)
        for owner, account in self.accounts:
            if any(token in account.shares for token in tokens):
                self.redeem(owner, market)
                account.close(tokens)
