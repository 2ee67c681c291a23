"""What a checked expression means, one row at a time: the reference interpreter.

A value is a float, a bool, a text, or None for missing; logic is Kleene's, and no
expression raises. Whatever is not finite is missing. Every other evaluator must agree
with this one bit for bit; it is also what explains a decision and runs the tests of a
strategy file. It is slow, and knows no windows: their columns come with the row.

simpleeval walks the tree; nothing of it that parses, reaches into objects or knows
functions of its own is left in.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import msgspec
from simpleeval import SimpleEval

from polyrules.domain.money import snap
from polyrules.language.actions import (
    Piece,
    Trade,
    is_needed,
    protects,
    stated,
    word,
)
from polyrules.language.expression import Expression
from polyrules.language.expressions.constants import ARITHMETIC
from polyrules.language.functions import FUNCTIONS
from polyrules.language.strategy import HitPolicy, OnUnknown, Rule, Strategy, Value

Row = Mapping[str, Value]

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Kleene(SimpleEval):  # type: ignore[misc]  # simpleeval ships no types
    """Three-valued logic over one expression and one row."""

    def __init__(self) -> None:
        super().__init__(operators={}, functions={}, names={}, allowed_attrs={})
        self.nodes: dict[type[ast.expr], Callable[[Any], Value]] = {
            ast.BoolOp: self._eval_boolop,
            ast.UnaryOp: self._eval_unaryop,
            ast.BinOp: self._eval_binop,
            ast.Compare: self._eval_compare,
            ast.IfExp: self._eval_ifexp,
            ast.Call: self._eval_call,
            ast.Name: self._eval_name,
            ast.Constant: self._eval_constant,
        }
        self._expression: Expression | None = None

    def value(self, expression: Expression, node: ast.expr, row: Row) -> Value:
        """Return what one node of an expression is in a row."""
        self._expression = expression
        self.names = row
        return self._eval(node)

    def _eval(self, node: ast.expr) -> Value:
        # Values are plain by construction: there is no container to look into.
        return self.nodes[type(node)](node)

    def _eval_name(self, node: ast.Name) -> Value:
        return _plain(self.names.get(node.id))

    def _eval_constant(self, node: ast.Constant) -> Value:
        assert isinstance(node.value, bool | float | int | str), "checked"
        return _plain(node.value)

    def _eval_boolop(self, node: ast.BoolOp) -> Value:
        values = [self._eval(each) for each in node.values]
        return _every(values) if isinstance(node.op, ast.And) else _some(values)

    def _eval_unaryop(self, node: ast.UnaryOp) -> Value:
        value = self._eval(node.operand)
        if value is None:
            return None
        if isinstance(node.op, ast.Not):
            return not value
        assert isinstance(value, float), "only numbers are negated"
        return -value

    def _eval_binop(self, node: ast.BinOp) -> Value:
        left, right = self._eval(node.left), self._eval(node.right)
        if left is None or right is None:
            return None
        assert isinstance(left, float), "checked"
        assert isinstance(right, float), "checked"
        try:
            result = ARITHMETIC[type(node.op)](left, right)
        except ZeroDivisionError:
            return None
        assert self._expression, "an expression is being evaluated"
        if self._expression.snaps(node):
            result = snap(result)
        return _plain(result)

    def _eval_compare(self, node: ast.Compare) -> Value:
        """Evaluate `a < b <= c` as `a < b and b <= c`."""
        pairs: list[Value] = []
        left = self._eval(node.left)
        for symbol, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple):
                words = [self._eval(word) for word in right.elts]
                inside = _some([_compared(ast.Eq(), left, word) for word in words])
                is_in = isinstance(symbol, ast.In)
                pairs.append(inside if is_in or inside is None else not inside)
            else:
                value = self._eval(right)
                pairs.append(_compared(symbol, left, value))
                left = value
        return _every(pairs)

    def _eval_ifexp(self, node: ast.IfExp) -> Value:
        test = self._eval(node.test)
        if test is None:
            return None
        return self._eval(node.body if test else node.orelse)

    def _eval_call(self, node: ast.Call) -> Value:
        assert isinstance(node.func, ast.Name), "only a name can be called"
        function = FUNCTIONS[node.func.id]
        assert function.evaluate, "windows are hoisted"
        arguments = [self._eval(argument) for argument in node.args]
        if not function.strict:
            return function.evaluate(*arguments)
        if None in arguments:
            return None
        try:
            return _plain(function.evaluate(*arguments))
        except (ArithmeticError, ValueError):
            return None


def _plain(value: Value) -> Value:
    """Return a value as a float, bool, text or None; what is not finite is missing."""
    if value is None or isinstance(value, bool | str):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def _every(values: Iterable[Value]) -> bool | None:
    values = list(values)
    if False in values:
        return False
    return None if None in values else True


def _some(values: Iterable[Value]) -> bool | None:
    values = list(values)
    if True in values:
        return True
    return None if None in values else False


def _compared(symbol: ast.cmpop, left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return None
    return COMPARISONS[type(symbol)](left, right)


_KLEENE = Kleene()


def evaluate(expression: Expression, row: Row) -> Value:
    """Return what an expression is in a row; a name the row lacks is missing."""
    return _KLEENE.value(expression, expression.tree, row)


def evaluate_part(expression: Expression, node: ast.expr, row: Row) -> Value:
    """Return what one node of an expression's tree is in a row."""
    return _KLEENE.value(expression, node, row)


