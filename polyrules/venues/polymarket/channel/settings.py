"""What the market channel may use and how long it believes silence. Plain values."""

import msgspec

from polyrules.domain.events import Stage
from polyrules.domain.moments import MINUTE, SECOND

# The least patience in our own time, whatever the speed of the venue's clock.
GRACE_MIN = SECOND // 2
SNAPSHOT_MIN = SECOND
PONG_MIN = 3 * SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and patience of the channel. Times in microseconds of the venue's clock.

    A frozen socket whose markets move is noticed within `silent_after + grace` and two
    rounds of the watch when its markets were busy, and within `confirm_every + grace`
    and two rounds otherwise, given that REST answers.

    Attributes:
        sockets: Connections at most, 1 or more.
        tokens_per_socket: Two a market; above 500 the venue sends no first books.
        ping_every: Interval of the text PING.
        pong_within: Without a PONG for so long a socket is given up.
        open_seconds: Patience with a handshake [seconds of ours].
        stagger: Socket n opens n times this later than the first.
        backoff_first: Pause after the first failure; it doubles with each one more.
        backoff_most: The longest pause.
        frame_bytes_max: A larger frame ends the connection.
        queue_max: Frames read but not yet applied; beyond, they are thrown away and
            their books with them.
        watch_every: Interval of the watchdog's rounds.
        snapshot_within: Patience with the first book on a fresh socket.
        confirm_every: Every book is compared with REST so often.
        silent_after: A socket that says nothing for so long is compared at once.
        blind_after: A silent socket that nothing can confirm is replaced.
        grace: How long a socket may be behind REST before that proves a gap.
        age_max: A book neither heard of nor confirmed for so long is lost.
        retell_every: A quiet book is told again so often.
        batch: Lost books in one REST request at most.
        compare_batch: Books to compare with in one; reading them must not hold up the
            frames.
        request_gap: Pause between two REST requests.
        later_max: Messages kept for a market that waits for its book.
        degraded_share: A socket below this share of its normal rate is compared.
        expected_min: Messages expected in a minute before a rate means anything.
        norms: Messages a minute that one market of a stage has at least, if stated.
        seed: Of the jitter of pauses.
    """

    sockets: int = 4
    tokens_per_socket: int = 200
    ping_every: int = 10 * SECOND
    pong_within: int = 30 * SECOND
    open_seconds: float = 10.0
    stagger: int = SECOND // 2
    backoff_first: int = SECOND
    backoff_most: int = MINUTE
    frame_bytes_max: int = 4_194_304
    queue_max: int = 50_000
    watch_every: int = SECOND
    snapshot_within: int = 5 * SECOND
    confirm_every: int = MINUTE
    silent_after: int = 15 * SECOND
    blind_after: int = MINUTE
    grace: int = 2 * SECOND
    age_max: int = 150 * SECOND
    retell_every: int = 110 * SECOND
    batch: int = 100
    compare_batch: int = 20
    request_gap: int = SECOND // 4
    later_max: int = 2_000
    degraded_share: float = 0.1
    expected_min: float = 10.0
    norms: dict[Stage, float] = {}
    seed: int = 0


def at_speed(settings: Settings, speed: float) -> Settings:
    """Return settings fit for a venue's clock that runs `speed` times as fast as ours.

    What waits for the network or for a machine takes our time, however fast that clock
    runs: a grace of 2 s at 20x would be a tenth of a second.
    """
    return msgspec.structs.replace(
        settings,
        grace=max(settings.grace, round(GRACE_MIN * speed)),
        snapshot_within=max(settings.snapshot_within, round(SNAPSHOT_MIN * speed)),
        pong_within=max(settings.pong_within, round(PONG_MIN * speed)),
    )


class SocketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one connection stands. Times in microseconds UTC, None: never.

    Attributes:
        socket: Its number, from 0.
        state: idle, connecting, up or waiting (between two attempts).
        since: Since when.
        markets: How many it should serve.
        fresh: How many of them it does.
        messages: Frames heard in all, over all its connections.
        rate: Frames a minute lately.
        normal: Frames a minute expected of it.
        reconnects: How often it was opened again.
        heard_at: When it last said anything but PONG.
        reason: Why it last ended, "" if it never did.
    """

    socket: int
    state: str
    since: int
    markets: int
    fresh: int
    messages: int
    rate: float
    normal: float
    reconnects: int
    heard_at: int | None
    reason: str
