"""Who has what: cash and shares, free, behind orders, or on the way from a trade.

Nothing is made or lost here but by `fund` and `pair`: every other movement takes from
one purse what it puts into another, so the sum of all purses and of the collateral
behind the shares changes by what takers pay in fees only.
"""

from collections.abc import Iterable, Iterator

from polyrules.domain.money import ONE
from polyrules.venues.simulated.exchange.words import Balance, Holding

HOUSE = ""  # holds the other half of the pairs whose first half was given away


class Purse:
    """An amount of one thing [micro-units]: free, locked behind orders, or pending."""

    __slots__ = ("free", "locked", "pending")

    def __init__(self) -> None:
        self.free = 0
        self.locked = 0
        self.pending = 0

    def lock(self, amount: int) -> None:
        """Put `amount` behind an order; whoever calls knows that it is there."""
        self.free -= amount
        self.locked += amount

    def unlock(self, amount: int) -> None:
        """Give back what was behind an order."""
        self.locked -= amount
        self.free += amount

    def shown(self) -> Holding:
        """Return what is in it."""
        return Holding(free=self.free, locked=self.locked, pending=self.pending)


class Account:
    """One owner's cash and shares by token."""

    __slots__ = ("cash", "shares")

    def __init__(self) -> None:
        self.cash = Purse()
        self.shares: dict[str, Purse] = {}

    def of(self, token: str) -> Purse:
        """Return the purse of a token, empty at first."""
        purse = self.shares.get(token)
        if purse is None:
            purse = self.shares[token] = Purse()
        return purse

    def close(self, tokens: Iterable[str]) -> None:
        """Forget the purses of tokens that are empty."""
        for token in tokens:
            purse = self.shares.get(token)
            if purse and not (purse.free or purse.locked or purse.pending):
                del self.shares[token]


class Accounts:
    """All accounts, and what they paid in fees.

    Attributes:
        fees: All fees paid so far [micro-usd].
    """

    def __init__(self) -> None:
        self.fees = 0
        self._of: dict[str, Account] = {}

    def __getitem__(self, owner: str) -> Account:
        account = self._of.get(owner)
        if account is None:
            account = self._of[owner] = Account()
        return account

    def __iter__(self) -> Iterator[tuple[str, Account]]:
        return iter(self._of.items())

    def balance(self, owner: str) -> Balance:
        """Return all that an owner has."""
        account = self._of.get(owner, Account())
        return Balance(
            cash=account.cash.shown(),
            shares={token: purse.shown() for token, purse in account.shares.items()},
        )

    def holders(self, token: str) -> list[tuple[str, int]]:
        """Return who has shares of a token and how many [micro-shares], most first."""
        found = [
            (owner, purse.free + purse.locked)
            for owner, account in self._of.items()
            if owner != HOUSE and (purse := account.shares.get(token)) is not None
        ]
        return sorted(
            (pair for pair in found if pair[1] > 0), key=lambda pair: (-pair[1], pair)
        )


def ceil_cost(price: int, size: int) -> int:
    """Return what `size` costs at `price` [micro-usd], rounded up."""
    return -(-price * size // ONE)
