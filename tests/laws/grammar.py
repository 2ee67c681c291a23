"""Random well-typed expressions, whole strategies of them, and rows to trip them up.

Everything is drawn from a `random.Random`, so that a law (through hypothesis) and a
long hunt (through a seed) draw from the same grammar.
"""

import math
import re
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.language.actions import (
    Action,
    Basket,
    Cancel,
    Leg,
    Quote,
    QuoteSide,
    Trade,
    Veto,
)
from polyrules.language.evaluators.compile import Plan
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.expressions.parse import CHARS_MAX
from polyrules.language.strategy import (
    Fixed,
    Guard,
    HitPolicy,
    Let,
    OnUnknown,
    Rule,
    Schedule,
    Strategy,
    Value,
)

Row = dict[str, Value]
TYPES = feature_types()
BOOL = Type(Kind.BOOL)
NUMBER = Type(Kind.NUMBER, "prob")  # of hoisted columns: drawn like prices
TRUTHS = ("held_for", "crossed_above")
PROB = Type(Kind.NUMBER, "prob")
SHARES = Type(Kind.NUMBER, "shares")
WORDS = TYPES["category"].values
FEATURES: Mapping[str, tuple[str, ...]] = {
    "prob": ("best_bid", "best_ask", "mid", "spread", "price"),
    "usd": ("liquidity", "volume_24h"),
    "shares": ("bid_size", "ask_size"),
    "seconds": ("book_age", "last_trade_age"),
    "hours": ("hours_to_close", "market_age"),
    "count": ("trade_count_1h", "bid_levels"),
    "ratio": ("book_imbalance", "fee_rate"),
    "bool": ("accepting_orders", "neg_risk"),
    "word": ("category",),
}
DRAWN = {name: TYPES[name] for names in FEATURES.values() for name in names}
UNITS = tuple(unit for unit in FEATURES if unit not in {"bool", "word"})
SYMBOLS = (*UNITS, *["bool"] * len(UNITS))  # half of what is drawn are conditions
# Sums of literals, which are rounded only where they are prices.
SUMS = (
    *("(0.1 + 0.2)", "(0.7 + 0.1)", "(1 - 0.9)", "(0.1 * 3 - 0.3)", "-(0.1 + 0.2)"),
    *("((0.1 + 0.2) / 2)", "(3 * (0.1 + 0.2))", "min(0.1 + 0.2, 0.5)"),
    *("(0.1 + 0.2 if 1 < 2 else 0.7 + 0.1)", "coalesce(0.1 + 0.2, 0.5)"),
)
PRICES = ("0", "0.01", "0.02", "0.1", "0.3", "0.5", "0.9", "1", "0.30000000000000004")
SIZES = (*PRICES, "2", "100", "1e308", "5e-324", "1e-9", "9007199254740993")

