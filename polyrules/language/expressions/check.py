"""Types and units of expressions: is it a sentence, and does it mean anything?

All that is wrong with a text is told at once, each thing once: what is made of a wrong
part is not judged. Params become constants here, and window functions become columns.
It never raises, whatever the text, and computes nothing but constants, to look at them.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from polyrules.documents.words import did_you_mean
from polyrules.errors import InvariantError
from polyrules.features.catalog import CATALOG
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.hoist import (
    DEFAULT_BY,
    Call,
    Windows,
    hoist_grouping,
    hoist_window,
)
from polyrules.language.expressions.late import (
    KNOWN_EARLY,
    KNOWN_LATE,
    LOOKS_AHEAD,
)
from polyrules.language.expressions.parse import parse
from polyrules.language.expressions.tokens import Finding
from polyrules.language.expressions.typed import (
    BOOL,
    BOOL_HINT,
    NUMBER,
    WORD,
    Typed,
    common,
    pair_hint,
    shown,
    time_hint,
    unit_shown,
)
from polyrules.language.expressions.units import (
    LITERAL,
    PLAIN,
    product,
    quotient,
    shared,
)
from polyrules.language.functions import FUNCTIONS, GROUPS, WINDOWS, Function

__all__ = ["Checked", "Finding", "Scope", "check", "feature_types"]

SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.And: "and",
    ast.Or: "or",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
OTHER_WORDS = {
    "true": "write True",
    "false": "write False",
    "null": "ask whether x is there with known(x)",
    "nan": "ask whether x is there with known(x)",
}
SAME = ("x", "value")  # what a function gives is what it takes


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names of a text may be.

    Attributes:
        types: Features and lets.
        constants: Params with their values; they win over `types`.
        windows: Where window functions are hoisted to; None where none may stand.
        lets: What lets mean, so that a window can look back at one; at a let that is
            not here it cannot.
        numbers: Lets that are constant numbers.
        suggests: Whether to look for the name that an unknown one may have meant.
    """

    types: Mapping[str, Type]
    constants: Mapping[str, tuple[Type, float | bool | str]]
    windows: Windows | None
    lets: Mapping[str, Expression] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    suggests: bool = True


class Checked(msgspec.Struct, frozen=True):
    """A checked expression, or None and what is wrong with the text."""

    expression: Expression | None
    findings: tuple[Finding, ...]


def check(source: str, scope: Scope, want: Type | None) -> Checked:
    """Parse a text and check what it means.

    Args:
        source: The text.
        scope: Its names; windows are added to `scope.windows` if all is well.
        want: The type it must have, None for any; the unit "1" takes counts too.

    Returns:
        The expression, or every finding in the order of the text.
    """
    parsed = parse(source)
    if parsed.tree is None:
        return Checked(None, parsed.findings)
    typed = Typed(source, scope.lets, scope.numbers)
    checker = _Checker(typed, scope)
    tree = checker.read(parsed.tree)
    if want is not None and tree in typed.types:
        _demand(typed, tree, want)
    elif typed.types.get(tree) == WORD:
        hint = "compare a feature with a word, such as category == 'sports'"
        typed.tell(tree, "PT003", "words alone are no value", hint)
    if typed.findings:
        ordered = sorted(typed.findings, key=lambda each: (each.start, each.end))
        return Checked(None, tuple(ordered))
    if scope.windows is not None:
        scope.windows.take(checker.windows)
    typed.settle()
    return Checked(typed.expression(tree), ())


def feature_types() -> Mapping[str, Type]:
    """Return the type of every feature of the catalog."""
    types: dict[str, Type] = {}
    for feature in CATALOG.values():
        match feature.unit:
            case "bool":
                types[feature.name] = BOOL
            case "enum":
                types[feature.name] = Type(Kind.ENUM, values=feature.values)
            case unit:
                types[feature.name] = Type(Kind.NUMBER, unit)
    return types


def _demand(typed: Typed, tree: ast.expr, want: Type) -> None:
    """Tell if the whole is not of the type that is wanted."""
    found = typed.types[tree]
    if found.kind is not want.kind:
        is_condition = want.kind is Kind.BOOL
        hint = "compare it with something, such as x > 0" if is_condition else ""
        what = "a bool" if is_condition else shown(want)
        typed.tell(tree, "PT007", f"needs {what}, got {shown(found)}", hint)
    elif want.unit in PLAIN:
        if want.unit != LITERAL and found.unit not in PLAIN:
            hint = f"divide it by an amount in {found.unit}"
            typed.tell(tree, "PT007", f"needs a plain number, got {found.unit}", hint)
    elif shared(found.unit, want.unit) is None:
        message = f"needs {want.unit}, got {unit_shown(found.unit)}"
        typed.tell(tree, "PT007", message, time_hint(found.unit, want.unit))
    else:
        typed.adopt([tree], want)


