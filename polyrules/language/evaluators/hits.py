"""Which rule decides on a row: guards, then rules by the strategy's hit policy.

Under `first` rules are asked in their order, and each stands before the next. Under the
other policies what protects (a veto, a cancel, a quote without sides) stands before all
that acts, and so does a rule that blocks where it is UNKNOWN.
"""

from collections.abc import Sequence

from polyrules.language.actions import protects, stated
from polyrules.language.evaluators.graph import Graph, Node
from polyrules.language.evaluators.numeric import known
from polyrules.language.evaluators.translate import Translator
from polyrules.language.strategy import HitPolicy, OnUnknown, Rule, Strategy


def answer_nodes(strategy: Strategy, translator: Translator) -> list[Node]:
    """Return unknown, conflict, where each guard stopped, where each rule decided.

    No two rules decide on one row. Under `collect` there follows where each rule fires,
    of which the first decides.
    """
    graph = translator.graph
    still_open = graph.truth(holds=True)
    stopped: list[Node] = []
    for guard in strategy.guards:
        passes = translator.true(guard.when)
        stopped.append(graph.without(still_open, passes))
        still_open = graph.both(still_open, passes)
    asked = _Asked(strategy, translator)
    if strategy.hit_policy is HitPolicy.FIRST:
        unknown, decided = asked.in_order(still_open)
        return [unknown, graph.truth(holds=False), *stopped, *decided]
    unknown, blocked, fired = asked.all_at_once(still_open)
    conflict = graph.truth(holds=False)
    match strategy.hit_policy:
        case HitPolicy.UNIQUE:
            conflict, decided = _unique(graph, fired)
        case HitPolicy.BEST:
            decided = _best(translator, strategy.rules, fired)
        case _:
            decided = _first(graph, fired)
    # A rule that acts never fires where one that protects did, so one mask tells both.
    joined = [graph.either(*pair) for pair in zip(decided, blocked, strict=True)]
    every = fired if strategy.hit_policy is HitPolicy.COLLECT else []
    return [unknown, conflict, *stopped, *joined, *every]


class _Asked:
    """The rules of a strategy, asked about rows that all guards let pass."""

    def __init__(self, strategy: Strategy, translator: Translator) -> None:
        self._rules = strategy.rules
        self._graph = translator.graph
        self._true = [translator.true(rule.when) for rule in strategy.rules]
        self._false = [translator.false(rule.when) for rule in strategy.rules]

    def in_order(self, still_open: Node) -> tuple[Node, list[Node]]:
        """Return where a rule that acts was UNKNOWN, and where each decided."""
        graph = self._graph
        unknown = graph.truth(holds=False)
        decided: list[Node] = []
        for rule, true, false in zip(self._rules, self._true, self._false, strict=True):
            not_true = graph.without(still_open, true)
            if not protects(rule.then):
                unknown = graph.either(unknown, graph.without(not_true, false))
            decided.append(self._decides(rule, true, false, still_open))
            blocks = rule.on_unknown is OnUnknown.BLOCK
            still_open = graph.both(still_open, false) if blocks else not_true
        return unknown, decided

    def all_at_once(self, still_open: Node) -> tuple[Node, list[Node], list[Node]]:
        """Return UNKNOWN, where each rule that protects decided, where each fires."""
        graph = self._graph
        nowhere = graph.truth(holds=False)
        protected = [nowhere] * len(self._rules)
        for index, rule in enumerate(self._rules):
            true, false = self._true[index], self._false[index]
            if protects(rule.then):
                protected[index] = self._decides(rule, true, false, still_open)
                still_open = graph.without(still_open, protected[index])
        unknown, everywhere = nowhere, still_open
        for index, rule in enumerate(self._rules):
            if not protects(rule.then):
                not_true = graph.without(everywhere, self._true[index])
                doubtful = graph.without(not_true, self._false[index])
                unknown = graph.either(unknown, doubtful)
                if rule.on_unknown is OnUnknown.BLOCK:
                    still_open = graph.without(still_open, doubtful)
        fired = [
            nowhere if protects(rule.then) else graph.both(still_open, true)
            for rule, true in zip(self._rules, self._true, strict=True)
        ]
        return unknown, protected, fired

    def _decides(self, rule: Rule, true: Node, false: Node, still_open: Node) -> Node:
        if rule.decides_unknown:
            return self._graph.without(still_open, false)
        return self._graph.both(still_open, true)


def _first(graph: Graph, fired: Sequence[Node]) -> list[Node]:
    decided: list[Node] = []
    taken = graph.truth(holds=False)
    for each in fired:
        decided.append(graph.without(each, taken))
        taken = graph.either(taken, each)
    return decided


def _unique(graph: Graph, fired: Sequence[Node]) -> tuple[Node, list[Node]]:
    one = several = graph.truth(holds=False)
    for each in fired:
        several = graph.either(several, graph.both(one, each))
        one = graph.either(one, each)
    return several, [graph.without(each, several) for each in fired]


def _best(
    translator: Translator, rules: Sequence[Rule], fired: Sequence[Node]
) -> list[Node]:
    """Return where each rule fires and no other that fires has a higher edge.

    A missing edge is below every known one; of equals the first rule wins.
    """
    graph = translator.graph
    edges = [_edge(translator, rule) for rule in rules]
    decided: list[Node] = []
    for index, own in enumerate(fired):
        wins = own
        for other, rival in enumerate(fired):
            if other == index or graph.value(rival) is False:
                continue
            if other < index:  # the earlier one keeps a tie
                loses = graph.inverse(_beats(graph, edges[index], edges[other]))
            else:
                loses = _beats(graph, edges[other], edges[index])
            wins = graph.without(wins, graph.both(rival, loses))
        decided.append(wins)
    return decided


def _edge(translator: Translator, rule: Rule) -> Node:
    edge = stated(rule.then).get("edge")
    if edge is None:
        return translator.graph.constant(float("nan"))
    return translator.number(edge)


def _beats(graph: Graph, one: Node, other: Node) -> Node:
    """Return where an edge is strictly higher, or known where the other is not."""
    higher = graph.apply("less", other, one)
    only = graph.without(known(graph, one), known(graph, other))
    return graph.either(higher, only)
