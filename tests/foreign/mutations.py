"""Sound files and expressions, made a little wrong: nearer to sound than random text.

Everything is drawn from a `random.Random`, so that a law (through hypothesis) and a
long hunt (through a seed) draw from the same mistakes.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random

from tests.foreign.corpus import expressions, hosted
from tests.laws.grammar import SYMBOLS, text

SCALAR = re.compile(r"[^\s{}\[\],:#'\"]+")
TOKEN = re.compile(r"\w+|[^\w\s]")
# Values that some reader or other has stumbled over.
HOSTILE: Sequence[str] = (
    *("", "~", "null", "true", "NO", "0", "-1", "1e400", "-0.0", ".nan", "-.inf"),
    *("0x10", "0o7", "1_000", "12:30", "2026-01-01", "9" * 20, "9" * 5_000, "1e-400"),
    *("[]", "{}", "[[[[[[", "}}", "{a: 1", "- ", "? ", ": ", "&a zq", "*a", "<<", "|"),
    *("!!python/name:os.system zq", "!zq", "%YAML 1.1", "---", "...", "# zq", "'", '"'),
    *('"\\ud800"', '"\\0"', '"\\e[2J"', '"\\x"', '"{spread.__class__}"', "'{0}'", "\t"),
    *("20 USD", "5s", "0s", "999999999d", "50 shares", "-20 USD", "20", "yes_token"),
    *("__import__('os')", "spread.__class__", "9**9**9", "spraed", "zq" * 300, "None"),
    *("spread", "mid", "best_ask", "category", "spread < 0.02", "category == 'sports'"),
    *("lag(mid, hours(1))", "lag(mid, days(1e300))", "1 / 0", "log(-1)", "1e308 * 10"),
)
# What an expression is about, in each place of the host; "" for whatever it likes.
SYMBOL_OF: Mapping[str, str] = {
    **dict.fromkeys(("universe", "guard", "rule", "exit"), "bool"),
    **dict.fromkeys(("let", "reason", "test", "param"), ""),
    "price": "prob",
    "confidence": "ratio",
}
CHARACTERS: Sequence[str] = (
    *("\0", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u0301", "\u200b", "\u200d"),
    *("\u2028", "\u202e", "\u2066", "\u3000", "\ud800", "\ufeff", "\uff53", "\uffff"),
    *("\U0001f600", "\U000e0001", "\t", "\r", "\n", " ", "\\", "'", '"', "{", "}", ":"),
)


def damaged(random: Random, source: str, times: int) -> str:
    """Return a file with so many mistakes made in it."""
    for _ in range(times):
        source = random.choice(MISTAKES)(random, source)
    return source


def expression(random: Random, symbol: str) -> str:
    """Return an expression of the grammar, or a hostile one, sometimes damaged."""
    source = text(random, symbol, random.randrange(4))
    if random.random() < 0.1:
        source = random.choice(WRITTEN)
    for _ in range(random.choice((0, 0, 0, 1, 1, 3))):
        source = random.choice((_other_token, _other_token, _other_character))(
            random, source
        )
    return source


def file_around(random: Random) -> bytes:
    """Return a sound file with an expression in one place of it."""
    place = random.choice(tuple(SYMBOL_OF))
    symbol = SYMBOL_OF[place] or random.choice(SYMBOLS)
    return hosted(place, expression(random, symbol))


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True) or [""]


def _without_line(random: Random, source: str) -> str:
    lines = _lines(source)
    del lines[random.randrange(len(lines))]
    return "".join(lines)


def _line_again(random: Random, source: str) -> str:
    lines = _lines(source)
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return "".join(lines)


def _lines_swapped(random: Random, source: str) -> str:
    lines = _lines(source)
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def _line_moved(random: Random, source: str) -> str:
    lines = _lines(source)
    at = random.randrange(len(lines))
    blanks = " " * random.randrange(1, 5)
    moved = lines[at].removeprefix(blanks) if random.random() < 0.5 else ""
    lines[at] = moved or blanks + lines[at]
    return "".join(lines)


def _other_scalar(random: Random, source: str) -> str:
    found = [match.span() for match in SCALAR.finditer(source)]
    if not found:
        return source
    start, end = random.choice(found)
    return source[:start] + random.choice(HOSTILE) + source[end:]


def _scalar_of_elsewhere(random: Random, source: str) -> str:
    found = [match.span() for match in SCALAR.finditer(source)]
    if not found:
        return source
    (start, end), (first, last) = random.choice(found), random.choice(found)
    return source[:start] + source[first:last] + source[end:]


def _other_expression(random: Random, source: str) -> str:
    found = re.findall(r": ([^{}\[\]#\n]+)\n", source)
    if not found:
        return source
    made = expression(random, random.choice(SYMBOLS)).replace("'", "''")
    return source.replace(random.choice(found), f"'{made}'", 1)


def _other_character(random: Random, source: str) -> str:
    at = random.randrange(len(source) + 1)
    behind = at + random.randrange(2)
    return source[:at] + random.choice(CHARACTERS) + source[behind:]


def _cut(random: Random, source: str) -> str:
    start = random.randrange(len(source) + 1)
    return source[:start] + source[start + random.randrange(40) :]


def _other_token(random: Random, source: str) -> str:
    found = [match.span() for match in TOKEN.finditer(source)]
    if not found:
        return source
    start, end = random.choice(found)
    other = random.choice(TOKEN.findall(random.choice(WRITTEN)) or [""])
    return f"{source[:start]}{other}{source[end:]}"


WRITTEN = tuple(
    source
    for name in ("expressions.txt", "pairs.txt")
    for _, source in expressions(name)
)
MISTAKES = (
    *(_without_line, _line_again, _lines_swapped, _line_moved, _cut),
    *(_other_scalar, _other_scalar, _scalar_of_elsewhere, _scalar_of_elsewhere),
    *(_other_expression, _other_expression, _other_character),
)
