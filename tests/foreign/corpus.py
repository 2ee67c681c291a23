"""Every foreign thing there is to try: what it is called, says, and must come to.

The corpus has three parts: files that lie beside this one in `files`, each beginning
with a remark of what it must come to and of the trick; expressions, one a line, put in
the place of a condition; and bombs, which are made when they are asked for.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.foreign.bombs import bombs
from tests.foreign.crowds import CROWDS

HERE = Path(__file__).parent
LOADS = "-"
NUMBERED = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))")
REMARK = re.compile(r"# (?P<code>P[A-Z][0-9]{3}|-): (?P<trick>.+)\n")
PRINTED = re.compile(r"[^\x20-\x7e]")
PLACES = {
    "universe": ("where: spread < 0.03", "where: {}"),
    "let": ("zq_let: spread + zq_param", "zq_let: {}"),
    "guard": ("when: zq_let < 0.9", "when: {}"),
    "rule": ("when: spread < 0.02", "when: {}"),
    "price": ("price: best_ask", "price: {}"),
    "confidence": ("confidence: 0.5", "confidence: {}"),
    "reason": ("reason: zq", "reason: {}"),
    "exit": ("when: spread > 0.5", "when: {}"),
    "param": ("default: 0.5", "default: {}"),
    "test": ("best_ask: 0.25", "best_ask: {}"),
    "name": ("title: zq", "title: {}"),
}
HOST = """\
polyrules: 1
strategy: {id: zq_host, version: 1.0.0, title: zq}
params: {zq_param: {type: prob, default: 0.5, doc: zq}}
universe: {each: market, where: spread < 0.03}
let: {zq_let: spread + zq_param}
guards: [{id: zq_guard, when: zq_let < 0.9}]
rules:
- id: zq_rule
  when: spread < 0.02
  then: {action: buy, token: yes_token, price: best_ask, confidence: 0.5, reason: zq}
sizing: {method: fixed, amount: 20 USD}
exits: [{id: zq_exit, when: spread > 0.5}]
schedule: {every: 5s}
tests: [{name: zq, given: {best_ask: 0.25}, expect: {fires: none}}]
"""
PAIR = """\
polyrules: 1
strategy: {id: zq_pair, version: 1.0.0}
universe: {each: pair, family: deadline, where: near.spread < 0.03}
let: {zq_cost: far.best_ask + near.no_best_ask}
rules:
- id: zq_rule
  when: near.spread < 0.02
  then:
    action: basket
    legs:
    - {market: far, action: buy, token: yes_token, price: far.best_ask}
    - {market: near, action: buy, token: no_token, price: near.no_best_ask}
    shares: 50
    edge: 1 - zq_cost
    reason: "zq {near.spread:.3f}"
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""


class Foreign(NamedTuple):
    """Something foreign: `code` is what it must be refused with, "-" if it loads.

    `code` is None where it may come to anything but harm.
    """

    name: str
    data: bytes
    code: str | None


def corpus() -> Iterator[Foreign]:
    """Yield the whole corpus."""
    yield from files()
    yield from conditions()
    yield from elsewhere(whole=True)
    yield from bombed()


def bombed() -> Iterator[Foreign]:
    """Yield the files that are made when they are asked for."""
    for name, _, data in bombs():
        yield Foreign(f"bomb {name}", data, None)
    for name, (_, text) in CROWDS.items():
        yield Foreign(f"crowd {name}", text.encode(), None)


def files() -> Iterator[Foreign]:
    """Yield the files that were written by hand."""
    for path in sorted((HERE / "files").glob("*.yaml")):
        data = path.read_bytes()
        remark = REMARK.match(data.decode())
        assert remark, f"{path.name} begins with what it comes to, and the trick"
        yield Foreign(f"file {path.stem}", data, remark["code"])


def expressions(name: str = "expressions.txt") -> Iterator[tuple[str, str]]:
    """Yield every hostile expression, behind the code it must be refused with."""
    for line in (HERE / name).read_text("ascii").splitlines():
        code, _, source = line.partition(" ")
        if code and code != "#":
            yield (
                code,
                NUMBERED.sub(lambda m: chr(int(m[1] or m[2], 16)), source.lstrip(" ")),
            )


def conditions() -> Iterator[Foreign]:
    """Yield every hostile expression as the condition of a rule."""
    for code, source in expressions():
        yield Foreign(f"rule {source!a}", hosted("rule", source), code)
    for code, source in expressions("pairs.txt"):
        data = PAIR.replace("when: near.spread < 0.02", f"when: {quoted(source)}")
        yield Foreign(f"pair {source!a}", data.encode(), code)


def elsewhere(*, whole: bool) -> Iterator[Foreign]:
    """Yield hostile expressions in the other places that take a text.

    Args:
        whole: Each in every place, else in one place each, in turns.
    """
    others = [place for place in PLACES if place != "rule"]
    for index, (_, source) in enumerate(expressions()):
        for place in others if whole else [others[index % len(others)]]:
            yield Foreign(f"{place} {source!a}", hosted(place, source), None)


def hosted(place: str, source: str) -> bytes:
    """Return a sound file with a text in one place of it, quoted as YAML wants it."""
    old, new = PLACES[place]
    assert HOST.count(old) == 1, f"{old} stands once in the host"
    return HOST.replace(old, new.format(quoted(source))).encode()


def quoted(text: str) -> str:
    """Return a text in double quotes, all but plain ASCII escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = PRINTED.sub(lambda m: f"\\U{ord(m[0]):08x}", text)
    return f'"{escaped}"'
