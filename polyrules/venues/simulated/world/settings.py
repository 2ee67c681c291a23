"""How a world is made: its seed, its size, how lively it is, and when it begins."""

from datetime import UTC, datetime

import msgspec

from polyrules.domain.moments import MINUTE, SECOND

BEGIN = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * SECOND
STEP = 200_000  # microseconds of the venue's time in one step of the world
MARKETS_MAX = 100_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What two worlds must share to be the same world.

    Attributes:
        seed: Everything that is drawn is drawn from it.
        markets: How many markets there are at the beginning, rounds not counted.
        lively: How many of them trade; the others are quoted once and then stay.
        activity: Changes of books and trades, about, in a second of the venue's time;
            rounds take their part of it first, at most half: below 16 they are slower.
        begin: The first moment [microseconds UTC].
        step: How far the world goes at once [microseconds].
        coins: Coins whose price goes up or down in rounds.
        rounds_ahead: How long before its start a round is listed [microseconds].
        new_every: About how often a new question appears [microseconds].
    """

    seed: int = 7
    markets: int = 200
    lively: int = 2_000
    activity: float = 20.0
    begin: int = BEGIN
    step: int = STEP
    coins: tuple[str, ...] = ("BTC", "ETH")
    rounds_ahead: int = 60 * MINUTE
    new_every: int = 4 * MINUTE
