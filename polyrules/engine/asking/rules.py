"""Rules to wishes: one strategy at work over the table.

A strategy is asked when it is due, for all rows at once, and about single markets after
an event it waits for; there is no memory of what it wanted before. What it needs to
remember, the samples of its windows, is kept here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from polyrules.domain.ids import MarketId
from polyrules.domain.money import Shares
from polyrules.domain.orders import CancelOrder
from polyrules.engine.asking.exits import Exits
from polyrules.engine.asking.interest import interest
from polyrules.engine.asking.merging import merged
from polyrules.engine.asking.policy import Asked, Wish
from polyrules.engine.asking.quotes import Quotes
from polyrules.engine.asking.wishes import Fired, basket, trade
from polyrules.engine.rows.hoisting import Hoisted
from polyrules.engine.rows.reading import Reading
from polyrules.engine.rows.rowset import Rows, RowSet
from polyrules.engine.rows.sources import Inputs, RowSource, due_by_tier, named_order
from polyrules.engine.state import State
from polyrules.language.actions import Basket, Cancel, Quote, Veto
from polyrules.language.evaluators.compile import Answer, Plan
from polyrules.language.evaluators.row import RowPlan
from polyrules.language.strategy import HitPolicy, Strategy, recorded


@dataclass(slots=True)
class Funnel:
    """How far rows got, counted over a run: what to look at when nothing fires.

    Attributes:
        evaluations: Times the strategy was due.
        rows: Rows it was asked about (open markets, summed over evaluations).
        universe: Rows that were in its universe.
        guarded: Rows stopped, by guard id.
        fired: Rows on which a rule decided, by rule id (vetoes too).
        unknown: Rows on which a rule that acts was UNKNOWN.
        unpriced: Rows on which a rule fired without a price or size an order can have.
        conflicts: Rows on which several rules fired, and only one may.
        triggered: Times it was asked about single markets, after an event.
        cut: Rows that were left out because there were too many.
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
    conflicts: int = 0
    triggered: int = 0
    cut: int = 0
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)


