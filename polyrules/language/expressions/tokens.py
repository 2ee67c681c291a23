"""The words of an expression, and what can be told from them without a grammar.

Habits from other languages (`=`, `&&`, `92%`, a curly quote) are told in words that
say what to write instead; the grammar would only say that it stopped there.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

SYNTAX, NOT_ALLOWED = "PE001", "PE002"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a piece of a text, from `start` to `end` in characters."""

    start: int
    end: int
    code: str
    message: str
    help: str = ""


class Token(NamedTuple):
    """A word of a text: its kind is the name of a group of TOKEN."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The place behind its last character."""
        return self.start + len(self.text)


TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?)
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
UNIT_OF_TIME = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
RAW = frozenset("rRuU")  # in front of a quote they change nothing, or what it means
CLOSES = {")": "(", "]": "[", "}": "{"}


def finding(start: int, end: int, code: str, message: str, hint: str = "") -> Finding:
    """Return a finding."""
    return Finding(start=start, end=end, code=code, message=message, help=hint)


def tokenize(source: str) -> Iterator[Token]:
    """Yield the tokens of any text, blanks too; together they are the text."""
    for found in TOKEN.finditer(source):
        yield Token(found.lastgroup or "other", found[0], found.start())


def find_foreign(source: str, tokens: list[Token]) -> Iterator[Finding]:
    """Yield what can be told without a grammar, in words that fit."""
    if not tokens:
        hint = "write a condition or a number"
        yield finding(0, len(source), SYNTAX, "the expression is empty", hint)
    opened: list[Token] = []
    before = Token("other", "", 0)
    for token, after in pairwise([*tokens, before]):
        if token.text in ("'", '"'):
            message = "a quote is opened and never closed"
            yield finding(token.start, len(source), SYNTAX, message)
            return
        if token.text == "=" and before.kind == "name" and opened:
            pass  # the name of an argument, or Python stops here
        elif wrong := _wrong_pair(before, token) or _wrong_token(before, token, after):
            yield wrong
        elif token.text in CLOSES.values():
            opened.append(token)
        elif token.text in CLOSES and (
            not opened or opened.pop().text != CLOSES[token.text]
        ):
            message = f'"{token.text}" closes nothing'
            yield finding(token.start, token.end, SYNTAX, message)
            return
        before = token
    for token in opened:
        message = f'"{token.text}" is never closed'
        yield finding(token.start, token.end, SYNTAX, message)


def _wrong_token(before: Token, token: Token, after: Token) -> Finding | None:
    """Return what is wrong with a token that has no place in the language."""
    start, end, text = token.start, token.end, token.text
    if token.kind == "string":
        if text.isprintable() and "\\" not in text:
            return None
        message = "only printable characters may stand in quotes, and no backslash"
        return finding(start, end, SYNTAX, message)
    if text == "%" and before.kind == "number" and not begins_value(after):
        share = float(before.text.replace("_", "")) / 100
        message = f'"{before.text}%" is not a number'
        return finding(before.start, end, SYNTAX, message, f"write {share:g}")
    if text in FOREIGN:
        code = NOT_ALLOWED if text == ":=" else SYNTAX
        what = (
            "is not an operator here" if token.kind == "operator" else "is unexpected"
        )
        return finding(start, end, code, f'"{text}" {what}', FOREIGN[text])
    if token.kind == "other":
        shown = text if text.isprintable() else f"U+{ord(text):04X}"
        return finding(start, end, SYNTAX, f'unexpected character "{shown}"')
    return None


def _wrong_pair(before: Token, token: Token) -> Finding | None:
    """Return what is wrong with two tokens of which Python would make one value."""
    touches = before.end == token.start
    text = before.text + token.text
    is_tail = token.kind in ("number", "name") and token.text not in ("j", "J")
    if before.kind == "number" and is_tail and touches:
        message = f'"{text[:40]}" is not a number'
        hint = "numbers are decimal; a word needs a blank in front"
        if unit := UNIT_OF_TIME.get(token.text):
            hint = f"a time is written {unit}({before.text}) here"
        return finding(before.start, token.end, SYNTAX, message, hint)
    if token.kind != "string":
        return None
    if before.kind == "string":
        message = "two texts side by side"
        return finding(before.start, token.end, SYNTAX, message, "write one text")
    if before.text in RAW and touches:
        message = f'"{before.text}" in front of a text'
        return finding(before.start, token.end, SYNTAX, message, "leave it out")
    return None


def brackets(tokens: Iterable[Token]) -> int:
    """Return how deep brackets are nested."""
    steps = ((t.text in CLOSES.values()) - (t.text in CLOSES) for t in tokens)
    return max(accumulate(steps), default=0)


def begins_value(token: Token) -> bool:
    """Tell whether a value can begin with a token."""
    if token.kind == "name":
        return token.text not in WORDS
    return token.kind in ("number", "string") or token.text == "("
