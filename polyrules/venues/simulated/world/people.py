"""The wallets of a world, by the seed: makers, the many, those who know, and whales."""

from hashlib import blake2b

import msgspec

CASH = 10**15  # micro-usd each of them begins with: none of them is ever short
MAKERS, MANY, INFORMED = 12, 60, 8
# Name, share of its settled positions that won, trades in 30 days, usual stake [usd].
WHALES = (
    ("harbourmaster", 0.74, 96, 14_000),
    ("quiet_tide", 0.69, 61, 9_000),
    ("larkspur", 0.66, 140, 7_500),
    ("old_ledger", 0.62, 45, 22_000),
    ("coin_flipper", 0.49, 210, 6_000),
    ("paper_hands", 0.41, 33, 3_000),
)


class Whale(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet worth following, or not.

    Attributes:
        address: 0x and 40 hexadecimal digits, lower case.
        win_rate: Share of its settled positions that won, 0 to 1.
        trades_30d: How often it traded in 30 days before the world began.
        stake: What it usually buys for [usd].
    """

    address: str
    name: str
    win_rate: float
    trades_30d: int
    stake: float


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone who trades in a world, as wallets."""

    makers: tuple[str, ...]
    many: tuple[str, ...]
    informed: tuple[str, ...]
    whales: tuple[Whale, ...]

    def all(self) -> tuple[str, ...]:
        """Return every wallet."""
        whales = tuple(whale.address for whale in self.whales)
        return (*self.makers, *self.many, *self.informed, *whales)


def people(seed: int) -> People:
    """Return the people of the world with this seed."""
    return People(
        makers=tuple(wallet(seed, f"maker {n}") for n in range(MAKERS)),
        many=tuple(wallet(seed, f"one of many {n}") for n in range(MANY)),
        informed=tuple(wallet(seed, f"informed {n}") for n in range(INFORMED)),
        whales=tuple(
            Whale(
                address=wallet(seed, name),
                name=name,
                win_rate=rate,
                trades_30d=trades,
                stake=float(stake),
            )
            for name, rate, trades, stake in WHALES
        ),
    )


def wallet(seed: int, name: str) -> str:
    """Return the address of somebody in the world with this seed."""
    return "0x" + blake2b(f"{seed} wallet {name}".encode(), digest_size=20).hexdigest()