def missing_names(expression: Expression, row: Row) -> tuple[str, ...]:
    """Return the names for whose sake an expression is missing in a row.

    Returns:
        Names in the order of the text; none if it has a value, or if arithmetic alone
        (such as x / 0) made it missing.
    """
    found: dict[str, None] = {}
    _note_missing(expression, expression.tree, row, found)
    return tuple(found)


def _note_missing(
    expression: Expression, node: ast.expr, row: Row, found: dict[str, None]
) -> None:
    if evaluate_part(expression, node, row) is not None:
        return
    if isinstance(node, ast.Name):
        found[node.id] = None
        return
    for part in _reasons(expression, node, row):
        _note_missing(expression, part, row, found)


def _reasons(expression: Expression, node: ast.expr, row: Row) -> list[ast.expr]:
    """Return the parts of a missing node that may have made it missing."""
    match node:
        case ast.Call(args=arguments):
            return list(arguments)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            answer = evaluate_part(expression, test, row)
            if answer is None:
                return [test]
            return [body if answer else orelse]
        case ast.Compare(left=left, comparators=rights):
            sides = [
                right.elts if isinstance(right, ast.Tuple) else [right]
                for right in rights
            ]
            return [left, *chain.from_iterable(sides)]
        case _:
            parts = ast.iter_child_nodes(node)
            return [part for part in parts if isinstance(part, ast.expr)]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy answers on one row.

    Attributes:
        decided: The rule that decided, a veto's too, priced or not.
        rule: The rule that fires: it decided, acts, and its numbers are known.
        fired: Under `collect` every rule that fires; else that one, if any.
        conflict: Under `unique` the rules that fired together, so that none did.
        blocked_by: What kept every rule, or every later rule, from being asked:
            "universe", a guard's id, a veto's, or that of a rule that blocks when it
            is UNKNOWN.
        guard: The guard that blocked.
        action: buy, sell, quote, basket, cancel, or none.
        token: yes, no or row; "" where nothing is traded.
        price: In [usd/share]; it may lie outside (0, 1), which the engine refuses.
        numbers: All that the rule that fires states, by the names of `actions.stated`.
        undecided: Rules that act and were UNKNOWN before anything had decided, and the
            one that decided if a number it needs is missing.
        unknown: Features, and lets that look back, whose absence mattered.
        lets: Every let's value.
    """

    decided: str | None = None
    rule: str | None = None
    fired: tuple[str, ...] = ()
    conflict: tuple[str, ...] = ()
    blocked_by: str | None = None
    guard: str | None = None
    action: str = "none"
    token: str = ""
    price: float | None = None
    fair: float | None = None
    edge: float | None = None
    confidence: float | None = None
    numbers: dict[str, float | None] = {}
    reason: str = ""
    undecided: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lets: dict[str, Value] = {}


class RowReference:
    """Answers for one strategy, row by row."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self._lets = {let.name: let.expression for let in strategy.lets}

    def lets(self, row: Row) -> dict[str, Value]:
        """Return the value of every let; one that the row gives is taken as given."""
        known = dict(row)
        for name, expression in self._lets.items():
            if name not in known:
                known[name] = evaluate(expression, known)
        return {name: known[name] for name in self._lets}

    def missing(self, expression: Expression, row: Row) -> tuple[str, ...]:
        """Return the features, and lets that look back, that `expression` lacks.

        Args:
            expression: One of the strategy's.
            row: Features, and all lets.
        """
        found: dict[str, None] = {}
        seen: set[str] = set()  # lets read one another along very many paths
        waiting = list(missing_names(expression, row))
        while waiting:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            let = self._lets.get(name)
            if let is None or any(each.startswith("@") for each in let.reads):
                found[name] = None
            else:
                waiting[:0] = missing_names(let, row)
        return tuple(found)

    def answer(self, row: Row) -> Outcome:
        """Ask the universe, the guards and the rules about a row.

        Args:
            row: Features and hoisted windows ("@1", ...), and lets to be taken as
                given; a name it lacks is missing.
        """
        return _Asking(self, row).answer()