# {unit} is an expression of that unit and never a mere literal; #unit is a literal.
_OF_EVERY_UNIT = (
    "({U} + {U})",
    "({U} - {U})",
    "({U} + #U)",
    "(#U - {U})",
    "({U} * {ratio})",
    "({U} / {ratio})",
    "({U} * #ratio)",
    "({U} / #ratio)",
    "(-{U})",
    "abs({U})",
    "min({U}, {U})",
    "max({U}, #U)",
    "min({U}, -#U)",
    "max({U}, {U}, {U})",
    "clamp({U}, #U, {U})",
    "coalesce({U}, {U})",
    "coalesce({U}, #U)",
    "({U} if {bool} else {U})",
)
_OF_ONE_UNIT: Mapping[str, tuple[str, ...]] = {
    "prob": (
        "({prob} * {prob})",
        "({usd} / {shares})",
        "implied_no({prob})",
        "as_prob({ratio})",
        "bps({ratio})",
        "expit({ratio})",
        "fee({prob}, {ratio})",
        "floor_tick({prob}, {prob})",
        "ceil_tick({prob}, #prob)",
        "round_tick({prob}, #prob)",
    ),
    "usd": ("({prob} * {shares})",),
    "shares": ("({usd} / {prob})",),
    "seconds": (
        "minutes({ratio})",
        "hours(#ratio)",
        "days({count})",
        "seconds({count})",
    ),
    "hours": ("to_hours({seconds})",),
    "ratio": (
        "({usd} / {usd})",
        "sqrt({ratio})",
        "exp({ratio})",
        "log({ratio})",
        "pow({ratio}, {ratio})",
        "pow({ratio}, #ratio)",
        "normal_cdf({ratio})",
        "sign({usd})",
        "logit({prob})",
    ),
}
_TRUTHS_OF_EVERY_UNIT = (
    "({U} < {U})",
    "({U} <= #U)",
    "({U} > #U)",
    "({U} >= {U})",
    "({U} == {U})",
    "({U} != {U})",
    "({U} == #U)",
    "({U} != #U)",
    "({U} < {U} <= {U})",
    "between({U}, #U, {U})",
    "known({U})",
)
_TRUTHS = (
    "({bool} and {bool})",
    "({bool} or {bool})",
    "({bool} and {bool} and {bool})",
    "(not {bool})",
    "({bool} if {bool} else {bool})",
    "known({bool})",
    "known({word})",
    "coalesce({bool}, {bool})",
    "({bool} == {bool})",
    "({bool} != {bool})",
    "({bool} == True)",
    "({bool} or False)",
    "({bool} and not True)",
    "coalesce({bool}, False)",
    "coalesce(True, {bool})",
    "({word} == #word)",
    "(({word} if {bool} else #word) == #word)",
    "(coalesce({word}, #word) != #word)",
    "(#word == coalesce({word}, {word}))",
    "({word} != #word)",
    "({word} in (#word, #word))",
    "({word} not in (#word, #word, #word))",
)


def _grammar() -> dict[str, tuple[str, ...]]:
    grammar = {
        unit: tuple(t.replace("U", unit) for t in _OF_EVERY_UNIT)
        + _OF_ONE_UNIT.get(unit, ())
        for unit in UNITS
    }
    comparisons = tuple(
        t.replace("U", unit) for unit in UNITS for t in _TRUTHS_OF_EVERY_UNIT
    )
    # As many ways to join as to compare, else a condition is rarely a joined one.
    share = len(comparisons) // len(_TRUTHS) // 2
    return {**grammar, "bool": comparisons + _TRUTHS * share}


GRAMMAR = _grammar()


