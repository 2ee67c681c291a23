"""The transport over httpx: the only module that knows it; its exceptions end here.

No retries, no redirects, no limits on rates: those are decided above. A request ends
within its seconds however slowly the answer trickles in, and no body grows beyond
BODY_MAX. After a request that was not over in time the next ones go over new
connections: one of HTTP/2 that died in silence would take all others down with it.
"""

import asyncio
import logging
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from polyrules import __version__
from polyrules.venues.http.carriers.transport import BODY_MAX, Reply

CONNECTIONS = httpx.Limits(
    max_connections=64, max_keepalive_connections=64, keepalive_expiry=30.0
)
HEADERS = {"User-Agent": f"polyrules/{__version__}", "Accept": "application/json"}
JSON = {"Content-Type": "application/json"}


class OverHttpx:
    """Sends requests to one host by httpx, over HTTP/2 where the host speaks it.

    Proxies of the environment are used, but never to the own machine.

    Args:
        base_url: Any URL of the host.
    """

    def __init__(self, base_url: str) -> None:
        # They tell every URL with its query, at INFO, and all headers below.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._trust_env = not on_this_machine(base_url)
        self._tls = httpx.create_ssl_context(trust_env=self._trust_env)
        self._pool = self._new_pool()

    async def send(
        self, method: str, url: str, content: bytes | None, seconds: float
    ) -> Reply:
        """Send one request: see Transport."""
        pool = self._pool
        pool.users += 1
        try:
            async with asyncio.timeout(seconds):
                return await _send(pool.client, method, url, content)
        except TimeoutError:
            if pool is self._pool:
                self._pool = self._new_pool()
            raise
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
        finally:
            pool.users -= 1
            if pool is not self._pool and not pool.users:
                await pool.client.aclose()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.client.aclose()

    def _new_pool(self) -> "_Pool":
        client = httpx.AsyncClient(
            http2=True,
            verify=self._tls,
            headers=HEADERS,
            timeout=None,  # noqa: S113 - `send` bounds the whole request instead
            limits=CONNECTIONS,
            follow_redirects=False,
            trust_env=self._trust_env,
        )
        return _Pool(client)


class _Pool:
    """Connections, and how many requests go over them now."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.users = 0


def on_this_machine(url: str) -> bool:
    """Return whether a URL leads to a loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def _send(
    client: httpx.AsyncClient, method: str, url: str, content: bytes | None
) -> Reply:
    headers = JSON if content is not None else None
    async with client.stream(method, url, content=content, headers=headers) as response:
        body = await _body(response)
    told = response.headers.get("Retry-After", "")
    return Reply(response.status_code, body or b"", told, cut=body is None)


async def _body(response: httpx.Response) -> bytes | None:
    """Return the body, or None if it is longer than BODY_MAX."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > BODY_MAX:
            return None
    return b"".join(parts)
