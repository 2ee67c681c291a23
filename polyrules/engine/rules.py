"""Rules to wishes: one strategy at work over the table.

A strategy is asked when it is due, for all rows at once; there is no memory of what it
wanted before. What it needs to remember, the samples of its windows, is kept here.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from polyrules.domain.money import ZERO, Shares, Side, limit_price
from polyrules.domain.orders import TimeInForce
from polyrules.domain.steps import Decision, Value
from polyrules.engine.exits import Exits, Leaving
from polyrules.engine.policy import Wish
from polyrules.engine.reading import Columns, Floats, Reading, Rows
from polyrules.engine.state import MarketState, State
from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Expression
from polyrules.language.strategy import Piece, Rule, Strategy, Trade, Urgency


@dataclass(slots=True)
class Funnel:
    """How far rows got, counted over a run: what to look at when nothing fires.

    Attributes:
        evaluations: Times the strategy was due.
        rows: Rows it was asked about (open markets, summed over evaluations).
        universe: Rows that were in its universe.
        guarded: Rows stopped, by guard id.
        fired: Rows on which a rule decided, by rule id (vetoes too).
        unknown: Rows on which a trade rule was UNKNOWN.
        unpriced: Rows on which a rule fired without a price an order can have.
        missing: Rows on which a feature was missing, by (feature, why); counted until
            the strategy first fires.
    """

    evaluations: int = 0
    rows: int = 0
    universe: int = 0
    guarded: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    unpriced: int = 0
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)


class Rules:
    """One strategy, compiled, with the samples its windows need."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.funnel = Funnel()
        self._plan = Plan(strategy)
        self._exits = Exits(strategy, self._plan)
        self._histories = tuple(History(window) for window in strategy.windows)
        self._reads = sorted(strategy.reads)
        self._turn = -1

    def takes_turn(self, now: int, first_tick: int) -> bool:
        """Tell whether the strategy is due at the tick `now`, and note that it was.

        It is due at the first tick at or after each multiple of its `every`, counted
        from the first tick of the run.
        """
        turn = (now - first_tick) // self.strategy.every
        due = turn > self._turn
        self._turn = max(turn, self._turn)
        return due

    def decide(self, state: State) -> tuple[list[Leaving], list[Wish]]:
        """Ask exits, then rules, over every market as it stands.

        Returns:
            What exits ask for, and what rules wish, in no particular order.
        """
        self.funnel.evaluations += 1
        reading = Reading(self.strategy, self._plan, state, self._observe(state))
        return self._exits.decide(reading), list(self._ask(reading))

    def _observe(self, state: State) -> dict[str, Floats]:
        """Return every window's column over all rows, and take a new sample."""
        if not self._histories:
            return {}
        plain = Reading(self.strategy, self._plan, state, {})
        rows = np.arange(state.table.count)
        tick = plain.column("tick_size", rows)
        columns: dict[str, Floats] = {}
        for index, history in enumerate(self._histories):
            window = self.strategy.windows[index]
            inputs = plain.columns(self._plan.window_reads(index), rows)
            values = self._plan.window_argument(index, inputs)
            is_price = window.argument.type.unit == "prob"
            floor = tick if is_price else None
            columns[window.name] = history.observe(state.now, values, floor)
        return columns

    def _ask(self, reading: Reading) -> Iterator[Wish]:
        plan, funnel = self._plan, self.funnel
        rows = reading.state.table.open_rows()
        funnel.rows += len(rows)
        self._count_missing(reading, rows)
        inputs = reading.columns(plan.universe_reads, rows)
        rows = rows[plan.universe(inputs, len(rows))]
        funnel.universe += len(rows)
        if not len(rows):
            return
        columns = reading.columns(plan.reads, rows)
        answer = plan.answer(columns, len(rows))
        funnel.unknown += int(np.count_nonzero(answer.unknown))
        for index, guard in enumerate(self.strategy.guards):
            stopped = int(np.count_nonzero(answer.guarded == index))
            if stopped:
                funnel.guarded[guard.id] += stopped
        for index, rule in enumerate(self.strategy.rules):
            chosen = np.flatnonzero(answer.rule == index)
            if not len(chosen):
                continue
            funnel.fired[rule.id] += len(chosen)
            if isinstance(rule.then, Trade):
                fired = {name: column[chosen] for name, column in columns.items()}
                yield from self._trades(index, rule.then, reading, rows[chosen], fired)

    def _trades(
        self, index: int, trade: Trade, reading: Reading, rows: Rows, columns: Columns
    ) -> Iterator[Wish]:
        rule = self.strategy.rules[index]
        fields = self._plan.trade(index, columns, len(rows))
        stated = [rule.when, trade.price, trade.fair, trade.edge, trade.confidence]
        names = _names(stated, trade.reason)
        recorded = reading.values(names, columns, len(rows))
        for at, row in enumerate(rows):
            known = reading.state.by_row[row]
            numbers = {name: float(column[at]) for name, column in fields.items()}
            decision = self._decision(rule, trade, known, numbers, recorded[at])
            if decision is None:
                self.funnel.unpriced += 1
                continue
            if decision.reduces:
                free = reading.state.sellable(self.strategy.id, decision.token)
                if free <= 0:
                    continue
                decision = msgspec.structs.replace(decision, size=Shares(free))
            yield Wish(
                decision=decision,
                priority=self.strategy.priorities[index],
                cooldown=trade.cooldown,
                group=known.market.group or "",
            )

    def _decision(
        self,
        rule: Rule,
        trade: Trade,
        known: MarketState,
        numbers: dict[str, float],
        values: dict[str, Value],
    ) -> Decision | None:
        """Return a rule's wish for one row, or None where no order can express it."""
        market = known.market
        try:
            price = limit_price(numbers["price"], market.tick, trade.side)
        except ValueError:
            return None
        high = trade.urgency is Urgency.HIGH
        return Decision(
            strategy=self.strategy.id,
            rule=rule.id,
            market=market.id,
            token=market.yes if trade.token == "yes" else market.no,
            side=trade.side,
            price=price,
            size=Shares(ZERO),
            values=values,
            fair=_known(numbers, "fair"),
            edge=_known(numbers, "edge"),
            confidence=_known(numbers, "confidence"),
            reason=_message(trade.reason, values),
            time_in_force=TimeInForce.FAK if high else TimeInForce.GTC,
            post_only=trade.urgency is Urgency.LOW,
            ttl=trade.ttl or None,
            reduces=trade.side is Side.SELL,
        )

    def _count_missing(self, reading: Reading, rows: Rows) -> None:
        if self.funnel.fired or not len(rows):
            return
        state = reading.state
        for name in self._reads:
            gone = np.isnan(reading.column(name, rows))
            if gone.any():
                row = int(rows[int(np.argmax(gone))])
                why = state.table.why_missing(name, row, state.now)
                self.funnel.missing[name, why] += int(np.count_nonzero(gone))


def _names(
    expressions: Iterable[Expression | None], pieces: Iterable[Piece]
) -> set[str]:
    """Return every feature and let that the expressions and the message name."""
    found = {piece.name for piece in pieces if piece.name}
    for expression in expressions:
        if expression is not None:
            found |= expression.reads
    return found


def _known(numbers: dict[str, float], name: str) -> float | None:
    number = numbers.get(name)
    return None if number is None or math.isnan(number) else number


def _message(pieces: Iterable[Piece], values: dict[str, Value]) -> str:
    return "".join(
        _formatted(values.get(piece.name), piece.format) if piece.name else piece.text
        for piece in pieces
    )


def _formatted(value: Value, spec: str) -> str:
    if value is None:
        return "?"
    return format(value, spec) if isinstance(value, float) else str(value)
