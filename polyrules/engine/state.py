"""All the engine remembers. Only `apply` and `expect` change it."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    Filled,
    GameChanged,
    Halted,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    OddsChanged,
    OrderReported,
    RoundChanged,
    Settled,
    SpotTicked,
    StageChanged,
    TickChanged,
    TradePrinted,
    TradesTold,
    WalletTraded,
)
from polyrules.domain.ids import ClientOrderId, MarketId, StrategyId, TokenId
from polyrules.domain.market import Book, Market, is_yes, merged
from polyrules.domain.moments import SECOND
from polyrules.domain.money import ONE, ZERO, Shares, Side, Usd, cost, from_micros
from polyrules.domain.orders import (
    OPEN,
    CancelOrder,
    Command,
    Order,
    OrderStatus,
    PlaceOrder,
    Report,
    advance,
)
from polyrules.domain.steps import Decision
from polyrules.engine.ledger import Ledger
from polyrules.engine.record import Follows, Record
from polyrules.errors import InvariantError
from polyrules.features.catalog import Feed
from polyrules.features.joins import Joins
from polyrules.features.table import Feeds, Table
from polyrules.features.wallets import Recent

AFTER_REFUSAL = SECOND  # how long what the venue refused is not asked for again
CooldownKey = tuple[StrategyId, str, MarketId, TokenId, Side]


def cooldown_key(wanted: Order | Decision) -> CooldownKey:
    """Return what a cooldown is kept by: one rule's wish for one side of a token."""
    return (wanted.strategy, wanted.rule, wanted.market, wanted.token, wanted.side)


class OpenOrder(msgspec.Struct, kw_only=True):
    """An order that may still trade, and how far it got."""

    order: Order
    status: OrderStatus
    filled: Shares = Shares(ZERO)
    cancelling: bool = False
    placed_at: int = 0  # microseconds UTC

    @property
    def remaining(self) -> Shares:
        """Shares that may still trade."""
        return Shares(self.order.size - self.filled)


class MarketState(msgspec.Struct, kw_only=True):
    """One market: its facts, its row in the table, its book in YES terms."""

    market: Market
    row: int
    book: Book
    book_at: int | None = None
    changed: bool = False  # the book moved since its features were written
    bids_known: dict[TokenId, tuple[int, int]] = {}  # last (bid [micro-usd], at)

    def bid(self, token: TokenId) -> int | None:
        """Return the best price paid for `token` now [micro-usd], or None."""
        if self.book.crossed:
            return None
        if token == self.market.yes:
            return self.book.best_bid
        ask = self.book.best_ask
        return None if ask is None else ONE - ask

    def ask(self, token: TokenId) -> int | None:
        """Return the lowest price `token` is sold for now [micro-usd], or None."""
        if self.book.crossed:
            return None
        if token == self.market.yes:
            return self.book.best_ask
        bid = self.book.best_bid
        return None if bid is None else ONE - bid


class Stakes(msgspec.Struct, frozen=True, kw_only=True):
    """What a scope has at stake [usd]: what positions cost, what open buys may spend.

    `markets` has every market with either, whatever is left of it.
    """

    markets: dict[MarketId, Decimal]
    total: Decimal
    open_buys: Decimal


