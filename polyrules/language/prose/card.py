"""The card of a strategy: one page of Markdown that says what it does.

Everything on it is taken from the checked strategy, so it says what will run, not what
somebody meant. Only the description is its author's, and stands as a quotation. The
same strategy has the same card.
"""

import re
from collections.abc import Iterator

from polyrules.language.actions import Trade
from polyrules.language.prose.amounts import amount, lasting, plain, unit_name
from polyrules.language.prose.deeds import POLICIES, deed, particulars
from polyrules.language.prose.phrases import Phrases
from polyrules.language.prose.terms import leaving, limits, size, subject, times
from polyrules.language.strategy import Case, Param, Rule, Strategy

SPECIAL = re.compile(r"([\\`*\[\]<>|])")
TOKENS = {"yes_token": "YES", "no_token": "NO"}
EXPECTED = {
    "action": "action {}",
    "token": "{}",
    "price": "at {}",
    "guard": "blocked by the guard *{}*",
    "blocked_by": "blocked by *{}*",
    "unknown": "unknown: {}",
}
FEW = 5  # conditions that one sentence can hold
NO_EXIT = "It has no exit: only the end of the market, or the desk's hard stop, is one."


def card(strategy: Strategy) -> str:
    """Return the card of a strategy, in Markdown that ends with a line break."""
    phrases = Phrases(strategy)
    return "\n".join([*_head(strategy, phrases), *_body(strategy, phrases)]) + "\n"