def text(
    random: Random,
    symbol: str,
    depth: int,
    lets: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return an expression of a unit, or a condition, not too large to be checked.

    Args:
        random: Where the choices come from.
        symbol: A unit, or "bool".
        depth: How deep it may nest; 0 is a name.
        lets: Names to use beside the features, by unit.
    """
    found = _text(random, symbol, depth, lets or {})
    while len(found) > CHARS_MAX:
        found = _text(random, symbol, depth - 1, lets or {})
    return found


def _text(
    random: Random, symbol: str, depth: int, lets: Mapping[str, Sequence[str]]
) -> str:
    if depth <= 0 or symbol not in GRAMMAR or random.random() < 0.1:
        return random.choice((*FEATURES[symbol], *lets.get(symbol, ())))

    def expanded(match: re.Match[str]) -> str:
        mark, inner = match[1], match[2]
        if mark == "#":
            return _literal(random, inner)
        return _text(random, inner, depth - 1, lets)

    return re.sub(r"([#{])(\w+)\}?", expanded, random.choice(GRAMMAR[symbol]))


def _literal(random: Random, symbol: str) -> str:
    if symbol == "word":
        return repr(random.choice(WORDS))
    if random.random() < 0.2:
        return random.choice(SUMS)
    return random.choice(PRICES if symbol == "prob" else SIZES)


def expression(source: str, want: Type | None = None, **lets: Type) -> Expression:
    """Return a text of the grammar, checked.

    Args:
        source: The text.
        want: Its type, None for any.
        lets: Types of names that are no features.
    """
    checked = check(source, Scope({**TYPES, **lets}, {}, None), want)
    assert checked.expression is not None, (source, checked.findings)
    return checked.expression


_ODD = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1 + 0.2,
    1e308,
    -1e308,
    5e-324,
    -5e-324,
    1.7976931348623157e299,  # about the last that can be scaled by 1e9
    2.0**53 + 2.0,
    0.5e-9,
    1.5e-9,
)


def row(random: Random, types: Mapping[str, Type] = DRAWN) -> Row:
    """Return a row that is missing here, ordinary there, and odd elsewhere."""
    return {name: _value(random, type_) for name, type_ in types.items()}


def _value(random: Random, type_: Type) -> Value:
    if random.random() < 0.15:
        return None
    if type_.kind is Kind.BOOL:
        return random.random() < 0.5
    if type_.kind is Kind.ENUM:
        return random.choice(type_.values)
    chance = random.random()
    if chance < 0.25:
        return random.choice(_ODD)
    if chance < 0.75:
        return random.randrange(0, 1001) / 1000
    return random.uniform(-2, 2) if chance < 0.9 else random.uniform(-1e4, 1e4)


def columns(
    rows: Sequence[Row], types: Mapping[str, Type] = DRAWN
) -> dict[str, NDArray[np.float64]]:
    """Return rows as the columns a Plan reads."""
    return {
        name: np.array([encoded(each[name], type_) for each in rows])
        for name, type_ in types.items()
    }


def read_by(strategy: Strategy) -> dict[str, Type]:
    """Return the features and hoisted columns a strategy reads, with their types."""
    types = strategy.rows.types()
    read = Plan(strategy).reads | Plan(strategy).universe_reads
    hoisted = {
        each.name: BOOL if each.kernel in TRUTHS else NUMBER
        for each in strategy.hoisted
    }
    return {name: types[name] for name in sorted(read) if name in types} | hoisted


def encoded(value: Value, type_: Type) -> float:
    """Return a value as a column holds it."""
    if value is None:
        return math.nan
    if type_.kind is Kind.ENUM:
        return float(type_.values.index(str(value)))
    return float(value)


def strategy(random: Random, depth: int = 3) -> Strategy:
    """Return a whole strategy: universe, lets, guards, trades and vetoes."""
    lets: list[Let] = []
    scope: dict[str, Type] = {}
    names: dict[str, list[str]] = {}
    for index in range(random.randrange(4)):
        symbol = random.choice(("prob", "bool", "ratio"))
        name = f"let_{index}"
        let = Let(
            name=name, expression=expression(text(random, symbol, 2, names), **scope)
        )
        lets.append(let)
        scope[name] = let.expression.type
        names.setdefault(symbol, []).append(name)

    def condition() -> Expression:
        return expression(text(random, "bool", depth, names), BOOL, **scope)

    def price() -> Expression:
        return expression(text(random, "prob", 2, names), PROB, **scope)

    def shares() -> Expression:
        return expression(text(random, "shares", 2, names), SHARES, **scope)

    def rule(index: int) -> Rule:
        trade = Trade(
            side=random.choice(tuple(Side)),
            token=random.choice(("yes", "no")),
            price=price(),
            fair=price() if random.random() < 0.5 else None,
            edge=price() if random.random() < 0.5 else None,
            size=shares() if random.random() < 0.3 else None,
        )
        side = QuoteSide(side=Side.BUY, token="yes", price=price(), shares=shares())
        legs = tuple(
            Leg(market="", side=Side.BUY, token=token, price=price())
            for token in ("yes", "no")
        )
        actions: list[Action] = [trade, trade, Veto(), Cancel(), Quote()]
        actions += [
            Quote(sides=(side,)),
            Basket(legs=legs, shares=shares(), edge=price()),
        ]
        return Rule(
            id=f"rule_{index}",
            when=condition(),
            then=random.choice(actions),
            on_unknown=random.choice(tuple(OnUnknown)),
        )

    return Strategy(
        id=StrategyId("drawn"),
        version="1",
        digest="0" * 32,
        universe=condition() if random.random() < 0.5 else None,
        lets=tuple(lets),
        guards=tuple(
            Guard(id=f"guard_{index}", when=condition())
            for index in range(random.randrange(3))
        ),
        hit_policy=random.choice(tuple(HitPolicy)),
        rules=tuple(rule(index) for index in range(random.randrange(1, 5))),
        sizing=Fixed(usd=1.0),
        schedule=Schedule(every=1),
    )
