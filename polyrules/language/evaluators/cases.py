"""The tests embedded in a strategy file, run on the reference interpreter.

A case is one row and what must follow from it. A failure carries the truth of every
part of the conditions it hangs on, so that the reader sees which one was not as meant.
Nothing is printed here, and no window is computed: its column comes with the row.
"""

import ast
from collections.abc import Iterator

import msgspec

from polyrules.language.evaluators.reference import Outcome, Row, RowReference, evaluate
from polyrules.language.evaluators.shown import shown, shown_truth
from polyrules.language.evaluators.verdicts import Mismatch, mismatches
from polyrules.language.expression import Expression
from polyrules.language.expressions.parse import segment
from polyrules.language.strategy import Case, Strategy

SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One of the conditions that a condition joins with `and`.

    Attributes:
        text: As written.
        values: The same with values for names, e.g. `8 > 2.5`.
        truth: TRUE, FALSE or UNKNOWN.
        missing: Features, and lets that look back, whose absence makes it UNKNOWN.
    """

    text: str
    values: str
    truth: str
    missing: tuple[str, ...] = ()


class TruthTable(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of a strategy on one row: `rule enter.when` and its parts."""

    title: str
    truth: str
    parts: tuple[Part, ...]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a case went; it passed if there are no mismatches."""

    case: Case
    outcome: Outcome
    mismatches: tuple[Mismatch, ...] = ()
    tables: tuple[TruthTable, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.mismatches


def run_cases(strategy: Strategy) -> tuple[CaseResult, ...]:
    """Run all tests of a strategy that give a whole row, in the order of the file."""
    reference = RowReference(strategy)
    return tuple(run_case(reference, case) for case in strategy.cases)


def run_case(reference: RowReference, case: Case, row: Row | None = None) -> CaseResult:
    """Run one test; a failed one carries the truth tables that explain it.

    Args:
        reference: The strategy's.
        case: What is given and expected.
        row: What is given with windows included, where that is more than `case.given`.
    """
    row = case.given if row is None else row
    outcome = reference.answer(row)
    found = mismatches(reference, case, row, outcome)
    tables = tuple(_tables(reference, case, row, outcome)) if found else ()
    return CaseResult(case=case, outcome=outcome, mismatches=found, tables=tables)


def truth_table(
    reference: RowReference, title: str, expression: Expression, row: Row
) -> TruthTable:
    """Return the truth of a condition and of its parts.

    Args:
        reference: The strategy's.
        title: What to call the condition.
        expression: One of the strategy's conditions.
        row: Features, and all lets.
    """
    parts = (
        _part(reference, _only(expression, node), row)
        for node in conjuncts(expression.tree)
    )
    truth = shown_truth(evaluate(expression, row))
    return TruthTable(title=title, truth=truth, parts=tuple(parts))


def _tables(
    reference: RowReference, case: Case, given: Row, outcome: Outcome
) -> Iterator[TruthTable]:
    strategy = reference.strategy
    row = {**given, **outcome.lets}
    conditions = {
        guard.id: (f"guard {guard.id}", guard.when) for guard in strategy.guards
    }
    rules = {rule.id: (f"rule {rule.id}.when", rule.when) for rule in strategy.rules}
    conditions |= rules
    if strategy.universe is not None:
        conditions["universe"] = ("universe", strategy.universe)
    fires = case.expect.get("fires")
    wanted = fires if isinstance(fires, list) else [fires]
    named = [outcome.blocked_by, *wanted, outcome.decided]
    asked = [name for name in named if isinstance(name, str) and name in conditions]
    for name in dict.fromkeys(asked or rules):
        title, expression = conditions[name]
        yield truth_table(reference, title, expression, row)
    if "exit" in case.expect:
        for exit_ in strategy.exits:
            if exit_.when is not None:
                yield truth_table(reference, f"exit {exit_.id}.when", exit_.when, row)


def conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions that a condition joins with `and`, itself if it is one."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from conjuncts(value)
    else:
        yield node


def _only(expression: Expression, node: ast.expr) -> Expression:
    """Return one node of an expression as an expression of its own."""
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    reads = frozenset(name.id for name in names if name in expression.types)
    return Expression(expression.source, node, expression.types, reads)


def _part(reference: RowReference, part: Expression, row: Row) -> Part:
    value = evaluate(part, row)
    missing = reference.missing(part, row) if value is None else ()
    return Part(
        text=segment(part.source, part.tree),
        values=_values(part, row),
        truth=shown_truth(value),
        missing=missing,
    )


def _values(part: Expression, row: Row) -> str:
    """Return a condition with values for what it compares."""

    def value(node: ast.expr) -> str:
        if isinstance(node, ast.Tuple):
            return f"({', '.join(value(word) for word in node.elts)})"
        return shown(evaluate(_only(part, node), row))

    match part.tree:
        case ast.Compare(left=left, ops=operators, comparators=rights):
            pairs = zip(operators, rights, strict=True)
            sides = (f" {SYMBOLS[type(op)]} {value(right)}" for op, right in pairs)
            return value(left) + "".join(sides)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name}({', '.join(map(value, arguments))})"
        case ast.Name() | ast.Constant():
            return ""
        case _:
            names = sorted(part.reads)
            return ", ".join(f"{name}={shown(row.get(name))}" for name in names)
