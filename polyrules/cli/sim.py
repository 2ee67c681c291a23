"""`polyrules sim`: a whole venue on this machine, to try strategies against."""

import asyncio
import errno
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec

from polyrules.cli.durations import duration
from polyrules.cli.writing import replace, unusable
from polyrules.clock import to_datetime
from polyrules.domain.moments import SECOND
from polyrules.errors import InputError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERY = 30 * SECOND  # of life, between two lines of progress


class Venue(Protocol):
    """The simulator, as this command sees it; imported only when it runs."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    @property
    def sources(self) -> dict[str, str]:
        """The base URLs of its services."""
        ...

    async def start(self) -> None:
        """Listen."""
        ...

    async def stop(self) -> None:
        """End."""
        ...

    async def wait(self) -> None:
        """Return when it broke."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return how it stands."""
        ...


@click.command()
@click.option(
    "--port",
    default=8780,
    type=click.IntRange(0, 65535),
    help="Port [8780]; 0 takes any that is free.",
)
@click.option("--host", default="127.0.0.1", help="Where it listens [127.0.0.1].")
@click.option("--expose", is_flag=True, help="Allow a host others can reach.")
@click.option("--seed", default=7, help="The same seed is the same world [7].")
@click.option(
    "--markets",
    default=200,
    type=click.IntRange(1, 100_000),
    help="Markets at the beginning [200].",
)
@click.option(
    "--speed",
    default=1.0,
    type=click.FloatRange(0, 1000, min_open=True),
    help="Seconds of the venue in one of ours [1].",
)
@click.option("--begin", help="Its first moment [2026-03-02T12:00Z].")
@click.option(
    "--activity",
    default=20.0,
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Changes of books a second of the venue's time [20].",
)
@click.option("--faults", type=click.Path(), help="A file of what goes wrong when.")
@click.option("--tape", type=click.Path(), help="Play a tape instead of a seed.")
@click.option(
    "--for",
    "length",
    metavar="DURATION",
    help="End after so long of the venue's time, such as 1h.",
)
@click.option(
    "--write-desk",
    type=click.Path(),
    help="Write a desk that leads here, with all strategies this venue feeds. Only a"
    " desk that sim wrote is overwritten.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", is_flag=True, help="No progress, only the summary.")
