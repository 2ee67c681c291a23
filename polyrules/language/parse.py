"""From the text of an expression to a whitelisted tree; meaning is checked elsewhere.

The grammar is Python's, cut down: no attributes, no indexing, no assignments, nothing
that runs or loops. What a text may cost is bounded before and after it is parsed. It
never raises: whatever is wrong with a text is a finding.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import msgspec

CHARS_MAX = 500
NODES_MAX = 200
DEPTH_MAX = 30

SYNTAX, NOT_ALLOWED, TOO_LARGE = "PE001", "PE002", "PE003"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a piece of a text, from `start` to `end` in characters."""

    start: int
    end: int
    code: str
    message: str
    help: str = ""


class Parsed(msgspec.Struct, frozen=True):
    """The tree of a text, or None and what is wrong with the text."""

    tree: ast.expr | None
    findings: tuple[Finding, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<operator>\*\*|//|===|==|=>|=<|<>|<=|>=|!=|:=|&&|\|\||<<|>>
        |[-+*/<>(),.:\[\]{}%^~@!=;&|])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

# How a habit from another language, or from print, is said here.
FOREIGN = {
    "=": 'use "==" to compare; assignments are not allowed',
    ":=": 'use "==" to compare; assignments are not allowed',
    "===": 'write "=="',
    "=>": 'write ">="',
    "=<": 'write "<="',
    "&&": 'write "and"',
    "||": 'write "or"',
    "&": 'write "and"',
    "|": 'write "or"',
    "!": 'write "not"',
    "<>": 'write "!="',
    ";": 'one expression only: join conditions with "and"',
    "#": "no comments inside an expression: put them in the YAML, on a line above",
    "≥": 'write ">="',
    "≤": 'write "<="',
    "≠": 'write "!="',
    "\N{MULTIPLICATION SIGN}": 'write "*"',
    "\N{DIVISION SIGN}": 'write "/"',
    "\N{MINUS SIGN}": 'write "-"',
    "\N{EN DASH}": 'write "-"',
    "\N{LEFT DOUBLE QUOTATION MARK}": "use plain quotes",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "use plain quotes",
    "\N{LEFT SINGLE QUOTATION MARK}": "use plain quotes",
    "\N{RIGHT SINGLE QUOTATION MARK}": "use plain quotes",
    "$": "write amounts without a currency sign",
    "€": "write amounts without a currency sign",
}
WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
CLOSES = {")": "(", "]": "[", "}": "{"}

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
        wrong = _finding(CHARS_MAX, len(source), TOO_LARGE, message, "split it in lets")
        return Parsed(None, (wrong,))
    tokens = [token for token in _tokens(source) if token.kind != "space"]
    findings = tuple(_lexical(source, tokens))
    if findings:
        return Parsed(None, findings)
    tree, wrong_syntax = _python(source, tokens)
    if tree is None:
        return Parsed(None, (wrong_syntax,) if wrong_syntax else ())
    found = _too_large(source, tree) or _not_allowed(source, tree)
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


def _finding(start: int, end: int, code: str, message: str, hint: str = "") -> Finding:
    return Finding(start=start, end=end, code=code, message=message, help=hint)


def _tokens(source: str) -> Iterator[_Token]:
    for found in TOKEN.finditer(source):
        yield _Token(found.lastgroup or "other", found[0], found.start())


def _lexical(source: str, tokens: list[_Token]) -> Iterator[Finding]:
    """Yield what can be told without a grammar, in words that fit."""
    if not tokens:
        hint = "write a condition or a number"
        yield _finding(0, len(source), SYNTAX, "the expression is empty", hint)
    opened: list[_Token] = []
    before = _Token("other", "", 0)
    for token, after in pairwise([*tokens, before]):
        if token.text in ("'", '"'):
            message = "a quote is opened and never closed"
            yield _finding(token.start, len(source), SYNTAX, message)
            return
        if token.text == "=" and before.kind == "name" and opened:
            pass  # the name of an argument, or Python stops here
        elif (wrong := _wrong_token(before, token, after)) is not None:
            yield wrong
        elif token.text in CLOSES.values():
            opened.append(token)
        elif token.text in CLOSES and (
            not opened or opened.pop().text != CLOSES[token.text]
        ):
            message = f'"{token.text}" closes nothing'
            yield _finding(token.start, token.end, SYNTAX, message)
            return
        before = token
    for token in opened:
        message = f'"{token.text}" is never closed'
        yield _finding(token.start, token.end, SYNTAX, message)


