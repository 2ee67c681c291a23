"""The desk as values: what the operator allows, and where things are.

Nothing here reads a file or the environment.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from polyrules.domain.limits import Limits
from polyrules.domain.moments import SECOND
from polyrules.domain.money import Usd

MASK = "***"


class Secret:
    """A text that shows itself masked; only `reveal` tells it."""

    __slots__ = ("_shown", "_value")

    def __init__(self, value: str, shown: str = MASK) -> None:
        self._value = value
        self._shown = shown

    def reveal(self) -> str:
        """Return the text itself. Never print it, never write it down."""
        return self._value

    def __repr__(self) -> str:
        return self._shown

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


class DeskStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy of the desk: a path or a shipped id, and its parameters as text."""

    file: str
    params: Mapping[str, str] = {}
    enabled: bool = True


DEFAULT_SOURCES: Mapping[str, str] = {
    "gamma": "https://gamma-api.polymarket.com",
    "clob": "https://clob.polymarket.com",
    "market_channel": "wss://ws-subscriptions-clob.polymarket.com/ws/market",
}
DEFAULT_JOURNAL = "sqlite:///polyrules.db"


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's settings. `tick` is in microseconds.

    `inputs` are lists of wallets or of markets, by the names strategies ask for.

    `journal` prints as the file has it, with `${NAME}` in the place of a password;
    `journal.reveal()` is the whole URL, for who opens it.
    """

    bankroll_usd: Usd = Usd(Decimal(1000))
    limits: Limits = Limits()
    strategies: tuple[DeskStrategy, ...] = ()
    inputs: Mapping[str, tuple[str, ...]] = {}
    sources: Mapping[str, str] = msgspec.field(
        default_factory=lambda: dict(DEFAULT_SOURCES)
    )
    journal: Secret = Secret(DEFAULT_JOURNAL, DEFAULT_JOURNAL)
    tick: int = SECOND


def default_desk() -> Desk:
    """Return the desk that holds where no file says otherwise."""
    return Desk()
