"""From the text of an expression to a whitelisted tree; meaning is checked elsewhere.

The grammar is Python's, cut down: no attributes but `alias.feature`, which is one name,
no indexing, no assignments, nothing that runs or loops. What a text may cost is bounded
before and after it is parsed. It never raises: whatever is wrong with a text is a
finding.
"""

import ast
import re
import warnings
from collections.abc import Iterator

import msgspec

from polyrules.language.expressions.tokens import (
    CLOSES,
    NOT_ALLOWED,
    SYNTAX,
    WORDS,
    Finding,
    Token,
    begins_value,
    brackets,
    find_foreign,
    finding,
    tokenize,
)
from polyrules.language.function import Function
from polyrules.language.hoisted import GROUPS, WINDOWS

CHARS_MAX = 500
NODES_MAX = 200
DEPTH_MAX = 30

TOO_LARGE = "PE003"


class Parsed(msgspec.Struct, frozen=True):
    """The tree of a text, or None and what is wrong with the text."""

    tree: ast.expr | None
    findings: tuple[Finding, ...]


REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Attribute: ("attribute access with a dot", ""),
    ast.Subscript: ("indexing with [ ]", ""),
    ast.Lambda: ("lambda", ""),
    ast.ListComp: ("a comprehension", ""),
    ast.SetComp: ("a comprehension", ""),
    ast.DictComp: ("a comprehension", ""),
    ast.GeneratorExp: ("a comprehension", ""),
    ast.List: ("a list in [ ]", "write the choices in round brackets"),
    ast.Set: ("a set in { }", "write the choices in round brackets"),
    ast.Dict: ("a mapping in { }", ""),
    ast.JoinedStr: ("an f-string", ""),
    ast.NamedExpr: ("an assignment with :=", 'use "==" to compare; name it in let'),
    ast.Starred: ("unpacking with *", ""),
    ast.Await: ("await", ""),
    ast.Yield: ("yield", ""),
    ast.YieldFrom: ("yield", ""),
    ast.Slice: ("a slice", ""),
    ast.Pow: ('the power operator "**"', "write pow(x, y)"),
    ast.Mod: ('the remainder operator "%"', "write percentages as 0.05"),
    ast.FloorDiv: ('the operator "//"', 'write "/", or floor_tick(x, tick)'),
    ast.MatMult: ('the operator "@"', ""),
    ast.LShift: ('the operator "<<"', ""),
    ast.RShift: ('the operator ">>"', ""),
    ast.BitXor: ('the operator "^"', "write pow(x, y)"),
    ast.Invert: ('the operator "~"', 'write "not"'),
    ast.UAdd: ('a "+" sign in front', "leave it out"),
    ast.Is: ('"is"', 'write "=="'),
    ast.IsNot: ('"is not"', 'write "!="'),
}
ALLOWED = (
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.IfExp,
    ast.Call,
    ast.Name,
    ast.Constant,
    ast.Tuple,
)
OPERATORS = (
    *(ast.And, ast.Or, ast.Not, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div),
    *(ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.In, ast.NotIn),
)
THOUSANDS = re.compile(r"(?<![\w.])[1-9]\d{0,2}(?:,\d{3})+(?![\w.])")


def parse(source: str) -> Parsed:
    """Parse an expression.

    Args:
        source: The text; line breaks in it are blanks.

    Returns:
        The tree, its numbers all finite floats and its columns counted in bytes from
        the start of `source`, on line 1; or PE001 for what is no expression, PE002 for
        what Python has and the language has not, PE003 for what is too large.
    """
    if len(source) > CHARS_MAX:
        message = f"{len(source)} characters in one expression, at most {CHARS_MAX}"
        wrong = finding(CHARS_MAX, len(source), TOO_LARGE, message, "split it in lets")
        return Parsed(None, (wrong,))
    tokens = [token for token in tokenize(source) if token.kind != "space"]
    findings = tuple(find_foreign(source, tokens))
    if findings:
        return Parsed(None, findings)
    if brackets(tokens) > DEPTH_MAX:
        return Parsed(None, (_deep(source),))
    tree, wrong_syntax = _python(source, tokens)
    if tree is None:
        return Parsed(None, (wrong_syntax,) if wrong_syntax else ())
    found = _too_large(source, tree)
    if not found:
        tree = _Dotted().visit(tree)  # as deep as it may be, and no deeper
        found = tuple(_not_allowed(source, tree))
    findings = tuple(sorted(found, key=lambda each: each.start))
    return Parsed(None if findings else tree, findings)


