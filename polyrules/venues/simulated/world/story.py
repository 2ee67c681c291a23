"""One market of the world: what it asks, what it is worth, and how people treat it."""

import random
from enum import Enum

import msgspec

from polyrules.domain.moments import DAY, SECOND
from polyrules.venues.simulated.exchange.words import Listed
from polyrules.venues.simulated.world.fairs import Path


class Kind(Enum):
    """What a market is like, which says what can be earned with it."""

    PLAIN = "plain"
    FAVOURITE = "favourite"  # about 0.95, its end near
    TAIL = "tail"  # about 0.04
    SWING = "swing"  # overshoots and comes back
    WIDE = "wide"  # still, with few makers who stand far apart
    DEADLINE = "deadline"
    RACE = "race"
    ROUND = "round"


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How its makers quote.

    Attributes:
        half: What they stand off the price they believe in [usd/share].
        levels: How many prices a side they quote.
        apart: Ticks between two prices.
        lot: Shares at the best price, about; more behind it [shares].
        learning: Share of what they err by that they learn each time they look.
        taken: How often somebody trades when somebody acts, 0 to 1.
    """

    half: float = 0.005
    levels: int = 4
    apart: int = 1
    lot: float = 400.0
    learning: float = 0.5
    taken: float = 0.15


class Bundle(msgspec.Struct, kw_only=True, eq=False):
    """Markets that belong together and are quoted together: a group, or a family.

    `wrong_until` says how long their prices do not fit together [microseconds UTC].
    """

    stories: list["Story"] = []
    wrong_until: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What Gamma calls an event: the title around one or several markets."""

    id: int
    slug: str
    title: str
    tags: tuple[str, ...] = ()
    series: str = ""
    neg_risk: bool = False


class Story(msgspec.Struct, kw_only=True, eq=False):
    """A market and its life.

    Attributes:
        listed: As the exchange knows it.
        event: What Gamma nests it in.
        weight: How much of all activity is about it, against the others.
        volume: Dollars traded before the world began, a day of it in `volume_24h`.
        belief: What its makers take it to be worth.
        stale: Something was taken from the makers since they last looked.
        quotes: The makers' open orders, by token and price [micro-usd].
        hydrated: When it gets its first quotes [microseconds UTC].
        stage: "", proposed, disputed or resolved; since `stage_at`.
    """

    listed: Listed
    event: Event
    kind: Kind
    path: Path
    rng: random.Random
    place: int = 0
    manner: Manner = Manner()
    weight: float = 1.0
    volume: float = 0.0
    volume_24h: float = 0.0
    title: str = ""
    bundle: Bundle | None = None
    belief: float | None = None
    stale: bool = False
    quotes: dict[tuple[str, int], str] = {}
    hydrated: int = 0
    traded: float = 0.0
    last_price: float | None = None
    stage: str = ""
    stage_at: int = 0
    payout_yes: float | None = None
    changed: int = 0

    @property
    def end(self) -> int:
        """When the question is decided [microseconds UTC]."""
        return self.listed.end or FAR


FAR = 100_000 * DAY
assert FAR < 2**63 // SECOND * SECOND, "it is a moment"
