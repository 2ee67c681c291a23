"""The CLOB around the exchange: API keys, heartbeats, prices, and who listens."""

from polyrules.clock import Clock
from polyrules.domain.moments import SECOND
from polyrules.venues.simulated.clob.auth.keys import Key, Keys
from polyrules.venues.simulated.clob.prices import Prices
from polyrules.venues.simulated.exchange.exchange import Exchange

PATIENCE = 10 * SECOND  # without a heartbeat this long all orders are cancelled


class Heart:
    """The dead-man switch of one API key, armed by its first heartbeat.

    Attributes:
        expects: The id the next heartbeat has to carry.
        ends: When the switch fires [microseconds UTC]; None after it did.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.expects = ""
        self.ends: int | None = None


class Venue:
    """All the CLOB's pages need.

    Attributes:
        exchange: The exchange core.
        clock: The venue's time.
        keys: All API keys.
        prices: What traded, for the price history.
        hearts: The dead-man switches by the name of the API key.
    """

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self.exchange = exchange
        self.clock = clock
        self.keys = Keys()
        self.prices = Prices()
        self.hearts: dict[str, Heart] = {}

    def advance(self, now: int) -> None:
        """Do what became due: of the exchange, and of silent API keys."""
        self.exchange.advance(now)
        for heart in self.hearts.values():
            if heart.ends is not None and heart.ends <= now:
                heart.ends = None
                for wallet in heart.key.wallets:
                    self.exchange.cancel_all(wallet, now)

    def admit(self, key: Key) -> None:
        """Let the exchange remember what a new key's wallets do."""
        self.exchange.history.watched.update(key.wallets)
