"""One event in, one Step out.

The engine opens no socket, reads no clock and draws no random number. The same
strategies, limits and events give the same Steps, byte for byte, live or on paper.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
import numpy as np

from polyrules.domain.events import ClockTicked, Event, Filled, Halted
from polyrules.domain.ids import MarketId, RunId, StrategyId, client_order_id
from polyrules.domain.limits import Limits
from polyrules.domain.money import ZERO, Side, Usd
from polyrules.domain.orders import Command
from polyrules.domain.steps import Approved, Decision, Step, Verdict
from polyrules.engine import orders
from polyrules.engine.asking.exits import hard_stops
from polyrules.engine.asking.policy import Asked, Claims, Wish, ordered
from polyrules.engine.asking.rules import Rules
from polyrules.engine.asking.triggers import Triggers
from polyrules.engine.baskets import Baskets
from polyrules.engine.risk import review
from polyrules.engine.rows.sources import Inputs
from polyrules.engine.sizing import propose
from polyrules.engine.state import State
from polyrules.features.table import Feeds
from polyrules.language.strategy import Strategy

_ENGAGED, _LIKELY, _POSSIBLE, _UNWANTED = range(4)  # how much a market is wanted


class Engine:
    """Some strategies, the desk's limits and everything that happened to them so far.

    Attributes:
        state: Markets, orders and money; for reading only.
        rules: The strategies at work, with their counters.
        cycles: Ticks at which at least one strategy was due.
    """

    def __init__(
        self,
        strategies: Iterable[Strategy],
        *,
        limits: Limits,
        bankroll: Usd,
        feeds: Feeds,
        run: RunId,
        inputs: Inputs | None = None,
    ) -> None:
        self.rules = {each.id: Rules(each, inputs) for each in strategies}
        self.state = State(bankroll, tuple(self.rules), feeds)
        self.cycles = 0
        self._triggers = Triggers(self.rules)
        self._baskets = Baskets()
        self._limits = limits
        self._bankroll = bankroll
        self._run = run
        self._sequence = 0
        self._first_tick: int | None = None

    def process(self, event: Event) -> Step:
        """Take in one event and return all that follows from it.

        Decisions are reviewed one after another: each sees the orders of those before
        it, so two rules can never spend the same dollar.

        Raises:
            InvariantError: The event cannot follow what happened before.
        """
        self._sequence += 1
        self.state.apply(event)
        match event:
            case ClockTicked():
                expired = tuple(orders.expired(self.state))
                self._expect(expired)
                return self._step(event, expired, self._ask(event.at))
            case Halted():
                cancels = tuple(orders.all_open(self.state, event.by))
                self._expect(cancels)
                return self._step(event, cancels, [])
            case Filled():
                self._baskets.see(event)
            case _:
                pass
        if self._first_tick is None:
            return self._step(event, (), [])
        return self._step(event, (), self._triggers.ask(event, self.state))

    def interest(self) -> list[MarketId]:
        """Return the markets worth following closely, the most wanted first.

        First those we hold or have orders in; then those whose listing fits some
        universe; then those that may fit. Among equals what ends sooner goes first,
        then what trades more; what should have ended already goes last, as there are
        thousands that nobody answers. It changes nothing.
        """
        state = self.state
        count = state.table.count
        rank = np.full(count, _UNWANTED)
        for rules in self.rules.values():
            likely, possible = rules.interest(state)
            rank[possible] = np.minimum(rank[possible], _POSSIBLE)
            rank[likely] = np.minimum(rank[likely], _LIKELY)
        for market in state.engaged():
            rank[state.markets[market].row] = _ENGAGED
        every = np.arange(count)
        hours = state.table.read("hours_to_close", every, state.now)
        volume = state.table.read("volume_24h", every, state.now)
        order = np.lexsort((-np.nan_to_num(volume), hours, hours < 0.0, rank))
        wanted = order[rank[order] < _UNWANTED]
        return [state.by_row[row].market.id for row in wanted.tolist()]

    def _step(
        self, event: Event, commands: tuple[Command, ...], asked: list[Asked]
    ) -> Step:
        """Return the Step of an event: what was asked for, reviewed and carried out."""
        if not asked:
            return Step(
                run=self._run, sequence=self._sequence, event=event, commands=commands
            )
        placed = [*commands, *self._cancel(asked)]
        decisions: list[Decision] = []
        verdicts: list[Verdict] = []
        claims = Claims(self.state)
        wishes = [wish for each in asked for wish in each.wishes]
        for wish in ordered(wishes, self.state):
            if not claims.allow(wish):
                continue
            sized = tuple(self._sized(each) for each in wish.decisions)
            reviewed = self._review(wish, sized)
            if isinstance(reviewed[0], Approved):
                claims.claim(wish)
                placed += self._place(wish, sized, reviewed[0], len(decisions))
            decisions += sized
            verdicts += reviewed
        return Step(
            run=self._run,
            sequence=self._sequence,
            event=event,
            decisions=tuple(decisions),
            verdicts=tuple(verdicts),
            commands=tuple(placed),
            alarms=tuple(alarm for each in asked for alarm in each.alarms),
        )

    def _cancel(self, asked: list[Asked]) -> list[Command]:
        """Take back what was asked to be, each order once."""
        found: list[Command] = []
        for each in asked:
            for cancel in each.cancels:
                if not self.state.orders[cancel.client_order_id].cancelling:
                    self._expect([cancel])
                    found.append(cancel)
        return found

    def _ask(self, now: int) -> list[Asked]:
        """Ask every strategy that is due; the hard stop and open baskets always."""
        if self._first_tick is None:
            self._first_tick = now
        first, stop = self._first_tick, self._limits.hard_stop
        due = [r for r in self.rules.values() if r.takes_turn(now, first)]
        if due:
            self.cycles += 1
            self.state.refresh()
        asked: list[Asked] = []
        for strategy in self.rules:
            asked.extend(hard_stops(strategy, self.state, stop))
        asked.extend(self._baskets.settle(self.state, self._leg_shares()))
        for rules in due:
            asked.extend(rules.decide(self.state, first))
        return asked

    def _leg_shares(self) -> dict[StrategyId, Decimal]:
        requests = ((s, r.strategy.risk.leg_shares_max) for s, r in self.rules.items())
        return {s: Decimal(str(most)) for s, most in requests if most is not None}

    def _sized(self, decision: Decision) -> Decision:
        if decision.reduces or decision.size > 0:
            return decision  # it states its own size
        size = propose(
            decision,
            self.rules[decision.strategy].strategy.sizing,
            market=self.state.markets[decision.market].market,
            limits=self._limits,
            capital=min(self._bankroll, self.state.desk.equity),
        )
        return msgspec.structs.replace(decision, size=size)

    def _review(
        self, wish: Wish, decisions: tuple[Decision, ...]
    ) -> tuple[Verdict, ...]:
        request = self.rules[wish.decision.strategy].strategy.risk
        replaced = self.state.orders.get(wish.replaces) if wish.replaces else None
        is_sell = replaced is not None and replaced.order.side is Side.SELL
        freed = replaced.remaining if replaced is not None and is_sell else ZERO
        return review(decisions, self.state, self._limits, request, freed)

    def _place(
        self,
        wish: Wish,
        decisions: tuple[Decision, ...],
        verdict: Approved,
        ordinal: int,
    ) -> list[Command]:
        placed: list[Command] = []
        first = client_order_id(self._run, self._sequence, ordinal)
        for offset, decision in enumerate(decisions):
            commands = orders.plan(
                decision,
                verdict,
                self.state,
                run=self._run,
                sequence=self._sequence,
                ordinal=ordinal + offset,
                basket=first if len(decisions) > 1 else None,
            )
            self._expect(commands)
            placed += commands
        self._baskets.watch(placed)
        if wish.cooldown:
            self.state.cooldowns[wish.key] = self.state.now + wish.cooldown
        self._follow(wish)
        return placed

    def _follow(self, wish: Wish) -> None:
        """Note whose trades an order repeats that leaves now."""
        one, follows = wish.decision, self.state.follows
        if one.token not in self.state.own[one.strategy].portfolio.positions:
            follows.end(one.strategy, one.token)  # of an order that never filled
        for wallet, bought in wish.follows:
            follows.begin(one.strategy, one.token, wallet, bought)

    def _expect(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.state.expect(command)