class State:
    """Markets, orders and money as far as the events so far have told."""

    def __init__(
        self, bankroll: Usd, strategies: tuple[StrategyId, ...], feeds: Feeds
    ) -> None:
        self.now = 0
        self.halted = False
        self.table = Table(feeds)
        self.wallets = Recent(self.table)
        self.markets: dict[MarketId, MarketState] = {}
        self.by_row: list[MarketState] = []
        self._moved: list[MarketState] = []
        self.orders: dict[ClientOrderId, OpenOrder] = {}
        self._orders_in: dict[MarketId, dict[ClientOrderId, OpenOrder]] = {}
        self.cooldowns: dict[CooldownKey, int] = {}
        self.desk = Ledger(bankroll)
        self.own = {strategy: Ledger(bankroll) for strategy in strategies}
        self.joins = Joins()
        self.record = {strategy: Record() for strategy in strategies}
        self.follows = Follows()
        self._stakes: dict[StrategyId | None, Stakes] = {}
        self._resolved: set[MarketId] = set()

    def apply(self, event: Event) -> None:  # noqa: C901, PLR0912 - one arm a kind of event
        """Take in what happened.

        Raises:
            InvariantError: Time ran backward, or a report fits no order we know.
        """
        if event.at < self.now:
            raise InvariantError(f"an event at {event.at} came after {self.now}")
        self.now = event.at
        match event:
            case BookChanged() | LevelsChanged():
                self._change_book(event)
            case ClockTicked():
                self.mark()
            case TradePrinted() | TradesTold():
                self._add_trades(event)
            case SpotTicked() | OddsChanged() | GameChanged() | WalletTraded():
                self._hear(event)
            case MarketListed() | MarketChanged():
                self._list(event)
            case TickChanged():
                self._change_tick(event)
            case MarketResolved():
                self._resolved.add(event.market)
                if (known := self.markets.get(event.market)) is not None:
                    self.table.close(known.row)
            case OrderReported():
                self._report(event.client_order_id, event.report)
            case Filled():
                self._fill(event)
            case Settled():
                self._settle(event)
                self._stakes.clear()
            case Halted():
                self.halted = True
            case FeedLost():
                self._lose(event)
            case FeedRestored():
                self._regain(event)
            case StageChanged() | RoundChanged():
                pass  # told for the reader of a journal; no rule asks for it

    def expect(self, command: Command) -> None:
        """Remember a command that is about to leave."""
        match command:
            case PlaceOrder(order=order):
                status = advance(OrderStatus.CREATED, Report.SUBMITTED)
                live = OpenOrder(order=order, status=status, placed_at=self.now)
                self.record[order.strategy].placed(self.now)
                self.orders[order.client_order_id] = live
                there = self._orders_in.setdefault(order.market, {})
                there[order.client_order_id] = live
                self._stake(order)
            case CancelOrder(client_order_id=order_id):
                self.orders[order_id].cancelling = True

    def refresh(self) -> None:
        """Bring the table's columns up to now."""
        for known in self._moved:
            if known.book.seen:  # else it was lost since it moved
                self.table.write_book(known.row, known.book)
            known.changed = False
        self._moved.clear()
        self.table.refresh_trades(self.now)

    def mark(self) -> None:
        """Value every position at the best bid of its token, as every tick does.

        Without a bid the last one known counts, until it is older than a book may be;
        then the position counts as nothing.
        """
        held = self.desk.portfolio.positions
        prices = {token: self.worth(p.market, token) for token, p in held.items()}
        self.desk.mark(self.now, prices)
        for ledger in self.own.values():
            ledger.mark(self.now, prices)

    def open_orders(
        self, market: MarketId | None = None, strategy: StrategyId | None = None
    ) -> Iterator[OpenOrder]:
        """Yield the orders that may still trade, oldest first."""
        found = self.orders if market is None else self._orders_in.get(market, {})
        for live in found.values():
            if strategy is not None and live.order.strategy != strategy:
                continue
            yield live

    def engaged(self) -> set[MarketId]:
        """Return the markets in which we hold something or have an order."""
        held = {p.market for p in self.desk.portfolio.positions.values()}
        return held.union(self._orders_in)

    def would_trade_with(self, wanted: Order | Decision) -> Iterator[OpenOrder]:
        """Yield open orders of ours that an order for `wanted` would trade with.

        Buying NO at p is selling YES at 1 - p, so orders of both tokens can meet.
        """
        market = self.markets[wanted.market].market
        buys, price = _in_yes(wanted, market)
        for live in self.open_orders(wanted.market):
            other_buys, other = _in_yes(live.order, market)
            meets = price >= other if buys else price <= other
            if buys is not other_buys and meets:
                yield live

    def stakes(self, strategy: StrategyId | None) -> Stakes:
        """Return what one strategy, or with None the whole desk, has at stake."""
        known = self._stakes.get(strategy)
        if known is None:
            known = self._stakes[strategy] = self._add_up(strategy)
        return known

    def sellable(self, strategy: StrategyId, token: TokenId) -> Decimal:
        """Return the shares of `token` a strategy holds and does not yet sell."""
        position = self.own[strategy].portfolio.positions.get(token)
        if position is None:
            return ZERO
        selling = sum(
            (
                live.remaining
                for live in self.open_orders(position.market, strategy)
                if live.order.side is Side.SELL and live.order.token == token
            ),
            ZERO,
        )
        return position.shares - selling

    def _stake(self, order: Order) -> None:
        """Add an order to the stakes that are known: the sum it would have come to."""
        if order.side is not Side.BUY:
            return
        spent = cost(order.price, order.size)
        for scope in (None, order.strategy):
            known = self._stakes.get(scope)
            if known is not None:
                before = known.markets.get(order.market, ZERO)
                known.markets[order.market] = before + spent
                self._stakes[scope] = Stakes(
                    markets=known.markets,
                    total=known.total + spent,
                    open_buys=known.open_buys + spent,
                )

    def _add_up(self, strategy: StrategyId | None) -> Stakes:
        ledger = self.desk if strategy is None else self.own[strategy]
        markets: dict[MarketId, Decimal] = {}
        for position in ledger.portfolio.positions.values():
            before = markets.get(position.market, ZERO)
            markets[position.market] = before + position.cost
        total, open_buys = sum(markets.values(), ZERO), ZERO
        for live in self.open_orders(strategy=strategy):
            order = live.order
            if order.side is Side.BUY:
                stake = cost(order.price, live.remaining)
                markets[order.market] = markets.get(order.market, ZERO) + stake
                open_buys += stake
        return Stakes(markets=markets, total=total + open_buys, open_buys=open_buys)

    def _list(self, event: MarketListed | MarketChanged) -> None:
        market = event.market
        known = self.markets.get(market.id)
        if known is None:
            row = self.table.add(market, event.listing, event.at)
            known = MarketState(market=market, row=row, book=Book())
            self.markets[market.id] = known
            self.by_row.append(known)
            if market.id in self._resolved:
                self.table.close(row)
        else:
            if market.yes != known.market.yes:
                self._forget_book(known)  # it is told in terms of the other token
            known.market = merged(known.market, market)
            self.table.state_facts(known.row, known.market, event.listing)
        self.joins.take(known.row, known.market, event.at)

    def _change_book(self, event: BookChanged | LevelsChanged) -> None:
        known = self.markets.get(event.market)
        if known is None:
            return  # a market nobody described cannot be traded
        if not _apply(event, known):
            return  # not of its tokens, or a change to a book nobody has shown
        known.book_at = event.at
        if not known.changed:
            known.changed = True
            self._moved.append(known)
        self.table.touch_book(known.row, event.at)

    def _change_tick(self, event: TickChanged) -> None:
        known = self.markets.get(event.market)
        if known is not None:
            known.market = msgspec.structs.replace(known.market, tick=event.tick)
            self.table.state_tick(known.row, float(event.tick))

    def _add_trades(self, event: TradePrinted | TradesTold) -> None:
        known = self.markets.get(event.market)
        if known is None:
            return
        if isinstance(event, TradePrinted):
            of_yes = is_yes(known.market, event.token)
            if of_yes is not None:
                self.table.add_trade(known.row, event, of_yes=of_yes)
            return
        sides = ((trade, is_yes(known.market, trade.token)) for trade in event.trades)
        told = [(trade, of_yes) for trade, of_yes in sides if of_yes is not None]
        self.table.tell_trades(known.row, event.since, told)

    def _hear(
        self, event: SpotTicked | OddsChanged | GameChanged | WalletTraded
    ) -> None:
        """Take in what stands beside the markets: coins, bookmakers, games, wallets."""
        if isinstance(event, SpotTicked):
            self.table.tick_spot(event)
            return
        known = self.markets.get(event.market)
        if isinstance(event, WalletTraded):
            self._add_wallet_trade(event, known)
        elif known is None:
            return  # a market nobody described cannot be traded
        elif isinstance(event, OddsChanged):
            self.table.change_odds(known.row, event)
        else:
            self.table.change_game(known.row, event)

    def _add_wallet_trade(self, event: WalletTraded, known: MarketState | None) -> None:
        of_yes = None if known is None else is_yes(known.market, event.token)
        if known is None or of_yes is None:
            self.wallets.unknown += 1
        elif self.wallets.add(known.row, event, of_yes=of_yes):
            self.follows.see(event)

    def _lose(self, event: FeedLost) -> None:
        """Forget what a feed told and cannot be trusted any more."""
        feed = Feed(event.feed)
        for known in self._named(event.market):
            if feed is Feed.BOOK:
                self._forget_book(known)
            elif feed is Feed.TRADES:
                self.table.lose_trades(known.row)
        if event.market is None:
            self.table.lose(feed)
            self.wallets.lost |= feed is Feed.WALLETS

    def _forget_book(self, known: MarketState) -> None:
        known.book = Book()
        known.book_at = None
        self.table.lose_book(known.row)

    def _regain(self, event: FeedRestored) -> None:
        feed = Feed(event.feed)
        if feed is Feed.TRADES:
            for known in self._named(event.market):
                self.table.regain_trades(known.row, event.at)
        if event.market is None:
            self.table.regain(feed)
            self.wallets.lost &= feed is not Feed.WALLETS

    def _named(self, market: MarketId | None) -> list[MarketState]:
        """Return one market, or all; none where nobody described it."""
        if market is None:
            return self.by_row
        known = self.markets.get(market)
        return [] if known is None else [known]

    def _report(self, order_id: ClientOrderId, report: Report) -> None:
        live = self.orders.get(order_id)
        if live is None:
            raise InvariantError(f"{report.name} for {order_id}, which is not open")
        self._stakes.clear()
        # Nothing to cool from; but what was refused is not sent at every event, and of
        # a basket the other legs may have filled: to ask for it again costs money.
        if report is Report.REJECTED and live.order.basket is None:
            self.cooldowns[cooldown_key(live.order)] = self.now + AFTER_REFUSAL
        live.status = advance(live.status, report)
        if live.status not in OPEN:
            del self.orders[order_id]
            del self._orders_in[live.order.market][order_id]
            if not self._orders_in[live.order.market]:
                del self._orders_in[live.order.market]

    def _fill(self, fill: Filled) -> None:
        live = self.orders.get(fill.client_order_id)
        if live is None:
            raise InvariantError(
                f"a fill for {fill.client_order_id}, which is not open"
            )
        live.filled = Shares(live.filled + fill.size)
        if live.remaining < 0:
            raise InvariantError(f"{fill.client_order_id} filled above its size")
        whole = live.remaining == 0
        strategy = live.order.strategy
        self._report(
            fill.client_order_id, Report.FILLED_WHOLE if whole else Report.FILLED_PART
        )
        self.desk.portfolio.apply(fill)
        own = self.own[strategy].portfolio
        before = own.realised
        own.apply(fill)
        is_first = live.filled == fill.size
        self.record[strategy].filled(fill, first=is_first, gain=own.realised - before)
        if fill.token not in own.positions:
            self._left(strategy, fill.token)

    def _left(self, strategy: StrategyId, token: TokenId) -> None:
        """Note that a strategy holds nothing of a token any more."""
        self.record[strategy].left(token, self.now)
        self.follows.end(strategy, token)

    def _settle(self, event: Settled) -> None:
        self.desk.portfolio.apply(event)
        for strategy, ledger in self.own.items():
            own = ledger.portfolio
            position = own.positions.get(event.token)
            if position is not None:
                share = msgspec.structs.replace(event, size=position.shares)
                before = own.realised
                own.apply(share)
                self.record[strategy].gained(event.token, own.realised - before)
                self._left(strategy, event.token)

    def worth(self, market: MarketId, token: TokenId) -> Decimal:
        """Return what `mark` values a share of `token` at now [usd/share]."""
        known = self.markets[market]
        bid = known.bid(token)
        if bid is not None:
            known.bids_known[token] = (bid, self.now)
            return from_micros(bid)
        last, at = known.bids_known.get(token, (0, 0))
        limit = self.table.feeds.age(Feed.BOOK)
        too_old = limit is not None and self.now - at > limit
        return ZERO if too_old else from_micros(last)


def _in_yes(wanted: Order | Decision, market: Market) -> tuple[bool, Decimal]:
    """Return whether an order buys YES, and its price, in YES terms."""
    buys = wanted.side is Side.BUY
    if wanted.token == market.yes:
        return buys, wanted.price
    return not buys, 1 - wanted.price


def _apply(event: BookChanged | LevelsChanged, known: MarketState) -> bool:
    """Change the book as the event says; tell whether it said anything of it."""
    if isinstance(event, BookChanged):
        of_yes = is_yes(known.market, event.token)
        if of_yes is None:
            return False
        known.book.show(event.bids, event.asks, of_yes=of_yes)
        return True
    for change in event.changes:
        of_yes = is_yes(known.market, change.token)
        if of_yes is not None:
            known.book.change(change.side, change.price, change.size, of_yes=of_yes)
    return known.book.seen
