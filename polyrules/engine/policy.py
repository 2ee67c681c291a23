"""Which wishes may become decisions: desired state, level by level, one side a market.

A rule asks again at every evaluation for as long as it holds. Policy drops what is
already on its way, what is cooling down, and what contradicts a wish that goes first.
"""

import msgspec

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.domain.steps import Decision
from polyrules.engine.state import CooldownKey, State


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A decision before it has a size, and what ranks it among others."""

    decision: Decision
    priority: int = 0
    cooldown: int = 0  # microseconds
    group: str = ""

    @property
    def key(self) -> CooldownKey:
        """What makes two wishes the same."""
        d = self.decision
        return (d.strategy, d.rule, d.market, d.token, d.side)


def select(wishes: list[Wish], state: State) -> list[Wish]:
    """Return the wishes to decide on, in their final order.

    Wishes to reduce a position go first; then by priority, then edge, then strategy;
    equals are ordered by (group, market, token), never by arrival. Of two strategies
    that want the same order the first gets it, and none may take the opposite side of
    a market in the same Step.
    """
    standing = {
        (o.strategy, o.rule, o.market, o.token, o.side)
        for o in (live.order for live in state.open_orders())
    }
    chosen: list[Wish] = []
    sides: dict[MarketId, bool] = {}
    taken: set[tuple[str, TokenId, Side]] = set()
    for wish in sorted(wishes, key=_rank):
        decision = wish.decision
        if wish.key in standing or state.cooldowns.get(wish.key, 0) > state.now:
            continue
        long = (decision.side is Side.BUY) is (
            decision.token == state.markets[decision.market].market.yes
        )
        if sides.setdefault(decision.market, long) is not long:
            continue
        # Two strategies cannot want one buy, but each may leave its own position.
        owner = decision.strategy if decision.reduces else ""
        if (owner, decision.token, decision.side) in taken:
            continue
        taken.add((owner, decision.token, decision.side))
        chosen.append(wish)
    return chosen


def _rank(wish: Wish) -> tuple[bool, int, float, str, str, str, str, str]:
    decision = wish.decision
    return (
        not decision.reduces,
        -wish.priority,
        -(decision.edge or 0.0),
        decision.strategy,
        wish.group,
        decision.market,
        decision.token,
        decision.rule,
    )
