"""One connection to the market channel: the only place that knows of websockets.

It opens, asks for what is wanted, says PING, hands on every frame unread, and tells why
it ended. It never decodes, never waits for who takes its frames, and does not reopen
itself: that is `shards`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import TokenId
from polyrules.venues.polymarket.channel.reading.frames import PONG
from polyrules.venues.polymarket.channel.settings import Settings

FRAMES_WAITING = 1024  # frames the library may hold before it stops reading
TOKENS_IN_ONE = 250  # of one request; some 20 kB of text


class Socket:
    """One connection, used once.

    Args:
        url: Where the market channel is.
        clock: The venue's time.
        settings: Patience and sizes.
        take: What gets every frame but PONG, at once.
        wanted: Says which tokens are wanted now.

    Attributes:
        is_up: Whether it is open and asked for what was wanted.
        reason: Why it ended.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        settings: Settings,
        take: Callable[[bytes], None],
        wanted: Callable[[], Mapping[TokenId, object]],
    ) -> None:
        self.is_up = False
        self.reason = ""
        self._url = url
        self._clock = clock
        self._settings = settings
        self._take = take
        self._wanted = wanted
        self._asked: dict[TokenId, None] = {}
        self._changed = asyncio.Event()
        self._pong_at = 0
        self._connection: Any = None

    def ask(self) -> None:
        """Let it ask anew for what is wanted, when it gets to it."""
        self._changed.set()

    def drop(self, reason: str) -> None:
        """End it at once, without waiting for the other side."""
        self.reason = self.reason or reason
        if self._connection is not None:
            self._connection.transport.abort()

    async def run(self, began: Callable[[], None]) -> str:
        """Open and serve until it ends; return why. Calls `began` once it is open."""
        from websockets import exceptions  # noqa: PLC0415 - only who trades live needs it
        from websockets.asyncio import client  # noqa: PLC0415 - as above

        try:
            async with client.connect(
                self._url,
                compression=None,
                max_size=self._settings.frame_bytes_max,
                max_queue=FRAMES_WAITING,
                open_timeout=self._settings.open_seconds,
                ping_interval=None,  # the venue's keepalive is the text PING
                close_timeout=1,
                proxy=None,
            ) as connection:
                self._connection = connection
                if not self.reason:  # else it was dropped before it was open
                    await self._serve(began)
        except exceptions.ConnectionClosed as closed:
            frame = closed.rcvd
            said = f"closed by the venue ({frame.code})" if frame else "cut off"
            self.reason = self.reason or said
        except exceptions.InvalidStatus as error:
            self.reason = f"refused ({error.response.status_code})"
        except exceptions.WebSocketException as error:
            self.reason = f"handshake failed ({type(error).__name__})"
        except TimeoutError:
            self.reason = "no answer"
        except OSError:
            self.reason = self.reason or "unreachable"
        finally:
            self.is_up = False
            self._connection = None
        return self.reason

    async def _serve(self, began: Callable[[], None]) -> None:
        self._pong_at = self._clock.now()
        await self._subscribe(first=True)
        self.is_up = True
        began()
        aside = [asyncio.create_task(self._keep_alive())]
        aside.append(asyncio.create_task(self._keep_asking()))
        try:
            await self._read()
        finally:
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)

    async def _read(self) -> None:
        receive, take = self._connection.recv, self._take
        while True:
            frame = await receive(decode=False)
            if frame == PONG:
                self._pong_at = self._clock.now()
            else:
                take(frame)

    async def _keep_alive(self) -> None:
        """Say PING; end the connection when no PONG comes."""
        while True:
            await self._clock.sleep(self._settings.ping_every)
            silent = self._clock.now() - self._pong_at
            if silent >= self._settings.pong_within:
                self.drop("no pong")
                return
            await self._connection.send("PING")

    async def _keep_asking(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._subscribe(first=False)

    async def _subscribe(self, *, first: bool) -> None:
        wanted = self._wanted()
        more = [token for token in wanted if token not in self._asked]
        less = [token for token in self._asked if token not in wanted]
        self._asked = dict.fromkeys(wanted)
        for part in _parts(less):
            await self._send({"operation": "unsubscribe", "assets_ids": part})
        for number, part in enumerate(_parts(more)):
            how = (
                {"type": "market"}
                if first and number == 0
                else {"operation": "subscribe"}
            )
            await self._send(
                {**how, "assets_ids": part, "custom_feature_enabled": True}
            )

    async def _send(self, request: dict[str, object]) -> None:
        await self._connection.send(msgspec.json.encode(request).decode())


def _parts(tokens: list[TokenId]) -> Iterable[list[TokenId]]:
    for begin in range(0, len(tokens), TOKENS_IN_ONE):
        yield tokens[begin : begin + TOKENS_IN_ONE]
