"""The hash of a book, as the simulated venue tells it in pages and in frames.

The real venue's recipe is not known for sure; this one only promises that two equal
books of one token have the same hash, whoever tells them, and different ones do not.
"""

from functools import lru_cache
from hashlib import blake2b

from polyrules.domain.market import Levels
from polyrules.domain.money import Side

BITS = 160


@lru_cache(maxsize=65_536)
def level_hash(name: str, price: int, size: int) -> int:
    """Return what one level adds to the hash of its book.

    Args:
        name: bid, ask, or anything else that is hashed.
        price: Micro-usd.
        size: Micro-shares.
    """
    said = f"{name} {price} {size}".encode()
    return int.from_bytes(blake2b(said, digest_size=BITS // 8).digest())


class HashedBook:
    """The book of one token as it was told so far, and its hash after each change."""

    __slots__ = ("_sizes", "_total")

    def __init__(self, token: str, bids: Levels, asks: Levels) -> None:
        self._sizes: dict[tuple[Side, int], int] = {}
        self._total = level_hash(token, 0, 0)
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for price, size in levels:
                self.set(side, price, size)

    def set(self, side: Side, price: int, size: int) -> None:
        """Take in the new total at a price [micro-units]; 0 removes the level."""
        name = "bid" if side is Side.BUY else "ask"
        before = self._sizes.pop((side, price), 0)
        if before:
            self._total -= level_hash(name, price, before)
        if size:
            self._sizes[side, price] = size
            self._total += level_hash(name, price, size)

    def hash(self) -> str:
        """Return the hash of the book as it is now."""
        return _text(self._total)


def book_hash(token: str, bids: Levels, asks: Levels) -> str:
    """Return the hash of a token's book in its own terms, 0x and 40 digits."""
    total = level_hash(token, 0, 0)
    total += sum(level_hash("bid", price, size) for price, size in bids)
    total += sum(level_hash("ask", price, size) for price, size in asks)
    return _text(total)


def _text(total: int) -> str:
    return f"0x{total % (1 << BITS):040x}"
