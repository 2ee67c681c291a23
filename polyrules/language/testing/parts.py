"""The expressions of a strategy by where they stand in it, and copies with one changed.

A place is the way from the strategy down: `("rules", 0, "then", "price")`. Whatever
kinds of rules there are, their expressions are found by looking, not by name.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar, cast

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.language.expression import Expression, Type
from polyrules.language.strategy import Strategy

Steps = tuple[str | int, ...]
Thing = TypeVar("Thing")
BY_ID = ("guards", "rules", "exits")
KINDS = ("universe", "limit_by", "windows", "lets", "guards", "rules", "exits")


def expressions(strategy: Strategy) -> Iterator[tuple[Steps, Expression]]:
    """Yield every expression with its place, in the order of evaluation."""
    for kind in KINDS:
        yield from _below((kind,), getattr(strategy, kind))


def things(strategy: Strategy) -> Iterator[tuple[Steps, msgspec.Struct]]:
    """Yield every record inside the rules with its place."""
    yield from _records(("rules",), strategy.rules)


def at(thing: object, steps: Steps) -> object:
    """Return what stands at a place."""
    for step in steps:
        if isinstance(step, int):
            thing = cast(tuple[object, ...], thing)[step]
        else:
            thing = getattr(thing, step)
    return thing


def changed(thing: Thing, steps: Steps, new: object) -> Thing:
    """Return a copy with `new` at a place."""
    if not steps:
        return cast(Thing, new)
    step, rest = steps[0], steps[1:]
    if isinstance(thing, tuple):
        assert isinstance(step, int), "a tuple has numbers"
        inner = changed(thing[step], rest, new)
        return cast(Thing, (*thing[:step], inner, *thing[step + 1 :]))
    assert isinstance(thing, msgspec.Struct), "places lead through records"
    inner = changed(getattr(thing, str(step)), rest, new)
    return cast(Thing, msgspec.structs.replace(thing, **{str(step): inner}))


def nodes(expression: Expression) -> list[ast.expr]:
    """Return the nodes that have a type, always in the same order."""
    found = (node for node in ast.walk(expression.tree) if isinstance(node, ast.expr))
    return [node for node in found if node in expression.types]


def with_node(expression: Expression, old: ast.expr, new: ast.expr) -> Expression:
    """Return an expression in which one node is another."""
    types: dict[ast.expr, Type] = dict(expression.types)
    types.setdefault(new, types[old])
    tree = _rebuilt(expression.tree, old, new, types)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return replace(expression, tree=tree, types=types, reads=expression.reads & names)


def path_of(document: Document, strategy: Strategy, steps: Steps) -> Path:
    """Return where in its file a part of a strategy stands, as near as is known."""
    kind = str(steps[0])
    if kind == "universe":
        return ("universe", "where")
    if kind == "limit_by":
        return ("universe", "limit", "by")
    index = int(steps[1])
    if kind == "lets":
        return ("let", strategy.lets[index].name)
    if kind == "windows":
        return _let_of(strategy, strategy.windows[index].name)
    assert kind in BY_ID, "the kinds are known"
    wanted = getattr(strategy, kind)[index].id
    for position, entry in enumerate(document.data.get(kind) or ()):
        if entry.get("id") == wanted:
            return (kind, position, *steps[2:])
    return (kind,)


def _let_of(strategy: Strategy, window: str) -> Path:
    lets = (let.name for let in strategy.lets if window in let.expression.reads)
    return ("let", *list(lets)[:1])


def _below(steps: Steps, thing: object) -> Iterator[tuple[Steps, Expression]]:
    if isinstance(thing, Expression):
        yield steps, thing
    elif isinstance(thing, tuple):
        for index, each in enumerate(thing):
            yield from _below((*steps, index), each)
    elif isinstance(thing, msgspec.Struct):
        for name in thing.__struct_fields__:
            yield from _below((*steps, name), getattr(thing, name))


def _records(steps: Steps, thing: object) -> Iterator[tuple[Steps, msgspec.Struct]]:
    if isinstance(thing, tuple):
        for index, each in enumerate(thing):
            yield from _records((*steps, index), each)
    elif isinstance(thing, msgspec.Struct):
        yield steps, thing
        for name in thing.__struct_fields__:
            yield from _records((*steps, name), getattr(thing, name))


def _rebuilt(
    node: ast.expr, old: ast.expr, new: ast.expr, types: dict[ast.expr, Type]
) -> ast.expr:
    """Return a tree in which `new` stands for `old`; what is not above it is shared."""
    if node is old:
        return new
    fields: dict[str, object] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            inner = _rebuilt(value, old, new, types)
            if inner is not value:
                fields[name] = inner
        elif isinstance(value, list):
            parts = [
                _rebuilt(each, old, new, types) if isinstance(each, ast.expr) else each
                for each in value
            ]
            if any(a is not b for a, b in zip(parts, value, strict=True)):
                fields[name] = parts
    if not fields:
        return node
    above = copy.copy(node)
    for name, value in fields.items():
        setattr(above, name, value)
    if node in types:
        types[above] = types[node]
    return above
