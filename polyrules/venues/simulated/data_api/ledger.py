"""What the simulated Data API remembers: who traded what, and what they hold.

It hears the exchange's messages and keeps, per wallet, its fills and its positions at
average cost. It is bounded: the newest rows of all stay, and of each market; of wallets
with a name or an API key also what is older. A fill that the chain undid is taken out
again. It reads no clock: a row says itself when it may be
seen, some seconds after it happened and some rows much later, as at the venue.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from polyrules.domain.money import ONE, Side, opposite
from polyrules.venues.simulated.data_api.accounts import (
    Account,
    Fill,
    Position,
    Profile,
    bought,
    hash_of,
    lateness,
    sold,
)
from polyrules.venues.simulated.exchange.words import (
    Listed,
    MarketAdded,
    Message,
    Resolved,
    Traded,
    TradeMoved,
    TradeStatus,
)

SECOND = 1_000_000
MARKET_MAX = 300  # of one market
ALL_MAX = 10_000
STRANGER_CLOSED = 50  # closed positions of a wallet that is not kept: a page of them
REDEEMED_AFTER = 90 * SECOND


class Ledger:
    """All wallets, fed by the exchange's messages.

    Args:
        price: What a share of a token is worth now [micro-usd].
        redeems: Whether a wallet's winnings are redeemed for it, 90 s after an answer.
    """

    def __init__(
        self,
        price: Callable[[str], int],
        redeems: Callable[[str], bool] = lambda _wallet: True,
    ) -> None:
        self.listed: dict[str, Listed] = {}
        self.tokens: dict[str, Listed] = {}
        self.accounts: dict[str, Account] = {}
        self.profiles: dict[str, Profile] = {}
        self.trades: deque[Fill] = deque()
        self._kept: set[str] = set()
        self._price = price
        self._redeems = redeems
        self._of_market: dict[str, deque[Fill]] = {}
        self._payouts: dict[str, int] = {}  # token: micro-usd a share
        self._redeeming: deque[tuple[int, str]] = deque()
        self._holders: dict[str, set[str]] = {}

    # What it is told

    def know(self, listed: Iterable[Listed]) -> None:
        """Learn of markets; those of MarketAdded are learned by `hear`."""
        for each in listed:
            self.listed[each.id] = each
            self.tokens[each.yes] = self.tokens[each.no] = each

    def introduce(self, profile: Profile) -> None:
        """Give a wallet a name and a past."""
        self.profiles[profile.wallet.lower()] = profile
        self.account(profile.wallet)
        self.keep(profile.wallet)

    def keep(self, wallet: str) -> None:
        """Keep a wallet's rows, 1,000 of them, when strangers' are forgotten."""
        self._kept.add(wallet.lower())

    def hold(self, wallet: str, token: str, *, size: int, price: int, at: int) -> None:
        """Let a wallet hold shares of a known token, bought before it all began."""
        account = self.account(wallet)
        position = account.position(self.tokens[token].id, token)
        bought(position, size, price, at)
        self._holders.setdefault(token, set()).add(account.wallet)

    def hear(self, message: Message) -> None:
        """Take what the exchange says; what does not concern wallets is passed over."""
        match message:
            case Traded():
                self._traded(message)
            case TradeMoved(status=TradeStatus.FAILED):
                self._undone(message.trade)
            case MarketAdded():
                self.know([message.listed])
            case Resolved():
                self._resolved(message)
            case _:  # books, orders and ticks are no one's wallet
                pass

    def advance(self, now: int) -> list[str]:
        """Redeem what is due; return the markets by id."""
        redeemed: list[str] = []
        while self._redeeming and self._redeeming[0][0] <= now:
            at, market = self._redeeming.popleft()
            self._redeem(market, at)
            redeemed.append(market)
        return redeemed

    def account(self, wallet: str) -> Account:
        """Return a wallet's account, a new one if it never traded."""
        wallet = wallet.lower()
        found = self.accounts.get(wallet)
        if found is None:
            found = self.accounts[wallet] = Account(wallet)
        return found

    def _traded(self, trade: Traded) -> None:
        shares = (trade.token, trade.side, trade.price, trade.size)
        self._fill(trade, trade.taker, shares, taker=True)
        for maker in trade.makers:
            shares = (maker.token, maker.side, maker.price, maker.size)
            self._fill(trade, maker.owner, shares, taker=False)

    def _fill(
        self,
        trade: Traded,
        owner: str,
        shares: tuple[str, Side, int, int],
        *,
        taker: bool,
    ) -> None:
        token, side, price, size = shares
        account = self.account(owner)
        row = Fill(
            wallet=account.wallet,
            market=trade.market,
            token=token,
            side=side,
            price=price,
            size=size,
            usd=price * size // ONE,
            at=trade.at,
            shown=trade.at + lateness(trade.transaction, account.wallet),
            transaction=trade.transaction,
            trade=trade.id,
            taker=taker,
        )
        self._move(account, row)
        account.rows.append(row)
        self.trades.append(row)
        if len(self.trades) > ALL_MAX:
            self._forget(self.trades.popleft())
        rows = self._of_market.get(trade.market)
        if rows is None:
            rows = self._of_market[trade.market] = deque(maxlen=MARKET_MAX)
        rows.append(row)

    def _forget(self, row: Fill) -> None:
        """Let go of the oldest row, wherever else it is: no page reaches it."""
        rows = self._of_market.get(row.market)
        if rows is not None:
            _drop_until(rows, row.at)
            if not rows:
                del self._of_market[row.market]
        if row.wallet not in self._kept:
            _drop_until(self.accounts[row.wallet].rows, row.at)

    def _move(self, account: Account, row: Fill) -> None:
        if not any(token in account.positions for token in self._pair(row)):
            account.traded += 1
        position = account.position(row.market, row.token)
        account.volume += row.usd
        if row.side is Side.BUY:
            bought(position, row.size, row.price, row.at)
            self._holders.setdefault(row.token, set()).add(account.wallet)
        else:
            account.realized += sold(position, row.size, row.price, row.at)

    def _pair(self, row: Fill) -> tuple[str, ...]:
        listed = self.listed.get(row.market)
        return (row.token,) if listed is None else (listed.yes, listed.no)

    def _undone(self, trade: Traded) -> None:
        """Take the rows of a trade out again: on the chain it never happened."""
        for owner in {trade.taker, *(maker.owner for maker in trade.makers)}:
            account = self.account(owner)
            gone = [row for row in account.rows if row.trade == trade.id]
            for row in gone:
                account.rows.remove(row)
                assert row.side is not None, "only trades have an id"
                self._move(
                    account, msgspec.structs.replace(row, side=opposite(row.side))
                )
                account.volume -= 2 * row.usd
                for rows in (self.trades, self._of_market.get(row.market)):
                    if rows is not None and row in rows:
                        rows.remove(row)

    def _resolved(self, message: Resolved) -> None:
        listed = self.listed.get(message.market)
        if listed is None:
            return
        for token in (listed.yes, listed.no):
            half = ONE // 2 if message.winner is None else 0
            self._payouts[token] = ONE if token == message.winner else half
        self._redeeming.append((message.at + REDEEMED_AFTER, message.market))

    def _redeem(self, market: str, at: int) -> None:
        listed = self.listed[market]
        for token in (listed.yes, listed.no):
            for wallet in sorted(self._holders.get(token, ())):
                if self._redeems(wallet):
                    self.redeemed(wallet, token, at)
            if not self._holders.get(token):
                self._holders.pop(token, None)

    def redeemed(self, wallet: str, token: str, at: int) -> None:
        """Pay a wallet's shares of an answered token out, and close its position."""
        account = self.account(wallet)
        position = account.positions.pop(token, None)
        payout = self._payouts.get(token)
        self._holders.get(token, set()).discard(account.wallet)
        if position is None or payout is None:
            return
        size = position.size
        account.realized += sold(position, size, payout, at)
        account.closed.append(position)
        if account.wallet not in self._kept and len(account.closed) > STRANGER_CLOSED:
            account.closed.popleft()
        if not size or not payout:
            return
        transaction = hash_of("redeem", account.wallet, token)
        account.rows.append(
            Fill(
                wallet=account.wallet,
                market=position.market,
                token=token,
                side=None,
                price=0,
                size=size,
                usd=size * payout // ONE,
                at=at,
                shown=at + lateness(transaction, account.wallet),
                transaction=transaction,
                kind="REDEEM",
            )
        )

    # What it tells

    def worth(self, token: str) -> int:
        """Return what a share is worth now: its payout, else its price [micro-usd]."""
        payout = self._payouts.get(token)
        return self._price(token) if payout is None else payout

    def is_answered(self, token: str) -> bool:
        """Tell whether a token's market is resolved."""
        return token in self._payouts

    def fills(self, *, wallet: str | None, market: str | None) -> Iterator[Fill]:
        """Yield the rows of a wallet, a market, or all, newest first as they came."""
        if wallet is not None:
            account = self.accounts.get(wallet.lower())
            rows: deque[Fill] = account.rows if account else deque()
        elif market is not None:
            rows = self._of_market.get(market, deque())
        else:
            rows = self.trades
        for row in reversed(rows):
            if market is None or row.market == market:
                yield row

    def holders(self, token: str) -> list[tuple[Account, Position]]:
        """Return who holds a token, most first."""
        held = []
        for wallet in self._holders.get(token, ()):
            account = self.accounts[wallet]
            position = account.positions.get(token)
            if position is not None and position.size > 0:
                held.append((account, position))
        return sorted(held, key=lambda each: (-each[1].size, each[0].wallet))

    def open_change(self, account: Account) -> int:
        """Return what a wallet's positions gained since bought [micro-usd]."""
        return sum(
            each.size * self.worth(token) // ONE - each.cost
            for token, each in account.positions.items()
        )


def _drop_until(rows: deque[Fill], at: int) -> None:
    """Drop the oldest rows, those of the moment `at` among them."""
    while rows and rows[0].at <= at:
        rows.popleft()
