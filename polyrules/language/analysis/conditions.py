"""Conditions that decide nothing, and rules that are never asked.

All of it is proven, for every value the params may be set to: what is not certain is
not said.
"""

import ast
from collections.abc import Iterator

from polyrules.language.actions import protects
from polyrules.language.analysis.intervals import Range, Span, Truth, Words
from polyrules.language.analysis.meaning import Facts
from polyrules.language.analysis.scene import claim
from polyrules.language.analysis.subject import (
    Find,
    Place,
    Subject,
    blocks_unknown,
    conjuncts,
)
from polyrules.language.expression import Expression, Kind
from polyrules.language.expressions.parse import segment
from polyrules.language.strategy import HitPolicy, Rule

FAR = 1e12  # a number beyond it is not worth showing
SHOWN_MAX = 60  # characters of a condition that a message repeats


def constant_conditions(subject: Subject) -> Iterator[Find]:
    """Yield conditions, and parts of them, that are the same on every row."""
    for place in subject.conditions():
        found = list(_constant(place.expression, place.expression.tree, subject))
        yield from (place.find(node, message, hint) for node, message, hint in found)
        if not found:
            yield from _contradiction(subject, place)


def _constant(
    expression: Expression, tree: ast.expr, subject: Subject
) -> Iterator[tuple[ast.expr, str, str]]:
    """Yield the parts of a condition that are constant and have no such part."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        if expression.types[node].kind is not Kind.BOOL:
            continue
        parts = _operands(node)
        inner = [part for part in parts if not _open(subject, expression, part)]
        if inner or _open(subject, expression, node):
            waiting[:0] = inner or parts
            continue
        text = _short(segment(expression.source, node))
        truth = subject.anywhere.truth(expression, node)
        what = "FALSE" if truth.true else "TRUE"
        because = _because(expression, node, subject.anywhere)
        message = f"{text} is never {what}{because}"
        hint = "it decides nothing: delete it, or mend the number"
        if truth.true and truth.missing:
            known = _known(node, expression)
            hint = f"it only asks whether its numbers are there: {known}"
        yield node, message, hint


def _open(subject: Subject, expression: Expression, node: ast.expr) -> bool:
    """Tell whether a condition can go either way, or is written out as a constant."""
    truth = subject.anywhere.truth(expression, node)
    return isinstance(node, ast.Constant) or (truth.true and truth.false)


def _operands(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BoolOp(values=values):
            return list(values)
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return [test, body, orelse]
        case _:
            return []


def _because(expression: Expression, node: ast.expr, facts: Facts) -> str:
    """Return what the sides of a comparison may be: `: price is in [0, 1]`."""
    match node:
        case ast.Compare(left=left, comparators=[right]):
            sides = [left, right]
        case ast.Call(func=ast.Name(id="between"), args=arguments):
            sides = list(arguments)
        case _:
            return ""
    told = [
        f"{_short(segment(expression.source, side))} is {known}"
        for side in sides
        if not isinstance(side, ast.Constant | ast.Tuple) or side in expression.params
        if (known := shown(facts.of(expression, side)))
    ]
    return f": {', '.join(told)}" if told else ""


def shown(span: Span) -> str:
    """Return a range as messages show it; "" if it says nothing."""
    match span:
        case Range(low=low, high=high) if low > high:
            return "always missing"
        case Range(low=low, high=high) if low == high:
            return f"{low:.6g}"
        case Range(low=low, high=high) if low <= -FAR and high >= FAR:
            return ""
        case Range(low=low, high=high) if high >= FAR:
            return f"{low:.6g} or more"
        case Range(low=low, high=high) if low <= -FAR:
            return f"{high:.6g} or less"
        case Range(low=low, high=high):
            return f"in [{low:.6g}, {high:.6g}]"
        case Words(words=words):
            return " or ".join(sorted(words))
        case Truth():
            return ""


def _known(node: ast.expr, expression: Expression) -> str:
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    mine = [name for name in names if name in expression.reads]
    return f"write known({mine[0]})" if mine else "write known(x)"


def _contradiction(subject: Subject, place: Place) -> Iterator[Find]:
    """Yield a condition whose parts, or it and what is asked before it, exclude."""
    expression, whole = place.expression, [claim(place.expression)]
    hint = "mend one of the numbers"
    either = f'{hint}; if either may hold, write "or" between them'
    if not subject.anywhere.allows(whole):
        message = f"{place.label} can never be TRUE: its parts contradict each other"
        yield place.find(expression.tree, message, either)
    elif place.at[0] == "let" or not place.facts.possible:
        return
    elif not place.facts.allows(whole):
        message = f"{place.label} can never be TRUE {_before(place)}"
        for node in conjuncts(expression, expression.tree):
            because = _because(expression, node, place.facts)
            if because and not place.facts.truth(expression, node).true:
                yield place.find(node, f"{message}{because}", hint)
                return
        yield place.find(expression.tree, message, hint)


def _before(place: Place) -> str:
    """Return what is asked before a condition, as messages say it."""
    match place.at[0]:
        case "universe":
            return "in such rows"
        case "guards":
            return "where universe holds"
        case _:
            return "where universe and guards hold"


def unreachable_rules(subject: Subject) -> Iterator[Find]:
    """Yield rules that an earlier one always decides before."""
    if subject.strategy.hit_policy is not HitPolicy.FIRST:
        return
    rules = subject.strategy.rules
    for index, rule in enumerate(rules):
        facts = subject.firing[rule.id]
        if not _may_fire(subject, rule):
            continue
        for earlier in rules[:index]:
            if implied(facts, earlier, unknown_too=blocks_unknown(earlier)):
                at = (*subject.rule_path(rule), "id")
                yield Find(at, *_unreached(rule, earlier))
                break


def _unreached(rule: Rule, earlier: Rule) -> tuple[str, str]:
    """Return what is said of a rule behind another, and what to do."""
    message = f'rule "{rule.id}" is never reached: wherever it is TRUE, rule'
    if protects(earlier.then):
        message += f' "{earlier.id}" has kept from it before it'
        hint = f'mend the condition of "{earlier.id}": is a comparison turned round?'
        return message, hint
    message += f' "{earlier.id}" has decided before it'
    return message, "put the narrower rule first, or give it the higher priority"


def _may_fire(subject: Subject, rule: Rule) -> bool:
    return subject.guarded.allows([claim(rule.when)])


def implied(facts: Facts, rule: Rule, *, unknown_too: bool = False) -> bool:
    """Tell whether a rule is certainly TRUE where `facts` hold."""
    for node in conjuncts(rule.when, rule.when.tree):
        truth = facts.truth(rule.when, node)
        if truth.false or not truth.possible or (truth.missing and not unknown_too):
            return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."
