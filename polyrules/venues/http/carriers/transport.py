"""One request to one host, whatever library carries it: what Rest needs of it."""

from typing import Protocol

import msgspec

BODY_MAX = 64 * 1024 * 1024  # bytes; a page of 500 books is under 2 MB


class Reply(msgspec.Struct, frozen=True):
    """What came back.

    Attributes:
        status: The HTTP status, 100 to 599.
        body: The content, decompressed.
        retry_after: The header of that name, "" without one.
        cut: Whether the body was longer than BODY_MAX, and is missing for that.
    """

    status: int
    body: bytes
    retry_after: str = ""
    cut: bool = False


class Transport(Protocol):
    """Sends requests."""

    async def send(
        self, method: str, url: str, content: bytes | None, seconds: float
    ) -> Reply:
        """Send one request and return its reply, of whatever status.

        Args:
            method: GET or POST.
            url: The whole URL with its query.
            content: JSON to send, or None.
            seconds: Real seconds until it must be over.

        Raises:
            TimeoutError: It was not over in time.
            ConnectionError: There was no connection, or it broke.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