def escaped(text: str) -> str:
    """Return text of a file that means nothing to Markdown, on one line."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _head(strategy: Strategy, phrases: Phrases) -> Iterator[str]:
    yield f"# {escaped(strategy.title or strategy.id)}"
    yield ""
    yield f"`{strategy.id}` {escaped(strategy.version)}, digest `{strategy.digest}`"
    yield ""
    yield summary(strategy, phrases)
    if strategy.description:
        yield from ("", f"> {escaped(strategy.description)}")


def summary(strategy: Strategy, phrases: Phrases) -> str:
    """Return what a strategy does, in one paragraph."""
    where = ""
    if strategy.universe is not None:
        where = f", where {phrases.told(strategy.universe)}"
    told = [f"Each row is {subject(strategy)}{where}."]
    told += [f"{_rule_in_short(rule, phrases)}." for rule in strategy.rules]
    told += [f"Size: {each}" for each in _size(strategy)]
    exits = [leaving(each, phrases) for each in strategy.exits]
    told.append(f"It leaves {', or '.join(exits)}." if exits else NO_EXIT)
    told.append(f"The rules are asked {_lowered(times(strategy.schedule))}")
    return " ".join(told)


def _size(strategy: Strategy) -> list[str]:
    """Return how much a trade is; nothing where every rule states its own size."""
    unsized = (
        isinstance(rule.then, Trade) and rule.then.size is None
        for rule in strategy.rules
    )
    return [size(strategy.sizing)] if any(unsized) else []


def _rule_in_short(rule: Rule, phrases: Phrases) -> str:
    conditions = phrases.conditions(rule.when)
    told = f"Rule *{rule.id}* {deed(rule.then, phrases)}"
    if len(conditions) > FEW:
        return f"{told} under {len(conditions)} conditions"
    return f"{told} when {phrases.told(rule.when)}"


def _body(strategy: Strategy, phrases: Phrases) -> Iterator[str]:
    if strategy.extends:
        names = ", ".join(f"`{each}`" for each in strategy.extends)
        yield from ("", f"It stands on {names}.")
    yield from _section("Where it looks", _universe(strategy, phrases))
    yield from _section("What it works out", _lets(strategy, phrases))
    yield from _section("When it acts", _rules(strategy, phrases))
    yield from _section("How much", _size(strategy))
    yield from _section("When it leaves", _exits(strategy, phrases))
    yield from _section("What it risks", _limits(strategy))
    yield from _section("When it is asked", [times(strategy.schedule)])
    yield from _section("What it reads", _reads(strategy))
    yield from _section("What its user may set", _params(strategy.params))
    yield from _section("Its tests", _cases(strategy.cases))


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"## {title}", "", *lines)


def _universe(strategy: Strategy, phrases: Phrases) -> list[str]:
    rows = strategy.rows
    told = [f"Each row is {subject(strategy)}."]
    told += _inputs(strategy)
    if strategy.universe is not None:
        told += ["", "It is looked at only where", ""]
        told += [f"- {each}" for each in phrases.conditions(strategy.universe)]
    if rows.top is not None and strategy.limit_by is not None:
        by = phrases.value(strategy.limit_by)
        told += ["", f"Of these, only the {rows.top} highest by {by}."]
    if strategy.guards:
        told += ["", "Everywhere else it is silent, and also unless", ""]
        told += [
            f"- {phrases.told(guard.when)} (guard *{guard.id}*)"
            for guard in strategy.guards
        ]
    return told


def _inputs(strategy: Strategy) -> list[str]:
    """Return which lists of the desk it cannot do without."""
    told: list[str] = []
    for each in strategy.inputs:
        of = "wallets" if each.type == "wallet_set" else "markets"
        meant = f": {escaped(each.doc)}" if each.doc else ""
        told += ["", f"It needs a list of {of} named `{each.name}` in the desk{meant}."]
    return told


def _lets(strategy: Strategy, phrases: Phrases) -> list[str]:
    return [f"- *{let.name}*: {phrases.told(let.expression)}" for let in strategy.lets]


def _rules(strategy: Strategy, phrases: Phrases) -> list[str]:
    told = [POLICIES[strategy.hit_policy]] if len(strategy.rules) > 1 else []
    for rule in strategy.rules:
        told += [""] * bool(told) + _rule(rule, phrases)
    return told


def _rule(rule: Rule, phrases: Phrases) -> list[str]:
    conditions = phrases.conditions(rule.when)
    told = [f"**{rule.id}** {deed(rule.then, phrases)} when"]
    told += ["", *(f"- {each}" for each in conditions)]
    more = particulars(rule, phrases)
    if more:
        told += ["", " ".join(more)]
    reason = "".join(
        f"{{{piece.name}}}" if piece.name else piece.text for piece in rule.then.reason
    )
    if reason:
        told += ["", f"It says: {escaped(reason)}"]
    return told


def _exits(strategy: Strategy, phrases: Phrases) -> list[str]:
    exits = strategy.exits
    if not exits:
        return [NO_EXIT]
    return [f"- *{each.id}*: {leaving(each, phrases)}" for each in exits]


def _limits(strategy: Strategy) -> list[str]:
    asked = [f"- {each}" for each in limits(strategy.risk)]
    if not asked:
        return ["What the desk allows: it asks for no limit of its own."]
    return [*asked, "", "The limits of the desk hold as well; these only tighten them."]


def _reads(strategy: Strategy) -> list[str]:
    rows = ["| name | unit | feed | oldest | meaning |", "|---|---|---|---|---|"]
    names = [name for name in strategy.reads if not name.startswith("@")]
    for name in sorted(names):
        feature = strategy.rows.feature(name)
        age = "" if feature.max_age is None else lasting(feature.max_age)
        meaning = escaped(feature.doc)
        if feature.formula:
            meaning += f" `{feature.formula}`"
        cells = (f"`{name}`", unit_name(feature.unit), feature.feed.value, age, meaning)
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _params(params: tuple[Param, ...]) -> list[str]:
    if not params:
        return []
    rows = ["| name | value | from | to | meaning |", "|---|---|---|---|---|"]
    for param in params:
        values = [_setting(param, each) for each in (param.value, param.min, param.max)]
        cells = (f"`{param.name}`", *values, escaped(param.doc))
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _setting(param: Param, value: float | bool | str | None) -> str:  # noqa: FBT001 - a param's value may be a bool
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value).lower()
    return amount(value, param.type.unit)


def _cases(cases: tuple[Case, ...]) -> list[str]:
    return [f"- {escaped(case.name)}: {_expected(case)}" for case in cases]


def _expected(case: Case) -> str:
    expect = dict(case.expect)
    rule = expect.pop("fires", None)
    told = [] if rule is None else [f"*{rule}* fires"]
    if rule == "none":
        told = ["no rule fires"]
    for name, value in expect.items():
        if name == "action" and value == "none":
            continue  # the rule is a veto, and was told
        form = EXPECTED.get(name, f"{name} {{}}")
        told.append(form.format(_value(name, value)))
    return ", ".join(told)


def _value(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(f"`{each}`" for each in value)
    if name == "price" and isinstance(value, int | float):
        return amount(float(value), "prob")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plain(float(value))
    return TOKENS.get(str(value), escaped(str(value)))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
