"""Which wishes may become decisions: desired state, level by level, one side a market.

A rule asks again at every evaluation for as long as it holds. Policy drops what is
already on its way and what is cooling down, puts the rest in order, and keeps what two
strategies want in the same Step from contradicting each other.
"""

import msgspec

from polyrules.domain.ids import ClientOrderId, MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.domain.orders import CancelOrder
from polyrules.domain.steps import Decision
from polyrules.engine.state import CooldownKey, State, cooldown_key


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions before they have a size, and what ranks them among others.

    Attributes:
        decisions: One, or the legs of a basket: all are carried out or none is.
        replaces: The order of ours that a quote takes the place of.
        quotes: Whether it is a side of a quote: its other side does not contradict it.
        follows: The wallets whose trades this repeats, and what each bought
            [micro-shares].
    """

    decisions: tuple[Decision, ...]
    priority: int = 0
    cooldown: int = 0  # microseconds
    group: str = ""
    replaces: ClientOrderId | None = None
    quotes: bool = False
    follows: tuple[tuple[str, int], ...] = ()

    @property
    def decision(self) -> Decision:
        """The decision, of a basket that of its first leg."""
        return self.decisions[0]

    @property
    def key(self) -> CooldownKey:
        """What makes two wishes the same."""
        return cooldown_key(self.decision)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy, its exits or the desk's hard stop ask for at one moment."""

    wishes: tuple[Wish, ...] = ()
    cancels: tuple[CancelOrder, ...] = ()
    alarms: tuple[str, ...] = ()


def ordered(wishes: list[Wish], state: State) -> list[Wish]:
    """Return the wishes that are not on their way already, in their final order.

    What a quote wishes was compared with what rests before it came here. Wishes to
    reduce a position go first; then by priority, then edge, then strategy; equals are
    ordered by (group, market, token), never by arrival.
    """
    standing = {cooldown_key(live.order) for live in state.open_orders()}
    waiting = (
        wish
        for wish in wishes
        if (wish.quotes or not _on_its_way(wish, standing))
        and state.cooldowns.get(wish.key, 0) <= state.now
    )
    return sorted(waiting, key=_rank)


def _on_its_way(wish: Wish, standing: set[CooldownKey]) -> bool:
    return any(cooldown_key(each) in standing for each in wish.decisions)


class Claims:
    """What the approved decisions of one Step have taken.

    Of two strategies that want the same order the first gets it, and none may buy into
    a market what another buys or sells the other way in the same Step. Each may leave
    its own position, whatever the others do, and quote both sides, each at several
    prices. A refused wish claims nothing.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._sides: dict[MarketId, set[tuple[str, bool]]] = {}  # (whose quote, side)
        self._taken: dict[tuple[str, TokenId, Side], str] = {}  # whose quote

    def allow(self, wish: Wish) -> bool:
        """Tell whether a wish contradicts nothing that was claimed before it."""
        return all(self._allow(wish, decision) for decision in wish.decisions)

    def _allow(self, wish: Wish, decision: Decision) -> bool:
        goes_long, quoter = self._goes_long(decision), _quoter(wish)
        taken_by = self._taken.get(self._order(decision))
        if taken_by is not None and (taken_by != quoter or not quoter):
            return False
        against = {
            owner
            for owner, side in self._sides.get(decision.market, ())
            if side is not goes_long
        }
        return decision.reduces or not against or (against == {quoter} and quoter != "")

    def claim(self, wish: Wish) -> None:
        """Note that a wish was approved."""
        for decision in wish.decisions:
            self._taken[self._order(decision)] = _quoter(wish)
            sides = self._sides.setdefault(decision.market, set())
            sides.add((_quoter(wish), self._goes_long(decision)))

    def _goes_long(self, decision: Decision) -> bool:
        is_yes = decision.token == self._state.markets[decision.market].market.yes
        return (decision.side is Side.BUY) is is_yes

    @staticmethod
    def _order(decision: Decision) -> tuple[str, TokenId, Side]:
        owner = decision.strategy if decision.reduces else ""
        return (owner, decision.token, decision.side)


def _quoter(wish: Wish) -> str:
    return f"{wish.decision.strategy}" if wish.quotes else ""


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