class Rules:
    """One strategy, compiled, with the samples its windows need.

    Args:
        strategy: The strategy.
        inputs: The desk's lists of wallets and markets, by name.
    """

    def __init__(self, strategy: Strategy, inputs: Inputs | None = None) -> None:
        self.strategy = strategy
        self.funnel = Funnel()
        self._plan = Plan(strategy)
        self._exits = Exits(strategy, self._plan)
        self._hoisted = Hoisted(strategy, self._plan)
        self._source = RowSource(strategy, inputs or {})
        self._reads = sorted(strategy.reads)
        self._conflicts: set[tuple[MarketId, ...]] = set()
        self._highest: set[tuple[MarketId, ...]] = set()  # of a limited universe
        self._row_plan: RowPlan | None = None  # made when it is first asked for
        self._turn = -1
        self._before: int | None = None  # the moment of the turn before

    def interest(self, state: State) -> tuple[Rows, Rows]:
        """Return the markets it may come to decide on: the likely ones, and all."""
        return interest(self.strategy, self._plan, self._source, state)

    def takes_turn(self, now: int, first_tick: int) -> bool:
        """Tell whether the strategy is due at the tick `now`, and note that it was.

        It is due at the first tick at or after each multiple of its `every`, counted
        from the first tick of the run.
        """
        turn = (now - first_tick) // self.strategy.schedule.every
        due = turn > self._turn
        self._turn = max(turn, self._turn)
        return due

    def decide(self, state: State, first_tick: int) -> list[Asked]:
        """Ask exits, then rules, over every row as it stands.

        Returns:
            What exits ask for, then what rules do.
        """
        self.funnel.evaluations += 1
        columns = self._hoisted.observe(state)
        reading = Reading(self.strategy, self._plan, state, columns)
        rows = self._source.rows(state)
        self.funnel.cut += rows.cut
        asked = self._exits.decide(reading, rows)
        only: Rows | None = None
        if self.strategy.schedule.by_tier:
            due = due_by_tier(rows, state, first_tick, self._before)
            only = self._with_gone(state, rows, due)
        self._before = state.now
        return [*asked, self._ask(reading, rows, only, at_turn=True)]

    def _with_gone(self, state: State, rows: RowSet, due: RowSet) -> Rows:
        """Return the markets that are due, and those with orders that are no rows now.

        What rests in a market that was resolved is taken back like any other.
        """
        ((_, every),) = rows.markets.items()
        ((_, markets),) = due.markets.items()
        mine = state.open_orders(strategy=self.strategy.id)
        resting = {state.markets[live.order.market].row for live in mine}
        gone = sorted(resting.difference(every.tolist()))
        return np.concatenate([markets, np.array(gone, dtype=np.intp)])

    def decide_at(self, state: State, markets: Rows) -> list[Asked]:
        """Ask exits, then rules, over the rows that speak of some markets.

        Args:
            state: As refreshed.
            markets: Rows of the table.
        """
        self.funnel.triggered += 1
        columns = self._hoisted.covering(state.table.count)
        reading = Reading(self.strategy, self._plan, state, columns)
        rows = self._within_limit(self._source.rows_of(state, markets), state)
        asked = self._exits.decide(reading, rows, markets)
        if rows.count == 1 and self._is_idle(reading, rows):
            self._conflicts = self._unasked(state, markets)
            return [*asked, Quotes(self.strategy, state).stale(_ids(state, markets))]
        return [*asked, self._ask(reading, rows, markets, at_turn=False)]

    def _is_idle(self, reading: Reading, rows: RowSet) -> bool:
        """Tell whether no rule decides on a single row; quicker than asking for all."""
        if self._row_plan is None:
            self._row_plan = RowPlan(self.strategy)
        columns = reading.columns(self._row_plan.reads, rows)
        row = {name: column.item() for name, column in columns.items()}
        answer = self._row_plan.answer(row)
        return answer.rule < 0 and not answer.conflict and not answer.fired

    def _within_limit(self, rows: RowSet, state: State) -> RowSet:
        """Return the rows that were among the highest at the last turn."""
        if self.strategy.limit_by is None:
            return rows
        among = [_named(rows, row, state) in self._highest for row in range(rows.count)]
        return rows.take(np.array(among, dtype=np.bool_))

    def _ask(
        self, reading: Reading, rows: RowSet, only: Rows | None, *, at_turn: bool
    ) -> Asked:
        """Ask the rules about rows; `only` says of which markets these are all."""
        state = reading.state
        due = rows if only is None else rows.touching(only)
        self.funnel.rows += due.count
        self._count_missing(reading, due)
        # Ranked among all, asked where they are due.
        rows = self._in_universe(reading, rows, at_turn=at_turn)
        rows = rows if only is None else rows.touching(only)
        self.funnel.universe += rows.count
        quotes = Quotes(self.strategy, state)
        found: list[Asked] = []
        if not rows.count:
            self._conflicts = self._unasked(state, only)
        else:
            columns = reading.columns(self._plan.reads, rows)
            answer = self._plan.answer(columns, rows.count)
            self._count(answer)
            if answer.conflict.any() or self._conflicts:
                found.append(self._told(answer, rows, state, only))
            for index, chosen in self._fired(answer):
                found += self._act(index, reading, rows.take(chosen), quotes)
        markets = None if only is None else _ids(state, only)
        found.append(quotes.stale(markets))
        wishes = [wish for asked in found for wish in asked.wishes]
        if self.strategy.hit_policy is HitPolicy.COLLECT:
            wishes = merged(wishes, self.strategy.merge)
        return Asked(
            wishes=tuple(wishes),
            cancels=tuple(cancel for asked in found for cancel in asked.cancels),
            alarms=tuple(alarm for asked in found for alarm in asked.alarms),
        )

    def _in_universe(self, reading: Reading, rows: RowSet, *, at_turn: bool) -> RowSet:
        plan, strategy = self._plan, self.strategy
        inputs = reading.columns(plan.universe_reads, rows)
        rows = rows.take(plan.universe(inputs, rows.count))
        top = strategy.rows.top
        if strategy.limit_by is None or top is None:
            return rows
        if rows.count <= top:
            return self._noted(rows, reading.state, at_turn=at_turn)
        names = plan.reads_of(strategy.limit_by)
        ranking = plan.ranking(reading.columns(names, rows), rows.count)
        worst_last = np.where(np.isnan(ranking), np.inf, -ranking)
        order = np.lexsort((named_order(rows, reading.state), worst_last))
        highest = rows.take(np.sort(order[:top]))
        return self._noted(highest, reading.state, at_turn=at_turn)

    def _noted(self, rows: RowSet, state: State, *, at_turn: bool) -> RowSet:
        """Remember the rows that stay of the universe until the next turn."""
        if at_turn:
            self._highest = {_named(rows, row, state) for row in range(rows.count)}
        return rows

    def _count(self, answer: Answer) -> None:
        funnel, strategy = self.funnel, self.strategy
        funnel.unknown += int(np.count_nonzero(answer.unknown))
        for index, guard in enumerate(strategy.guards):
            stopped = int(np.count_nonzero(answer.guarded == index))
            if stopped:
                funnel.guarded[guard.id] += stopped

    def _fired(self, answer: Answer) -> Iterator[tuple[int, Rows]]:
        """Yield each rule that decided anywhere, and on which rows."""
        for index, rule in enumerate(self.strategy.rules):
            decided = answer.rule == index
            if answer.fired:
                decided |= answer.fired[index]
            chosen = np.flatnonzero(decided)
            if len(chosen):
                self.funnel.fired[rule.id] += len(chosen)
                yield index, chosen

    def _act(
        self, index: int, reading: Reading, rows: RowSet, quotes: Quotes
    ) -> Iterator[Asked]:
        """Yield what a rule asks for on the rows on which it fired."""
        rule = self.strategy.rules[index]
        match rule.then:
            case Veto() | Quote(sides=()):
                return
            case Cancel():
                for row in range(rows.count):
                    yield self._cancels(reading.state, rows, row)
                return
            case _:
                pass
        for fired in self._each(index, reading, rows):
            wishes = self._wishes(fired, reading.state, quotes)
            yield Asked(wishes=wishes)

    def _wishes(self, fired: Fired, state: State, quotes: Quotes) -> tuple[Wish, ...]:
        match fired.rule.then:
            case Quote():
                return tuple(quotes.place(fired))
            case Basket():
                wish = basket(self.strategy, fired, state)
            case _:
                wish = trade(self.strategy, fired, state)
        if wish is None:
            self.funnel.unpriced += 1
            return ()
        freed = self._freed(wish, state)
        return () if freed is None else (freed,)

    def _freed(self, wish: Wish, state: State) -> Wish | None:
        """Return a wish to sell what is free to be sold; None if nothing is."""
        if not wish.decision.reduces or len(wish.decisions) > 1:
            return wish
        decision = wish.decision
        free = state.sellable(self.strategy.id, decision.token)
        if free <= 0:
            return None
        size = min(free, decision.size) if decision.size else free
        decision = msgspec.structs.replace(decision, size=Shares(size))
        return msgspec.structs.replace(wish, decisions=(decision,))

    def _each(self, index: int, reading: Reading, rows: RowSet) -> Iterator[Fired]:
        rule = self.strategy.rules[index]
        columns = reading.columns(self._plan.reads, rows)
        numbers = self._plan.stated(index, columns, rows.count)
        values = reading.values(recorded(rule), columns, rows.count)
        for row in range(rows.count):
            yield Fired(
                rule=rule,
                priority=self.strategy.priorities[index],
                row=row,
                rows=rows,
                numbers={name: float(column[row]) for name, column in numbers.items()},
                values=values[row],
            )

    def _cancels(self, state: State, rows: RowSet, row: int) -> Asked:
        markets = {state.by_row[r].market.id for r in rows.involved(row)}
        return Asked(
            cancels=tuple(
                CancelOrder(live.order.client_order_id, "the strategy cancels")
                for live in state.open_orders(strategy=self.strategy.id)
                if live.order.market in markets and not live.cancelling
            )
        )

    def _told(
        self, answer: Answer, rows: RowSet, state: State, only: Rows | None
    ) -> Asked:
        """Return an alarm for each row on which rules contradict each other anew."""
        before, now = self._conflicts, set[tuple[MarketId, ...]]()
        for row in np.flatnonzero(answer.conflict):
            now.add(_named(rows, int(row), state))
        self._conflicts = now | self._unasked(state, only)
        self.funnel.conflicts += len(now)
        return Asked(
            alarms=tuple(
                f"{self.strategy.id}: several rules are true on {', '.join(markets)},"
                " and hit_policy unique lets none act"
                for markets in sorted(now - before)
            )
        )

    def _unasked(self, state: State, only: Rows | None) -> set[tuple[MarketId, ...]]:
        """Return the conflicts on rows about which nothing was asked now."""
        if only is None or not self._conflicts:
            return set()
        asked = _ids(state, only)
        return {each for each in self._conflicts if asked.isdisjoint(each)}

    def _count_missing(self, reading: Reading, rows: RowSet) -> None:
        if self.funnel.fired or not rows.count:
            return
        state, domain = reading.state, self.strategy.rows
        for name in self._reads:
            alias, plain = domain.split(name)
            if alias not in rows.markets:
                continue  # the row's own: it is missing where its markets' are
            gone = np.isnan(reading.column(name, rows))
            if gone.any():
                row = int(rows.markets[alias][int(np.argmax(gone))])
                why = state.table.why_missing(plain, row, state.now)
                self.funnel.missing[name, why] += int(np.count_nonzero(gone))


def _named(rows: RowSet, row: int, state: State) -> tuple[MarketId, ...]:
    return tuple(state.by_row[each].market.id for each in rows.involved(row))


def _ids(state: State, markets: Rows) -> frozenset[MarketId]:
    return frozenset(state.by_row[row].market.id for row in markets)