class _Asking:
    """One row being asked about."""

    def __init__(self, reference: RowReference, row: Row) -> None:
        self._reference = reference
        self._strategy = reference.strategy
        self._lets = reference.lets(row)
        self._row = {**row, **self._lets}
        self._unknown: dict[str, None] = {}
        self._undecided: list[str] = []

    def answer(self) -> Outcome:
        strategy = self._strategy
        if strategy.universe is not None and self._ask(strategy.universe) is not True:
            return self._blocked("universe")
        for guard in strategy.guards:
            if self._ask(guard.when) is not True:
                blocked = self._blocked(guard.id)
                return msgspec.structs.replace(blocked, guard=guard.id)
        if strategy.hit_policy is HitPolicy.FIRST:
            return self._in_order()
        return self._all_at_once()

    def _in_order(self) -> Outcome:
        for rule in self._strategy.rules:
            fires = self._ask(rule.when)
            acts = not protects(rule.then)
            if fires is None and acts:
                self._undecided.append(rule.id)
            if fires is True and acts:
                return self._fired(rule, (rule.id,))
            if fires is True or (fires is None and rule.on_unknown is OnUnknown.BLOCK):
                return self._stopped(rule)
        return self._blocked(None)

    def _all_at_once(self) -> Outcome:
        protecting = [rule for rule in self._strategy.rules if protects(rule.then)]
        for rule in protecting:
            fires = self._ask(rule.when)
            if fires is True or (fires is None and rule.decides_unknown):
                return self._stopped(rule)
        found: list[Rule] = []
        blocking: list[Rule] = []
        for rule in self._strategy.rules:
            if protects(rule.then):
                continue
            fires = self._ask(rule.when)
            if fires is None:
                self._undecided.append(rule.id)
                if rule.on_unknown is OnUnknown.BLOCK:
                    blocking.append(rule)
            elif fires is True:
                found.append(rule)
        if blocking:
            return self._stopped(blocking[0])
        return self._chosen(found)

    def _chosen(self, found: list[Rule]) -> Outcome:
        ids = tuple(rule.id for rule in found)
        if not found:
            return self._blocked(None)
        match self._strategy.hit_policy:
            case HitPolicy.UNIQUE if len(found) > 1:
                return msgspec.structs.replace(self._blocked(None), conflict=ids)
            case HitPolicy.BEST:
                best = max(found, key=self._edge)  # of equals the first
                return self._fired(best, (best.id,))
            case HitPolicy.COLLECT:
                return self._collected(found)
            case _:
                return self._fired(found[0], ids)

    def _collected(self, found: list[Rule]) -> Outcome:
        able = [rule for rule in found if self._lacks(rule) == ()]
        first = found[0]
        if not able:
            return self._fired(first, ())
        self._undecided += [rule.id for rule in found if rule not in able]
        fired = self._fired(able[0], tuple(rule.id for rule in able))
        return msgspec.structs.replace(fired, decided=first.id)

    def _lacks(self, rule: Rule) -> tuple[str, ...]:
        """Return the numbers that a rule states, cannot do without, and lacks."""
        return tuple(
            name
            for name, each in stated(rule.then).items()
            if is_needed(name) and self._number(each) is None
        )

    def _edge(self, rule: Rule) -> float:
        edge = self._number(stated(rule.then).get("edge"))
        return -math.inf if edge is None else edge

    def _stopped(self, rule: Rule) -> Outcome:
        """Return what follows where a rule keeps the others from acting."""
        if not protects(rule.then):
            return self._blocked(rule.id)
        blocked = self._blocked(rule.id, self._message(rule.then.reason))
        return msgspec.structs.replace(blocked, decided=rule.id, action=word(rule.then))

    def _ask(self, expression: Expression) -> Value:
        value = evaluate(expression, self._row)
        if value is None:
            missing = self._reference.missing(expression, self._row)
            self._unknown.update(dict.fromkeys(missing))
        return value

    def _number(self, expression: Expression | None) -> float | None:
        value = None if expression is None else evaluate(expression, self._row)
        assert value is None or isinstance(value, float), "checked"
        return value

    def _blocked(self, by: str | None, reason: str = "") -> Outcome:
        return Outcome(
            blocked_by=by,
            reason=reason,
            undecided=tuple(self._undecided),
            unknown=tuple(self._unknown),
            lets=self._lets,
        )

    def _fired(self, rule: Rule, fired: tuple[str, ...]) -> Outcome:
        action = rule.then
        numbers = {name: self._number(each) for name, each in stated(action).items()}
        for name, each in stated(action).items():
            if is_needed(name):
                self._ask(each)
        if self._lacks(rule):
            self._undecided.append(rule.id)
            return msgspec.structs.replace(self._blocked(None), decided=rule.id)
        return Outcome(
            decided=rule.id,
            rule=rule.id,
            fired=fired,
            action=word(action),
            token=action.token if isinstance(action, Trade) else "",
            price=numbers.get("price"),
            fair=numbers.get("fair"),
            edge=numbers.get("edge"),
            confidence=numbers.get("confidence"),
            numbers=numbers,
            reason=self._message(action.reason),
            undecided=tuple(self._undecided),
            unknown=tuple(self._unknown),
            lets=self._lets,
        )

    def _message(self, pieces: Iterable[Piece]) -> str:
        return "".join(self._piece(piece) for piece in pieces)

    def _piece(self, piece: Piece) -> str:
        if not piece.name:
            return piece.text
        value = _plain(self._row.get(piece.name))
        if value is None:
            return "?"
        return format(value, piece.format) if isinstance(value, float) else str(value)
