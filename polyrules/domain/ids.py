"""Identifiers: pure functions of what they name, so that a replay finds them again."""

import hashlib
from typing import NewType

MarketId = NewType("MarketId", str)  # the condition id, or a slug where none is known
GroupId = NewType("GroupId", str)  # what Polymarket calls an event
TokenId = NewType("TokenId", str)  # one outcome of a market; the CLOB's asset id
StrategyId = NewType("StrategyId", str)
RunId = NewType("RunId", str)
ClientOrderId = NewType("ClientOrderId", str)

SEPARATOR = "\x1f"  # keeps "a" + "bc" apart from "ab" + "c"


def client_order_id(run: RunId, sequence: int, ordinal: int) -> ClientOrderId:
    """Name an order by where it was born.

    Args:
        run: The run that wants the order.
        sequence: Number of the Step in that run, from 1.
        ordinal: Position among the orders of that Step, from 0.

    Returns:
        32 hexadecimal digits; the same inputs give the same id, so sending twice
        after a crash is visible.
    """
    return ClientOrderId(digest_of(run, str(sequence), str(ordinal)))


def digest_of(*parts: str) -> str:
    """Return 32 hexadecimal digits of blake2b over `parts`."""
    text = SEPARATOR.join(parts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
