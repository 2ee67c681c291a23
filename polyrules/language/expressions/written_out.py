"""What a hoisted function is asked about, written in features of one market only.

Its samples are taken before any let is computed, of every market there is: so lets are
written out, and the alias by which a row calls a market is taken off.
"""

import ast
import copy
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from polyrules.features.catalog import CATALOG
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.parse import NODES_MAX, segment
from polyrules.language.expressions.typed import Typed, shown
from polyrules.language.rows import DOMAINS

WRONG_WINDOW, NOT_ONE_MARKET = "PW002", "PW005"
OWN = frozenset(domain.own for domain in DOMAINS.values() if domain.own)


class Refused(Exception):
    """Why a function cannot be hoisted: message, what to do, code."""

    def __init__(self, message: str, hint: str = "", code: str = WRONG_WINDOW) -> None:
        self.message, self.hint, self.code = message, hint, code
        super().__init__(message)


class Asker(NamedTuple):
    """The function that asks.

    Attributes:
        name: Its name.
        verb: What it does with its argument: "looks back at".
        kind: What the argument must be: a number or a bool.
        alias_of: The alias of a hoisted column it may read; raises Refused where it
            may not.
    """

    name: str
    verb: str
    kind: Kind
    alias_of: Callable[[str], str]


class Argument(NamedTuple):
    """What is asked about, and the alias of the market that is meant."""

    expression: Expression
    alias: str


def argument(
    typed: Typed, node: ast.expr, asker: Asker, lets: Mapping[str, Expression]
) -> Argument:
    """Return what a hoisted function is asked about, over features only.

    Raises:
        Refused: It is of the wrong type, constant, or not of one market.
    """
    _check_kind(typed.types[node], asker)
    own = Expression(
        typed.source, node, typed.types, frozenset(), typed.params
    )  # its reads are not asked for
    types: dict[ast.expr, Type] = {}
    params: dict[ast.expr, str] = {}
    tree = _Writing(lets, types, params).written(own, node)
    names = [each for each in types if isinstance(each, ast.Name)]
    if not names:
        raise Refused(f"{asker.name} {asker.verb} what changes, and this is a constant")
    aliases: dict[str, None] = {}
    for name in sorted(names, key=lambda each: each.id):
        alias, name.id = _of_market(name.id, asker)
        aliases[alias] = None
    if len(aliases) > 1:
        markets = " and ".join(sorted(filter(None, aliases))) or "several"
        message = f"{asker.name} {asker.verb} one market, and this reads {markets}"
        hint = "write one for each market, and compare the results"
        raise Refused(message, hint, NOT_ONE_MARKET)
    reads = frozenset(each.id for each in names)
    text = segment(typed.source, node)
    return Argument(Expression(text, tree, types, reads, params), next(iter(aliases)))


def only_market(names: Collection[str], asker: str, feature: str) -> str:
    """Return the alias of the one market that a row has, "" if it has none.

    Args:
        names: All names in scope.
        asker: The function that asks, for messages.
        feature: One that every market has.

    Raises:
        Refused: There is no market in a row, or more than one.
    """
    if feature in names:
        return ""
    parts = (name.partition(".") for name in names)
    aliases = sorted({alias for alias, _, rest in parts if rest == feature} - OWN)
    if len(aliases) == 1:
        return aliases[0]
    if not aliases:
        message = f"{asker} asks for the group of a market, and these rows are none"
        raise Refused(message, code=NOT_ONE_MARKET)
    message = f"whose group {asker} means is open: {' or '.join(aliases)}"
    hint = f"name a market: sum_in({aliases[0]}.{feature}, by='event')"
    raise Refused(message, hint, NOT_ONE_MARKET)


def _check_kind(type_: Type, asker: Asker) -> None:
    if type_.kind is asker.kind:
        return
    if asker.kind is Kind.BOOL:
        message = f"{asker.name} {asker.verb} a condition, got {shown(type_)}"
        raise Refused(message, "compare it with something, such as x > 0")
    message = f"{asker.name} {asker.verb} a number, got {shown(type_)}"
    raise Refused(message, "write 1 if x else 0 for a condition")


def _of_market(name: str, asker: Asker) -> tuple[str, str]:
    """Return the alias of a market and the feature or column that a name is of it."""
    if name.startswith("@"):
        return asker.alias_of(name), name
    if name in CATALOG:
        return "", name
    alias, _, feature = name.partition(".")
    if alias in OWN and feature:
        message = f'{asker.name} {asker.verb} a market, and "{name}" is of the row'
        hint = "take a feature of a market; what rows are changes all the time"
        if alias in ("event", "basket"):
            hint = (
                f"rows of each: {alias} have no groups and no past: compare it itself"
            )
        raise Refused(message, hint, NOT_ONE_MARKET)
    if feature in CATALOG:
        return alias, feature
    message = f'{asker.name} {asker.verb} features, and "{name}" is none'
    raise Refused(message, f"write out what {name} stands for")


class _Writing:
    """Copies a tree, with lets replaced by what they mean.

    Args:
        lets: By name.
        types: Where the types of the copy go.
        params: Where the names of its constants that were params go.
    """

    def __init__(
        self,
        lets: Mapping[str, Expression],
        types: dict[ast.expr, Type],
        params: dict[ast.expr, str],
    ) -> None:
        self._lets = lets
        self._types = types
        self._params = params

    def written(
        self, expression: Expression, node: ast.expr, hops: int = 0
    ) -> ast.expr:
        if len(self._types) + hops > NODES_MAX:
            raise Refused(
                f"more than {NODES_MAX} parts when its lets are written out",
                "look back at less",
            )
        if isinstance(node, ast.Name) and node.id in self._lets:
            let = self._lets[node.id]
            return self.written(let, let.tree, hops + 1)
        new = copy.copy(node)
        if node in expression.types:  # a function's name has no type
            self._types[new] = expression.types[node]
        if node in expression.params:
            self._params[new] = expression.params[node]
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                parts = [
                    self.written(expression, each, hops)
                    if isinstance(each, ast.expr)
                    else each
                    for each in value
                ]
                setattr(new, field, parts)
            elif isinstance(value, ast.expr):
                setattr(new, field, self.written(expression, value, hops))
        return new