def command(
    *,
    port: int,
    host: str,
    expose: bool,
    seed: int,
    markets: int,
    speed: float,
    begin: str | None,
    activity: float,
    faults: str | None,
    tape: str | None,
    length: str | None,
    write_desk: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run a simulated Polymarket on this machine, for tests and for trying out.

    It serves listings, books, trades, wallets and coin prices as the venue does, from
    a world drawn from a seed or from a tape. Whoever trades there trades with
    pretended people. The money is pretended, the mistakes are not: `--faults` says
    what goes wrong. Ctrl-C ends it with a summary, and with 0.
    """
    if host not in LOOPBACK and not expose:
        raise InputError(
            f"{host}: others could reach a simulated venue there",
            hint="leave --host out, or add --expose if that is what you want",
        )
    ends = duration("--for", length)
    if write_desk is not None:
        _spare(Path(write_desk))
    venue, whales = _venue(
        port=port,
        host=host,
        speed=speed,
        faults=faults,
        tape=tape,
        seed=seed,
        markets=markets,
        activity=activity,
        begin=_moment(begin),
    )
    told = _Told(venue, speed, whales, write_desk, chatty=not (quiet or as_json))
    asyncio.run(_serve(venue, told, ends, speed))
    summary = venue.summary()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(summary)).decode())
    else:
        click.echo(_line(summary))


class _Told:
    """What is said to the operator, and written for them."""

    def __init__(
        self,
        venue: Venue,
        speed: float,
        whales: tuple[tuple[str, str], ...],
        desk: str | None,
        *,
        chatty: bool,
    ) -> None:
        self._venue = venue
        self._speed = speed
        self._whales = whales
        self._desk = desk
        self._chatty = chatty

    def started(self) -> None:
        """Say where it listens, and write the desk."""
        from polyrules.venues.simulated import desk_file  # noqa: PLC0415 - see _venue

        watchlist = [address for address, _ in self._whales]
        if self._desk is not None:
            text = desk_file.desk_words(self._venue.sources, self._speed, watchlist)
            replace(Path(self._desk), text.encode())
        if not self._chatty:
            return
        click.echo(f"simulated venue at {self._venue.url}, Ctrl-C ends it", err=True)
        if self._desk is not None:
            click.echo(f"wrote {self._desk}; in another shell:", err=True)
            click.echo(f"  polyrules run --paper --desk {self._desk}", err=True)
        else:
            click.echo("for a desk (--write-desk PATH writes one):", err=True)
            words = desk_file.clock_words(self._venue.sources, self._speed)
            click.echo(words, err=True)
        for address, name in self._whales:
            click.echo(f"whale {address} {name}", err=True)

    def goes_on(self) -> None:
        """Say how it stands."""
        if self._chatty:
            click.echo(_line(self._venue.summary()), err=True)


async def _serve(venue: Venue, told: _Told, ends: int | None, speed: float) -> None:
    """Serve until Ctrl-C, or until `ends` microseconds of its time are over."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    try:
        await venue.start()
    except OSError as error:
        raise InputError(
            f"cannot listen at {venue.url}: {_reason(error)}",
            hint="--port 0 takes a port that is free",
        ) from error
    told.started()
    broke = asyncio.create_task(venue.wait())
    asked = asyncio.create_task(ended.wait())
    talk = asyncio.create_task(_talk(told))
    limit = None if ends is None else ends / SECOND / speed
    try:
        await asyncio.wait(
            (broke, asked), timeout=limit, return_when=asyncio.FIRST_COMPLETED
        )
        if broke.done():
            broke.result()
    finally:
        for task in (broke, asked, talk):
            task.cancel()
        await asyncio.gather(broke, asked, talk, return_exceptions=True)
        await venue.stop()


def _reason(error: OSError) -> str:
    # asyncio wraps the system's words in its own, address and all
    known = error.errno in errno.errorcode
    return os.strerror(error.errno or 0).lower() if known else str(error).lower()


def _spare(path: Path) -> None:
    """Refuse to overwrite what somebody wrote.

    Raises:
        InputError: There is a file, and it is no desk that sim wrote.
    """
    from polyrules.venues.simulated import desk_file  # noqa: PLC0415 - see _venue

    if not path.is_file():
        return
    mark = desk_file.desk_words({}, 1, ()).splitlines()[0]
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            written = file.readline().rstrip("\n") == mark
    except OSError as error:
        raise unusable(str(path), error) from error
    if not written:
        raise InputError(
            f"{path} exists already, and sim did not write it",
            hint="name another file with --write-desk, or remove this one first",
        )


async def _talk(told: _Told) -> None:
    while True:
        await asyncio.sleep(EVERY / SECOND)
        told.goes_on()


def _line(summary: dict[str, Any]) -> str:
    at = to_datetime(summary["at"]).strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"{at}Z  {summary['markets']} markets, {summary['resolved']} resolved,"
        f" {summary['trades']} trades, {summary['changes']} changes of books,"
        f" {summary['clients']} clients, {summary['frames']} frames sent"
    )


def _venue(
    *,
    port: int,
    host: str,
    speed: float,
    faults: str | None,
    tape: str | None,
    seed: int,
    markets: int,
    activity: float,
    begin: int | None,
) -> tuple[Venue, tuple[tuple[str, str], ...]]:
    """Make the venue and say who its whales are."""
    # A web server is loaded only by who serves.
    from polyrules.venues.simulated.faults import plan  # noqa: PLC0415 - as above
    from polyrules.venues.simulated.server import (  # noqa: PLC0415 - as above
        Simulator,
    )
    from polyrules.venues.simulated.world.settings import (  # noqa: PLC0415 - as above
        Settings,
    )

    wrong = plan(Path(faults)) if faults is not None else ()
    settings = Settings(seed=seed, markets=markets, activity=activity)
    if begin is not None:
        settings = msgspec.structs.replace(settings, begin=begin)
    world = None if tape is None else _tape_world(tape)
    venue = Simulator(
        settings, world=world, speed=speed, faults=wrong, host=host, port=port
    )
    return venue, tuple((each.address, each.name) for each in venue.world.whales)


def _tape_world(path: str) -> Any:  # noqa: ANN401 - its type is imported with it
    from polyrules.venues.simulated.tape_world import (  # noqa: PLC0415 - see _venue
        TapeWorld,
    )
    from polyrules.venues.tape.reader import Tape  # noqa: PLC0415 - see _venue

    return TapeWorld(Tape.open(Path(path)))


def _moment(text: str | None) -> int | None:
    """Read a moment in UTC, such as 2026-03-02T12:00Z."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f'--begin "{text}" is no moment', hint="write 2026-03-02T12:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND
