"""A strategy file in which no lint finds anything, and ways to spoil a part of it."""

import re
from itertools import pairwise

from polyrules.errors import Problem
from polyrules.language.analysis.report import look_at

KEY = re.compile(r"^[a-z]\w*:", re.MULTILINE)
BASE = """\
polyrules: 1
strategy:
  id: example
  version: 1.0.0
  license: MIT
  author: {name: Ada Trader}
  description: It loses on news.
universe: {each: market, where: accepting_orders}
rules:
  - id: enter
    when: spread <= 0.02
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
exits:
  - {id: stop, stop_loss: 0.10}
risk: {max_position: 40 USD, max_total: 400 USD}
schedule: {every: 5s}
tests:
  - name: buys at 95 cents
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.01}
    expect: {fires: enter}
  - name: a wide spread is left alone
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.05}
    expect: {fires: none}
  - name: an unknown spread is left alone
    given: {accepting_orders: true, best_ask: 0.95}
    expect: {fires: none, unknown: [spread]}
"""
EXTENDING = BASE.partition("universe:")[0]


def parts(text: str) -> dict[str, str]:
    """Return the parts of a file by their key; what stands before them is under ""."""
    starts = [found.start() for found in KEY.finditer(text)]
    found = {
        text[a:b].partition(":")[0]: text[a:b]
        for a, b in pairwise([*starts, len(text)])
    }
    return {"": text[: starts[0]] if starts else text, **found}


def whole(example: str) -> str:
    """Return the base with the parts of an example in the place of its own."""
    new = parts(f"{example}\n")
    if "extends" in new:  # all else is its base's
        return "".join({**parts(EXTENDING), **new}.values())
    if "rules" in new and "tests" not in new:
        new["tests"] = ""  # they spoke of the rules that were
    return "".join({**parts(BASE), **new}.values())


def found(example: str, code: str) -> list[Problem]:
    """Return what one lint finds in the base with an example's parts."""
    problems = look_at(whole(example), "example.yaml").problems
    assert not [p for p in problems if p.code[:2] not in ("PL", "PC")], problems
    return [problem for problem in problems if problem.code == code]


def rule(when: str, then: str = "price: best_ask", id_: str = "enter") -> str:
    """Return one rule of a list, that buys."""
    return (
        f'  - id: {id_}\n    when: "{when}"\n'
        f"    then: {{action: buy, token: yes_token, {then}}}\n"
    )


def rules(*whens: str) -> str:
    """Return rules one, two, ... that buy when these hold."""
    names = ("one", "two", "three")
    listed = [rule(when, id_=names[index]) for index, when in enumerate(whens)]
    return "rules:\n" + "".join(listed)


def messages(problems: list[Problem]) -> list[str]:
    """Return what is said, without the places."""
    return [problem.message for problem in problems]
