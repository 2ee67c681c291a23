"""The desk as values: what the operator allows, and where things are.

Nothing here reads a file or the environment.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from polyrules.domain.limits import Limits
from polyrules.domain.moments import HOUR, MINUTE, SECOND
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
    "data_api": "https://data-api.polymarket.com",
    "rtds": "wss://ws-live-data.polymarket.com",
    "geoblock": "https://polymarket.com",
}
DEFAULT_JOURNAL = "sqlite:///polyrules.db"


class DeskClock(msgspec.Struct, frozen=True, kw_only=True):
    """Whose time holds: the wall's, or that of a simulated venue, `speed` times life.

    `source` is wall or venue.
    """

    source: str = "wall"
    speed: float = 1.0


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the venue is collected, and how often. Times in microseconds.

    Attributes:
        subscriptions_max: Markets followed over the market channel at once.
        sockets: Connections to the market channel.
        tokens_per_socket: Tokens followed over one of them; a market has two.
        tier_hours: Hours to the end below which a market is of T1, T2, T3, T4.
        tier_every: How often books of T0 to T4 are asked for.
        volume_24h_usd_min: Markets that trade less in 24 hours are left out [usd].
        lookahead: Markets that end later are listed, and no books asked for.
        refresh: How often the newest listings are read.
        wallets_every: How often a wallet's trades are asked for.
        rounds: Series of rounds to record, such as btc_updown_15m; those that a
            strategy asks for are followed in any case.
    """

    subscriptions_max: int = 400
    sockets: int = 4
    tokens_per_socket: int = 200
    tier_hours: tuple[float, float, float, float] = (48.0, 12.0, 4.0, 1.0)
    tier_every: tuple[int, int, int, int, int] = (
        60 * MINUTE,
        5 * MINUTE,
        MINUTE,
        30 * SECOND,
        15 * SECOND,
    )
    volume_24h_usd_min: float = 0.0
    lookahead: int = 336 * HOUR
    refresh: int = MINUTE
    wallets_every: int = 15 * SECOND
    rounds: tuple[str, ...] = ()


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
    clock: DeskClock = DeskClock()
    collection: Collection = Collection()
    journal: Secret = Secret(DEFAULT_JOURNAL, DEFAULT_JOURNAL)
    tick: int = SECOND


def default_desk() -> Desk:
    """Return the desk that holds where no file says otherwise."""
    return Desk()