class _Checker:
    """Reads one text."""

    def __init__(self, typed: Typed, scope: Scope) -> None:
        self._typed = typed
        self._types = typed.types
        self._scope = scope
        self.windows = Windows() if scope.windows is None else scope.windows.copy()

    def read(self, node: ast.expr) -> ast.expr:
        """Give a node and all below it a type; return what stands for it."""
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Call():
                return self._call(node)
            case ast.Constant(value=value):
                kinds = {bool: BOOL, str: WORD}
                self._types[node] = kinds.get(type(value), NUMBER)
            case ast.BoolOp():
                self._join(node)
            case ast.UnaryOp():
                self._unary(node)
            case ast.BinOp():
                self._arithmetic(node)
            case ast.Compare():
                self._comparison(node)
            case ast.IfExp():
                self._choice(node)
            case _:
                raise InvariantError(f"the parser let through {ast.dump(node)}")
        return node

    def _name(self, node: ast.Name) -> ast.expr:
        scope, name = self._scope, node.id
        if name in scope.constants:
            type_, value = scope.constants[name]
            constant = ast.copy_location(ast.Constant(value), node)
            self._types[constant] = type_
            self._typed.params[constant] = name
            return constant
        if name in scope.types:
            self._types[node] = scope.types[name]
            return node
        function = FUNCTIONS.get(name) or WINDOWS.get(name) or GROUPS.get(name)
        if function is not None:
            hint = f"{name} is a function: {function.signature}"
        else:
            known = [*scope.types, *scope.constants]
            known = known if scope.suggests else []
            each = [full for full in known if full.partition(".")[2] == name]
            hint = f"say of which: {' or '.join(sorted(each))}" if each[1:] else ""
            hint = hint or OTHER_WORDS.get(name.lower()) or did_you_mean(name, known)
        if "." in name and self._is_value(name.partition(".")[0]):
            message = "attribute access with a dot is not allowed in expressions"
            self._typed.tell(node, "PE002", message, "a value has no parts")
            return node
        code, message = "PN001", f'unknown feature "{name}"'
        if known_late := KNOWN_LATE.get(name.rpartition(".")[2]):
            code, hint = LOOKS_AHEAD, KNOWN_EARLY
            message = f'"{name}" is known only at or after resolution: {known_late}'
        self._typed.tell(node, code, message, hint)
        return node

    def _is_value(self, name: str) -> bool:
        return name in self._scope.types or name in self._scope.constants

    # Operators

    def _join(self, node: ast.BoolOp) -> None:
        node.values = [self.read(each) for each in node.values]
        for each in node.values:
            self._typed.is_bool(each, SYMBOLS[type(node.op)], "PT001")
        self._types[node] = BOOL

    def _unary(self, node: ast.UnaryOp) -> None:
        node.operand = self.read(node.operand)
        if isinstance(node.op, ast.Not):
            self._typed.is_bool(node.operand, "not", "PT002")
            self._types[node] = BOOL
        elif self._typed.are_numbers([node.operand], "-"):
            self._types[node] = self._types[node.operand]

    def _arithmetic(self, node: ast.BinOp) -> None:
        node.left, node.right = self.read(node.left), self.read(node.right)
        sides = [node.left, node.right]
        if not self._typed.are_numbers(sides, SYMBOLS[type(node.op)]):
            return
        left, right = self._types[node.left], self._types[node.right]
        if isinstance(node.op, ast.Mult):
            self._types[node] = Type(Kind.NUMBER, product(left.unit, right.unit))
        elif isinstance(node.op, ast.Div):
            self._types[node] = Type(Kind.NUMBER, quotient(left.unit, right.unit))
        elif (both := common(left, right)) is None:
            self._tell_sum(node, left.unit, right.unit)
        elif self._typed.adopt(sides, both):
            self._types[node] = both

    def _tell_sum(self, node: ast.BinOp, left: str, right: str) -> None:
        one, other = unit_shown(left), unit_shown(right)
        message = f"cannot add {one} and {other}"
        if isinstance(node.op, ast.Sub):
            message = f"cannot subtract {other} from {one}"
        self._typed.tell(node, "PU001", message, time_hint(left, right))

    def _comparison(self, node: ast.Compare) -> None:
        node.left = left = self.read(node.left)
        for index, operator in enumerate(node.ops):
            right = node.comparators[index]
            if isinstance(right, ast.Tuple):
                right.elts = [self.read(word) for word in right.elts]
                for word in right.elts:
                    self._pair(left, operator, word, word)
                self._types[right] = self._types.get(left, WORD)
            else:
                node.comparators[index] = right = self.read(right)
                self._pair(left, operator, right, (left, right))
            left = right
        self._types[node] = BOOL

    def _pair(
        self,
        left: ast.expr,
        operator: ast.cmpop,
        right: ast.expr,
        place: ast.expr | tuple[ast.expr, ast.expr],
    ) -> None:
        """Check one comparison, and tell at `place` if there is none."""
        typed = self._typed
        symbol = SYMBOLS.get(type(operator))
        if symbol and not typed.are_numbers([left, right], symbol):
            return
        if not typed.known([left, right]):
            return
        one, other = self._types[left], self._types[right]
        both = common(one, other)
        if both is None:
            self._tell_pair(one, other, place)
        elif both == WORD:
            message = "two texts are compared: nothing here depends on the market"
            typed.tell(place, "PT003", message)
        else:
            typed.adopt([left], both, right)
            typed.adopt([right], both, left)

    def _tell_pair(
        self, one: Type, other: Type, place: ast.expr | tuple[ast.expr, ast.expr]
    ) -> None:
        if one.kind is other.kind is Kind.NUMBER:
            units = f"{unit_shown(one.unit)} with {unit_shown(other.unit)}"
            hint = pair_hint(one.unit, other.unit)
            self._typed.tell(place, "PU002", f"cannot compare {units}", hint)
            return
        is_text = Kind.ENUM in (one.kind, other.kind)
        hint = "" if is_text else BOOL_HINT
        if WORD in (one, other) and Kind.BOOL in (one.kind, other.kind):
            hint = (
                "it is TRUE or FALSE by itself: leave the comparison out, or write not"
            )
        message = f"cannot compare {shown(one)} with {shown(other)}"
        if one.kind is other.kind:
            message = "cannot compare words of different lists"
        self._typed.tell(place, "PT003" if is_text else "PT002", message, hint)

    def _choice(self, node: ast.IfExp) -> None:
        node.test = self.read(node.test)
        node.body, node.orelse = self.read(node.body), self.read(node.orelse)
        self._typed.is_bool(node.test, "if", "PT001")
        if not self._typed.known([node.body, node.orelse]):
            return
        one, other = self._types[node.body], self._types[node.orelse]
        both = common(one, other)
        if both is None:
            message = f"one branch is {shown(one)}, the other {shown(other)}"
            self._typed.tell(node, "PT006", message, time_hint(one.unit, other.unit))
        elif self._typed.adopt([node.body, node.orelse], both):
            self._types[node] = both

    # Calls

    def _call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name), "the parser lets only names be called"
        name = node.func.id
        hoisted = WINDOWS.get(name) or GROUPS.get(name)
        if hoisted is not None:
            return self._hoisted(node, hoisted)
        node.args = [self.read(argument) for argument in node.args]
        function = FUNCTIONS.get(name)
        if function is None:
            known = [*FUNCTIONS, *WINDOWS, *GROUPS] if self._scope.suggests else []
            hint = did_you_mean(name, known)
            if name in self._scope.types or name in self._scope.constants:
                hint = f"{name} is a value: write it without brackets"
            self._typed.tell(node.func, "PN002", f'unknown function "{name}"', hint)
        elif self._counted(node, function):
            more = len(node.args) - len(function.takes)
            takes = function.takes + function.takes[-1:] * more
            self._typed_call(node, function, takes)
        return node

    def _counted(self, node: ast.Call, function: Function) -> bool:
        found, wanted = len(node.args), len(function.takes)
        if found == wanted or (function.many and found > wanted):
            return True
        self._tell_count(node, function, found)
        return False

    def _tell_count(self, node: ast.Call, function: Function, found: int) -> None:
        wanted = len(function.takes)
        plural = "" if wanted == 1 else "s"
        least = "at least " if function.many else ""
        message = f"{function.name} takes {least}{wanted} argument{plural}, got {found}"
        hint = f"{function.signature}: {function.doc}"
        self._typed.tell(node, "PT005", message, hint)

    def _typed_call(
        self, node: ast.Call, function: Function, takes: Sequence[str]
    ) -> None:
        pairs = zip(takes, node.args, strict=True)
        sound = [self._fits(function.name, take, each) for take, each in pairs]
        if function.gives not in SAME:
            self._types[node] = type_ = _given(function.gives)
            value = constant(node) if all(sound) else None
            if value is not None and not self._typed.is_price(node, value, type_):
                del self._types[node]  # as_prob(92): told, and not judged again
        alike = [
            each for take, each in zip(takes, node.args, strict=True) if take in SAME
        ]
        if alike and all(sound):
            found = self._alike(node, function.name, alike)
            if found is not None and function.gives in SAME:
                self._types[node] = found

    def _fits(self, name: str, takes: str, node: ast.expr) -> bool:
        """Tell whether an argument is what a function takes; note it if it is not."""
        typed = self._typed
        if takes in ("any", "value"):
            return typed.known([node])
        if not typed.are_numbers([node], name):
            return False
        unit = self._types[node].unit
        if takes == "plain" and unit not in PLAIN:
            message = f"{name} needs a plain number, got {unit}"
            typed.tell(node, "PU004", message, f"divide it by an amount in {unit}")
            return False
        if takes in ("x", "number", "plain"):
            return True
        if shared(unit, takes) is None:
            message = f"{name} needs {takes}, got {unit_shown(unit)}"
            typed.tell(node, "PU004", message, time_hint(unit, takes))
            return False
        return typed.adopt([node], Type(Kind.NUMBER, takes))

    def _alike(
        self, node: ast.Call, name: str, arguments: Sequence[ast.expr]
    ) -> Type | None:
        """Return the one type of arguments that must be alike."""
        result = self._types[arguments[0]]
        for argument in arguments[1:]:
            type_ = self._types[argument]
            both = common(result, type_)
            if both is None:
                code = "PT006" if name == "coalesce" else "PU002"
                message = (
                    f"{name} needs one type, got {shown(result)} and {shown(type_)}"
                )
                hint = time_hint(result.unit, type_.unit)
                self._typed.tell(node, code, message, hint)
                return None
            result = both
        return result if self._typed.adopt(arguments, result) else None

    # Calls of more than one row

    def _hoisted(self, node: ast.Call, function: Function) -> ast.expr:
        typed, scope = self._typed, self._scope
        looks_back = function.name in WINDOWS
        if scope.windows is None:
            what = "looks back in time" if looks_back else "compares markets"
            message = f"{function.name} {what}, which only a let can do"
            hint = f"name it under let, and use the name: {typed.text(node)}"
            typed.tell(node, "PW001", message, hint)
            return node
        call = self._hoisted_call(node, function)
        if call is None:
            found = None
        elif looks_back:
            found = hoist_window(typed, call, self.windows, scope.lets)
        else:
            names = scope.types.keys()
            found = hoist_grouping(typed, call, self.windows, scope.lets, names)
        return node if found is None else found

    def _hoisted_call(self, node: ast.Call, function: Function) -> Call | None:
        """Return a call with its arguments read, None if there is something wrong."""
        arguments = [self.read(argument) for argument in node.args]
        options = {str(each.arg): self.read(each.value) for each in node.keywords}
        found, wanted = len(arguments) + ("by" in options), len(function.takes)
        has_default = function.name in DEFAULT_BY and "by" not in options
        if found != wanted and not (has_default and found == wanted - 1):
            self._tell_count(node, function, found)
            return None
        if "by" in function.takes and len(arguments) == wanted:
            options["by"] = arguments.pop()
        if not self._typed.known([*arguments, *options.values()]):
            return None
        asked, length = (*arguments, None, None)[:2]
        if function.name == "crossed_above":
            asked, length = self._crossing(node, *arguments), None
            if asked is None:
                return None
        return Call(node, function, asked, length, options)

    def _crossing(
        self, node: ast.Call, left: ast.expr, right: ast.expr
    ) -> ast.expr | None:
        """Return the condition that two sides have crossed once it becomes TRUE."""
        told = len(self._typed.findings)
        self._pair(left, ast.Gt(), right, (left, right))
        if len(self._typed.findings) > told:
            return None
        condition = ast.Compare(left, [ast.Gt()], [right])
        self._types[condition] = BOOL
        return ast.copy_location(condition, node)


def _given(gives: str) -> Type:
    return BOOL if gives == "bool" else Type(Kind.NUMBER, gives)
