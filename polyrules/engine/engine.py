"""One event in, one Step out.

The engine opens no socket, reads no clock and draws no random number. The same
strategies, limits and events give the same Steps, byte for byte, live or on paper.
"""

from collections.abc import Iterable

import msgspec

from polyrules.domain.events import ClockTicked, Event, Halted
from polyrules.domain.ids import RunId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.domain.orders import CancelOrder, Command
from polyrules.domain.steps import Approved, Decision, Refused, Step, Verdict
from polyrules.engine import orders
from polyrules.engine.exits import Leaving, hard_stops
from polyrules.engine.policy import Claims, Wish, ordered
from polyrules.engine.risk import review
from polyrules.engine.rules import Rules
from polyrules.engine.sizing import propose
from polyrules.engine.state import State
from polyrules.features.table import Feeds
from polyrules.language.strategy import Strategy


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
    ) -> None:
        self.rules = {strategy.id: Rules(strategy) for strategy in strategies}
        self.state = State(bankroll, tuple(self.rules), feeds)
        self.cycles = 0
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
        if isinstance(event, ClockTicked):
            return self._tick(event)
        commands: tuple[Command, ...] = ()
        if isinstance(event, Halted):
            commands = tuple(orders.all_open(self.state, event.by))
            self._expect(commands)
        return Step(
            run=self._run, sequence=self._sequence, event=event, commands=commands
        )

    def _tick(self, event: ClockTicked) -> Step:
        commands: list[Command] = list(orders.expired(self.state))
        self._expect(commands)
        wishes, leaving = self._ask(event.at)
        for exits in leaving:
            cancels = [c for c in exits.cancels if not self._is_cancelling(c)]
            self._expect(cancels)
            commands.extend(cancels)
        decisions: list[Decision] = []
        verdicts: list[Verdict] = []
        claims = Claims(self.state)
        for wish in ordered(wishes, self.state):
            if not claims.allow(wish):
                continue
            decision = self._sized(wish.decision)
            verdict = self._review(decision)
            if isinstance(verdict, Approved):
                claims.claim(wish)
                commands.extend(self._place(wish, decision, verdict, len(decisions)))
            decisions.append(decision)
            verdicts.append(verdict)
        return Step(
            run=self._run,
            sequence=self._sequence,
            event=event,
            decisions=tuple(decisions),
            verdicts=tuple(verdicts),
            commands=tuple(commands),
            alarms=tuple(alarm for exits in leaving for alarm in exits.alarms),
        )

    def _ask(self, now: int) -> tuple[list[Wish], list[Leaving]]:
        """Ask every strategy that is due, and the desk's hard stop always."""
        if self._first_tick is None:
            self._first_tick = now
        first, stop = self._first_tick, self._limits.hard_stop
        due = [r for r in self.rules.values() if r.takes_turn(now, first)]
        if due:
            self.cycles += 1
            self.state.refresh()
        wishes: list[Wish] = []
        leaving: list[Leaving] = []
        for strategy in self.rules:
            leaving.extend(hard_stops(strategy, self.state, stop))
        for rules in due:
            left, wanted = rules.decide(self.state)
            leaving.extend(left)
            wishes.extend(wanted)
        wishes.extend(wish for exits in leaving for wish in exits.wishes)
        return wishes, leaving

    def _is_cancelling(self, cancel: CancelOrder) -> bool:
        return self.state.orders[cancel.client_order_id].cancelling

    def _sized(self, decision: Decision) -> Decision:
        if decision.reduces:
            return decision
        size = propose(
            decision,
            self.rules[decision.strategy].strategy.sizing,
            market=self.state.markets[decision.market].market,
            limits=self._limits,
            capital=min(self._bankroll, self.state.desk.equity),
        )
        return msgspec.structs.replace(decision, size=size)

    def _review(self, decision: Decision) -> Approved | Refused:
        request = self.rules[decision.strategy].strategy.risk
        return review(decision, self.state, self._limits, request)

    def _place(
        self, wish: Wish, decision: Decision, verdict: Approved, ordinal: int
    ) -> tuple[Command, ...]:
        placed = orders.plan(
            decision,
            verdict,
            self.state,
            run=self._run,
            sequence=self._sequence,
            ordinal=ordinal,
        )
        self._expect(placed)
        if wish.cooldown:
            self.state.cooldowns[wish.key] = self.state.now + wish.cooldown
        return placed

    def _expect(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.state.expect(command)