def _wrong_token(before: _Token, token: _Token, after: _Token) -> Finding | None:
    """Return what is wrong with a token that has no place in the language."""
    start, end, text = token.start, token.end, token.text
    if token.kind == "string":
        if text.isprintable() and "\\" not in text:
            return None
        message = "only printable characters may stand in quotes, and no backslash"
        return _finding(start, end, SYNTAX, message)
    if text == "%" and before.kind == "number" and not _begins_value(after):
        share = float(before.text.replace("_", "")) / 100
        message = f'"{before.text}%" is not a number'
        return _finding(before.start, end, SYNTAX, message, f"write {share:g}")
    if text in FOREIGN:
        code = NOT_ALLOWED if text == ":=" else SYNTAX
        what = (
            "is not an operator here" if token.kind == "operator" else "is unexpected"
        )
        return _finding(start, end, code, f'"{text}" {what}', FOREIGN[text])
    if token.kind == "other":
        shown = text if text.isprintable() else f"U+{ord(text):04X}"
        return _finding(start, end, SYNTAX, f'unexpected character "{shown}"')
    return None


def _begins_value(token: _Token) -> bool:
    if token.kind == "name":
        return token.text not in WORDS
    return token.kind in ("number", "string") or token.text == "("


def _python(
    source: str, tokens: list[_Token]
) -> tuple[ast.expr | None, Finding | None]:
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
    except (RecursionError, MemoryError):
        return None, _deep(source)
    except ValueError:  # an integer with more digits than Python reads
        return None, _finding(0, len(source), TOO_LARGE, "a number has too many digits")
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset += shift
            node.end_col_offset = (node.end_col_offset or 0) + shift
    return tree, None


def _syntax_error(tokens: list[_Token], at: int, said: str) -> Finding:
    last = tokens[-1]
    if last.text in WORDS or (last.kind == "operator" and last.text not in CLOSES):
        message = f'something is missing behind "{last.text}"'
        return _finding(last.start, last.end, SYNTAX, message)
    token = next((token for token in tokens if token.end > at), last)
    if "'else'" in said:  # Python 3.11 and later
        token = next((token for token in tokens if token.text == "if"), token)
        hint = "write: a if condition else b"
        return _finding(token.start, token.end, SYNTAX, '"if" without "else"', hint)
    message = f'syntax error at "{token.text}"'
    return _finding(token.start, token.end, SYNTAX, message, _joined(tokens, token))


def _joined(tokens: list[_Token], token: _Token) -> str:
    """Return a hint where two values stand side by side."""
    at = tokens.index(token)
    if at and _begins_value(token) and _begins_value(tokens[at - 1]):
        return 'is an operator missing in front of it, such as "and" or "*"?'
    return ""


def _deep(source: str) -> Finding:
    message = f"nested deeper than {DEPTH_MAX} levels"
    return _finding(0, len(source), TOO_LARGE, message, "split it in lets")


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
        return (_finding(0, len(source), TOO_LARGE, message, "split it in lets"),)
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
        yield _finding(start, end, NOT_ALLOWED, message, hint)
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
    return _finding(start, end, NOT_ALLOWED, message, hint)


def _wrong_constant(node: ast.Constant, start: int, end: int) -> Iterator[Finding]:
    value = node.value
    if value is None:
        hint = "ask whether x is there with known(x)"
        yield _finding(start, end, SYNTAX, "None is no value here", hint)
    elif isinstance(value, bool | str):
        return
    elif not isinstance(value, int | float):
        kinds = {bytes: 'a text of bytes b""', complex: "an imaginary number"}
        name = kinds.get(type(value), "...")
        yield _finding(start, end, NOT_ALLOWED, f"{name} is not allowed in expressions")
    else:
        try:
            node.value = float(value)
        except OverflowError:
            node.value = float("inf")
        if node.value == float("inf"):
            yield _finding(start, end, TOO_LARGE, "the number is too large")


def _wrong_call(source: str, node: ast.Call, start: int, end: int) -> Iterator[Finding]:
    if not isinstance(node.func, ast.Name):
        if isinstance(node.func, ast.Attribute):
            yield from _wrong_node(source, node.func)
        else:
            message = "only a function of the language can be called, by its name"
            yield _finding(start, end, NOT_ALLOWED, message)
    for keyword in node.keywords:
        place = span(source, keyword.value)
        name = f"{keyword.arg}=" if keyword.arg else "**"
        message = f'"{name}" is not allowed: arguments have no names'
        yield _finding(*place, NOT_ALLOWED, message)


def _wrong_comparison(source: str, node: ast.Compare) -> Iterator[Finding]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if _is_none(left) or _is_none(right):
            none, other = (left, right) if _is_none(left) else (right, left)
            negated = "not " if isinstance(operator, ast.Eq | ast.Is) else ""
            hint = f'write "{negated}known({segment(source, other)})"'
            place = span(source, none)
            yield _finding(*place, SYNTAX, "None is no value here", hint)
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
        yield _finding(start, end, NOT_ALLOWED, message, hint)
    elif isinstance(right, ast.Tuple) and not right.elts:
        yield _finding(start, end, NOT_ALLOWED, "no choices in the brackets")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
