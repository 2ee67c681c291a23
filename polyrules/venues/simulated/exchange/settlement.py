"""What a trade moves: at the match, when it is mined, and back if it never is.

At the match both sides give; what they get is pending until the trade is mined. A
trade that fails returns exactly what was given and takes back exactly what was pending,
which nobody could have used meanwhile.
"""

from polyrules.domain.money import Side
from polyrules.venues.simulated.exchange.accounts import Accounts, Purse, ceil_cost
from polyrules.venues.simulated.exchange.matching import Match, cost
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.words import Fate, Traded, TradeStatus


class TradeRecord:
    """A trade on its way, with all it moved.

    Attributes:
        told: Whether one of its owners is watched, so that its steps are told.
        given: What was taken from whom, to return if it fails.
        due: What is pending for whom.
        fee: What the taker pays of it to the venue.
        minted: Pairs it made [micro-shares], below 0 if it merged them.
    """

    __slots__ = (
        "due",
        "fate",
        "fee",
        "given",
        "minted",
        "pit",
        "status",
        "told",
        "trade",
        "updated",
    )

    def __init__(self, pit: Pit, trade: Traded, fate: Fate) -> None:
        self.pit = pit
        self.trade = trade
        self.fate = fate
        self.status = TradeStatus.MATCHED
        self.updated = trade.at
        self.told = False
        self.given: list[tuple[Purse, int]] = []
        self.due: list[tuple[Purse, int]] = []
        self.fee = trade.fee
        self.minted = 0


def exchange_hands(
    record: TradeRecord, accounts: Accounts, taker: Working, matches: list[Match]
) -> None:
    """Take from both sides of each match what they give, and note what they get."""
    for match in matches:
        _maker_gives(record, accounts, match)
        _party(record, accounts, taker, match, match.fee)
        record.minted += _minted(taker, match)
    record.pit.collateral += record.minted
    accounts.fees += record.fee


def deliver(record: TradeRecord) -> None:
    """Let everyone use what the trade brought: it is mined."""
    for purse, amount in record.due:
        purse.pending -= amount
        purse.free += amount
    record.due = []
    record.given = []


def reverse(record: TradeRecord, accounts: Accounts) -> None:
    """Undo the trade: it never reached the chain."""
    for purse, amount in record.due:
        purse.pending -= amount
    for purse, amount in record.given:
        purse.free += amount
    record.due = []
    record.given = []
    record.pit.collateral -= record.minted
    accounts.fees -= record.fee


def _maker_gives(record: TradeRecord, accounts: Accounts, match: Match) -> None:
    """Free what lay behind the filled part; the payment is taken from that."""
    maker = match.maker
    account = accounts[maker.new.owner]
    if maker.new.side is Side.BUY:
        still = ceil_cost(maker.new.price, maker.left - match.size)
        account.cash.unlock(maker.locked - still)
        maker.locked = still
    else:
        account.of(maker.new.token).unlock(match.size)
        maker.locked -= match.size
    _party(record, accounts, maker, match, 0)


def _party(
    record: TradeRecord, accounts: Accounts, order: Working, match: Match, fee: int
) -> None:
    """Move one side of a match: cash against shares, the fee on the cash."""
    account = accounts[order.new.owner]
    cash, shares = account.cash, account.of(order.new.token)
    worth = cost(order, match)
    if order.new.side is Side.BUY:
        _move(record, cash, worth + fee, shares, match.size)
    else:
        _move(record, shares, match.size, cash, worth - fee)


def _move(
    record: TradeRecord, source: Purse, given: int, target: Purse, due: int
) -> None:
    source.free -= given
    target.pending += due
    record.given.append((source, given))
    record.due.append((target, due))


def _minted(taker: Working, match: Match) -> int:
    """Return the pairs a match makes: two buys mint, two sells merge."""
    if taker.new.side is not match.maker.new.side:
        return 0
    return match.size if taker.new.side is Side.BUY else -match.size
