"""A request as the pages see it, and a refusal as they raise it."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from polyrules.venues.simulated.clob.auth.keys import Key

T = TypeVar("T")


DIGITS = 30  # no number of the wire but ids is longer; and int() takes no millions


def whole(text: str) -> int | None:
    """Return a number of the wire, None where it is none of 1 to 30 digits."""
    fits = text.isdecimal() and text.isascii() and len(text) <= DIGITS
    return int(text) if fits else None


class Refusal(Exception):
    """What the venue refuses, with its status and words."""

    def __init__(self, status: int, words: str, **more: str) -> None:
        self.status = status
        self.body: dict[str, Any] = {"error": words, **more}
        super().__init__(words)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request: what its path and query name, its body, and when it came.

    `key` is whose API key signed it; only pages that ask for one have it.
    """

    now: int
    headers: Mapping[str, str] = {}
    params: dict[str, str] = {}
    query: dict[str, str] = {}
    body: bytes = b""
    key: Key | None = None

    @property
    def signed(self) -> Key:
        """Return the key that signed the request."""
        assert self.key is not None, "the page is served to API keys only"
        return self.key

    def read(self, shape: type[T]) -> T:
        """Return the body.

        Raises:
            Refusal: The body is not of this shape.
        """
        try:
            return msgspec.json.decode(self.body, type=shape, strict=False)
        except msgspec.MsgspecError as error:
            raise Refusal(400, "Invalid order payload") from error
