"""The decision digest: do two runs want the same, whoever ran them and when?

It leaves out run ids, order ids and wall times, so that a backtest of today and a
replay of last year agree if their decisions do.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from polyrules.domain.steps import Approved, Decision, Verdict

DIGEST_BYTES = 16
_ENCODER = msgspec.json.Encoder(order="sorted")

Param = float | bool | str


class Digest:
    """blake2b over the decisions added so far, in their order.

    Attributes:
        count: How many decisions were added.
    """

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)

    def add(
        self,
        at: int,
        strategy_digest: str,
        params: Mapping[str, Param],
        decision: Decision,
        verdict: Verdict,
    ) -> None:
        """Add one decision and its verdict.

        Args:
            at: When it was decided [microseconds UTC, the event's].
            strategy_digest: Digest of the strategy's file.
            params: Its parameters as resolved.
            decision: What the rule wanted, with the values it read.
            verdict: What risk said to it.
        """
        line = {
            "at": at,
            "strategy": decision.strategy,
            "digest": strategy_digest,
            "params": dict(params),
            "rule": decision.rule,
            "market": decision.market,
            "token": decision.token,
            "side": decision.side,
            "price": _plain(decision.price),
            "size": _plain(decision.size),
            "values": decision.values,
            "verdict": _verdict(verdict),
        }
        self._hash.update(_ENCODER.encode(line) + b"\n")
        self.count += 1

    def value(self) -> str:
        """Return 32 hexadecimal digits; the same decisions give the same ones."""
        return self._hash.hexdigest()


def _verdict(verdict: Verdict) -> dict[str, str]:
    if isinstance(verdict, Approved):
        return {"approved": _plain(verdict.size), "cut_by": verdict.cut_by}
    return {"refused": verdict.check, "reason": verdict.reason}


def _plain(amount: Decimal) -> str:
    """Return one spelling for equal amounts: 0.5 and 0.50 are the same price."""
    return format(amount.normalize(), "f")