def span(source: str, node: ast.expr) -> tuple[int, int]:
    """Return where a node of the tree of `source` stands, in characters."""
    if source.isascii():
        return node.col_offset, node.end_col_offset or len(source)
    data = source.encode(errors="surrogatepass")
    start = len(data[: node.col_offset].decode(errors="replace"))
    return start, len(data[: node.end_col_offset].decode(errors="replace"))


def segment(source: str, node: ast.expr) -> str:
    """Return the text of a node of the tree of `source`, blanks drawn together."""
    start, end = span(source, node)
    return " ".join(source[start:end].split())


def _python(source: str, tokens: list[Token]) -> tuple[ast.expr | None, Finding | None]:
    """Return Python's tree of a text, or where Python stops to understand it."""
    # Line breaks and tabs would mean something to Python; each is one character.
    line = re.sub(r"\s", " ", source)
    text = line.lstrip()
    shift = len(line) - len(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's taste, not of ours
            tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        at = shift + max((error.offset or 1) - 1, 0)
        return None, _syntax_error(tokens, at, error.msg)
    except (RecursionError, MemoryError):  # Pythons differ in how deep they look
        return None, _deep(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset += shift
            node.end_col_offset = (node.end_col_offset or 0) + shift
    return tree, None


class _Dotted(ast.NodeTransformer):
    """Makes one name of `near.best_ask`: a feature of one of the things in a row.

    No object is ever reached into. What is called, begins with an underscore or has
    more than one dot is left alone, and refused like any other attribute.
    """

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        plain = isinstance(node.value, ast.Name) and "." not in node.value.id
        if not plain or node.attr.startswith("_"):
            return node
        assert isinstance(node.value, ast.Name), "just looked at"
        return ast.copy_location(ast.Name(f"{node.value.id}.{node.attr}"), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node


def _syntax_error(tokens: list[Token], at: int, said: str) -> Finding:
    last = tokens[-1]
    if last.text in WORDS or (last.kind == "operator" and last.text not in CLOSES):
        message = f'something is missing behind "{last.text}"'
        return finding(last.start, last.end, SYNTAX, message)
    token = next((token for token in tokens if token.end > at), last)
    if "'else'" in said:  # Python 3.11 and later
        token = next((token for token in tokens if token.text == "if"), token)
        hint = "write: a if condition else b"
        return finding(token.start, token.end, SYNTAX, '"if" without "else"', hint)
    message = f'syntax error at "{token.text}"'
    return finding(token.start, token.end, SYNTAX, message, _joined(tokens, token))


def _joined(tokens: list[Token], token: Token) -> str:
    """Return a hint where two values stand side by side."""
    at = tokens.index(token)
    if at and begins_value(token) and begins_value(tokens[at - 1]):
        return 'is an operator missing in front of it, such as "and" or "*"?'
    return ""


def _deep(source: str) -> Finding:
    message = f"nested deeper than {DEPTH_MAX} levels"
    return finding(0, len(source), TOO_LARGE, message, "split it in lets")


def _too_large(source: str, tree: ast.expr) -> tuple[Finding, ...]:
    nodes = 0
    level: list[ast.AST] = [tree]
    for _ in range(DEPTH_MAX):
        nodes += sum(isinstance(node, ast.expr) for node in level)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if any(isinstance(node, ast.expr) for node in level):
        return (_deep(source),)
    if nodes > NODES_MAX:
        message = f"{nodes} parts in one expression, at most {NODES_MAX}"
        return (finding(0, len(source), TOO_LARGE, message, "split it in lets"),)
    return ()


def _not_allowed(source: str, tree: ast.expr) -> Iterator[Finding]:
    """Yield what is outside of the whitelist, and make all numbers floats."""
    waiting: list[ast.expr] = [tree]
    while waiting:
        node = waiting.pop(0)
        found = list(_wrong_node(source, node))
        yield from found
        if not found:
            waiting += _parts(node)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions directly inside of a node of the whitelist."""
    if isinstance(node, ast.Call):
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)
    elif isinstance(node, ast.Compare):
        yield node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple) and isinstance(
                operator, ast.In | ast.NotIn
            ):
                yield from right.elts
            else:
                yield right
    else:
        yield from (c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))


def _wrong_node(source: str, node: ast.expr) -> Iterator[Finding]:
    start, end = span(source, node)
    if isinstance(node, ast.Attribute):
        start = span(source, node.value)[1]
    if not isinstance(node, ALLOWED):
        yield _refused(start, end, type(node))
    elif isinstance(node, ast.Constant):
        yield from _wrong_constant(node, start, end)
    elif isinstance(node, ast.Tuple):
        message = "values side by side with commas are not allowed here"
        hint = 'choices in brackets stand only behind "in"'
        if found := THOUSANDS.search(source[start:end]):
            hint = f"a number has no commas: write {found[0].replace(',', '')}"
        yield finding(start, end, NOT_ALLOWED, message, hint)
    elif isinstance(node, ast.Call):
        yield from _wrong_call(source, node, start, end)
    elif isinstance(node, ast.Compare):
        yield from _wrong_comparison(source, node)
    elif isinstance(node, ast.BoolOp | ast.UnaryOp | ast.BinOp) and not isinstance(
        node.op, OPERATORS
    ):
        yield _refused(start, end, type(node.op))


def _refused(start: int, end: int, kind: type[ast.AST]) -> Finding:
    name, hint = REFUSED.get(kind, (kind.__name__, ""))
    message = f"{name} is not allowed in expressions"
    return finding(start, end, NOT_ALLOWED, message, hint)


def _wrong_constant(node: ast.Constant, start: int, end: int) -> Iterator[Finding]:
    value = node.value
    if value is None:
        hint = "ask whether x is there with known(x)"
        yield finding(start, end, SYNTAX, "None is no value here", hint)
    elif isinstance(value, bool | str):
        return
    elif not isinstance(value, int | float):
        kinds = {bytes: 'a text of bytes b""', complex: "an imaginary number"}
        name = kinds.get(type(value), "...")
        yield finding(start, end, NOT_ALLOWED, f"{name} is not allowed in expressions")
    else:
        try:
            node.value = float(value)
        except OverflowError:
            node.value = float("inf")
        if node.value == float("inf"):
            yield finding(start, end, TOO_LARGE, "the number is too large")


def _wrong_call(source: str, node: ast.Call, start: int, end: int) -> Iterator[Finding]:
    if not isinstance(node.func, ast.Name):
        if isinstance(node.func, ast.Attribute):
            yield from _wrong_node(source, node.func)
        else:
            message = "only a function of the language can be called, by its name"
            yield finding(start, end, NOT_ALLOWED, message)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    function = WINDOWS.get(name) or GROUPS.get(name)
    named = function.keywords if function else frozenset()
    for keyword in node.keywords:
        if keyword.arg not in named:
            yield _wrong_keyword(source, keyword, function)


def _wrong_keyword(
    source: str, keyword: ast.keyword, function: Function | None
) -> Finding:
    place = span(source, keyword.value)
    name = f"{keyword.arg}=" if keyword.arg else "**"
    message = f'"{name}" is not allowed: arguments have no names'
    if function is None or keyword.arg is None:
        return finding(*place, NOT_ALLOWED, message)
    if function.keywords:
        message = f'{function.name} has no argument "{keyword.arg}"'
    return finding(*place, NOT_ALLOWED, message, function.signature)


def _wrong_comparison(source: str, node: ast.Compare) -> Iterator[Finding]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if _is_none(left) or _is_none(right):
            none, other = (left, right) if _is_none(left) else (right, left)
            negated = "not " if isinstance(operator, ast.Eq | ast.Is) else ""
            hint = f'write "{negated}known({segment(source, other)})"'
            place = span(source, none)
            yield finding(*place, SYNTAX, "None is no value here", hint)
        elif not isinstance(operator, OPERATORS):
            yield _refused(*span(source, node), type(operator))
        elif isinstance(operator, ast.In | ast.NotIn):
            yield from _wrong_choices(source, operator, right)
        left = right


def _wrong_choices(
    source: str, operator: ast.cmpop, right: ast.expr
) -> Iterator[Finding]:
    start, end = span(source, right)
    if not isinstance(right, ast.Tuple | ast.List | ast.Set):
        word = "not in" if isinstance(operator, ast.NotIn) else "in"
        message = f'"{word}" needs choices in round brackets'
        hint = "for a single choice write ==, or a comma behind it: ('a',)"
        yield finding(start, end, NOT_ALLOWED, message, hint)
    elif isinstance(right, ast.Tuple) and not right.elts:
        yield finding(start, end, NOT_ALLOWED, "no choices in the brackets")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
