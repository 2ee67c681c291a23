"""From the text of a strategy file to a checked Strategy.

All mistakes of a file are told at once, each once, in the order of its lines. What a
file says is data: nothing of it is run. Nothing is opened here; the text is handed in.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from polyrules.documents.document import Document
from polyrules.documents.shape import check_shape
from polyrules.documents.source import read_yaml
from polyrules.domain.ids import StrategyId
from polyrules.errors import Problem, Severity, StrategyError
from polyrules.language.chain import NO_BASE, Chain, Find, follow
from polyrules.language.cost import PARTS_MAX, parts
from polyrules.language.files import digest
from polyrules.language.files.build import TAKEN, Building
from polyrules.language.files.examples import read_tests
from polyrules.language.files.extension import (
    check_risk,
    is_extension,
    merged_risk,
)
from polyrules.language.files.leaks import find_leaks
from polyrules.language.files.money import risk
from polyrules.language.files.others import no_strategy
from polyrules.language.files.params import (
    Declared,
    read_params,
    with_defaults,
    with_settings,
)
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.strategy import Strategy

TOO_DEAR = "PC001"


class Loaded(NamedTuple):
    """A strategy, and the files it came from.

    Attributes:
        strategy: None if there are errors, or if it extends a file that nobody finds.
        problems: Sorted by place; warnings where there are no errors.
        document: The file asked for.
        root: The file in which its rules stand: the base of all, or the file itself.
        declared: Its params with their defaults.
    """

    strategy: Strategy | None
    problems: tuple[Problem, ...]
    document: Document
    root: Document
    declared: Declared


def load(
    text: str,
    *,
    path: str,
    settings: Mapping[str, str] | None = None,
    find: Find | None = None,
) -> Strategy:
    """Read and check a strategy.

    Args:
        text: The whole file.
        path: What to call it in problems.
        settings: Values for its params, as text: `{"look": "15m"}`.
        find: How to find the file that it extends, if it does.

    Returns:
        The strategy with its params folded in.

    Raises:
        StrategyError: The file is wrong; it carries every error.
        ConfigError: A setting names no param, or does not fit it.
    """
    looked = examine(text, path, settings, find)
    if looked.strategy is None:
        raise StrategyError(looked.problems or (_unfound(looked.document),))
    return looked.strategy


def load_all(
    text: str | bytes,
    path: str,
    settings: Mapping[str, str] | None = None,
    find: Find | None = None,
) -> tuple[Strategy | None, tuple[Problem, ...]]:
    """Read and check a strategy, and return all that is to be said of it.

    Returns:
        The strategy, or None if there are errors; problems sorted by place, warnings
        included where there are no errors. Neither for a file that extends another
        where nobody finds that, and nothing else is wrong.

    Raises:
        ConfigError: The file is sound, and a setting does not fit it.
    """
    return examine(text, path, settings, find)[:2]


def examine(
    text: str | bytes,
    path: str,
    settings: Mapping[str, str] | None = None,
    find: Find | None = None,
) -> Loaded:
    """Read and check a strategy, and return it with the files it came from.

    Raises:
        ConfigError: The file is sound, and a setting does not fit it.
    """
    document = read_yaml(text, path)
    if document.complete and is_extension(document):
        return _extending(document, settings or {}, find)
    return _whole(document, settings or {})


def _whole(document: Document, settings: Mapping[str, str]) -> Loaded:
    """Check a file that says all."""
    nothing = Declared((), {}, ())
    found = Loaded(None, _sorted(document.problems), document, document, nothing)
    if not document.complete:
        return found
    other = no_strategy(document)
    if other is not None:
        return found._replace(problems=(other,))
    leaks = find_leaks(document)
    misshapen = check_shape(document, STRATEGY_SCHEMA)
    problems = [*document.problems, *leaks, *misshapen]
    if not isinstance(document.data, dict):
        return found._replace(problems=_sorted(problems))
    declared = read_params(document)
    found = found._replace(declared=declared)
    problems += declared.problems
    building = Building(document, declared.params)
    problems += building.check()
    errors = _errors(problems)
    if not errors and settings:
        set_ = with_settings(declared, settings, document.path)
        building = Building(document, set_)
        errors = _errors(building.check())
    if errors:  # a warning beside an error is most often its echo
        return found._replace(problems=_sorted(errors))
    strategy = building.strategy()
    dear = _too_dear(document, strategy)
    if dear:
        return found._replace(problems=dear)
    return found._replace(strategy=strategy, problems=_sorted(problems))


def _extending(
    document: Document, settings: Mapping[str, str], find: Find | None
) -> Loaded:
    """Check a file that extends another, with all that it stands on."""
    chain = follow(document, find)
    root = chain.documents[-1]
    nothing = Declared((), {}, ())
    found = Loaded(None, _in_order(chain.problems, chain), document, root, nothing)
    if not chain.is_whole:
        return found
    base = _whole(root, {})
    problems = [*chain.problems, *_errors(base.problems), *_ids_twice(chain)]
    if base.strategy is None:
        return found._replace(problems=_in_order(problems, chain))
    declared = base.declared
    for each in reversed(chain.documents[:-1]):
        declared = with_defaults(each, declared)
        problems += declared.problems
    problems += check_risk(reversed(chain.documents))
    if not problems:
        problems += _misfits(document, Building(root, declared.params))
    if problems:
        return found._replace(problems=_in_order(problems, chain))
    building = Building(root, with_settings(declared, settings, document.path))
    errors = _errors(building.check())
    strategy = _extended(building.strategy(), chain) if not errors else None
    if strategy is not None:
        cases, wrong = read_tests(document, strategy, declared)
        strategy = msgspec.structs.replace(strategy, cases=cases) if not wrong else None
        errors += wrong
    told = _in_order(errors, chain)
    return found._replace(strategy=strategy, declared=declared, problems=told)


def _extended(base: Strategy, chain: Chain) -> Strategy:
    """Return the base as the files that stand on it make it."""
    about = chain.documents[0].data["strategy"]
    asked = merged_risk(reversed(chain.documents))
    value = base.digest
    for each in reversed(chain.documents[:-1]):
        value = digest.extended(each.data, value)
    return msgspec.structs.replace(
        base,
        id=StrategyId(about["id"]),
        version=about["version"],
        title=about.get("title", base.title),
        description=about.get("description", base.description),
        path=chain.documents[0].path,
        digest=value,
        risk=risk(asked),
        extends=tuple(
            StrategyId(each.data["strategy"]["id"]) for each in chain.documents[1:]
        ),
    )


def _misfits(document: Document, building: Building) -> list[Problem]:
    """Return what the base has against the params that a file gives it."""
    return [
        document.problem(
            ("params",),
            problem.code,
            f"with these params {problem.path}:{problem.line} does not hold:"
            f" {problem.message}",
            hint=problem.help,
            on_key=True,
        )
        for problem in _errors(building.check())
    ]


def _ids_twice(chain: Chain) -> list[Problem]:
    """Tell a file that has the id of what it stands on: PS011."""
    at = ("strategy", "id")
    ids = [_id(each) for each in chain.documents]
    message = f'id "{ids[0]}" is that of a file it stands on'
    hint = "choose another: records are told apart by it"
    if ids[0] is None or ids[0] not in ids[1:]:
        return []
    return [chain.documents[0].problem(at, TAKEN, message, hint=hint)]


def _id(document: Document) -> str | None:
    about = document.data.get("strategy")
    named = about.get("id") if isinstance(about, dict) else None
    return named if isinstance(named, str) else None


def _unfound(document: Document) -> Problem:
    """Return what is said of a file whose base nobody can look for."""
    message = f'"{document.data["extends"]}" cannot be looked for here'
    return document.problem(("extends",), NO_BASE, message)


def _in_order(problems: Iterable[Problem], chain: Chain) -> tuple[Problem, ...]:
    """Return problems of several files, those of the file asked for first."""
    paths = [document.path for document in chain.documents]
    return tuple(
        sorted(problems, key=lambda p: (paths.index(p.path), p.line, p.column, p.code))
    )


def _too_dear(document: Document, strategy: Strategy) -> tuple[Problem, ...]:
    """Return PC001 for a strategy that takes too much to work out."""
    cost = parts(strategy)
    if cost <= PARTS_MAX:
        return ()
    at = ("let",) if strategy.lets else ("rules",)
    message = (
        f"the strategy comes to {cost:,} parts, at most {PARTS_MAX:,}: every question"
        " (all conditions together, each trade, each exit) counts what it reads"
    )
    hint = "use fewer rules, or fewer lets that stand on one another"
    return (document.problem(at, TOO_DEAR, message, hint=hint, on_key=True),)


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.line, p.column, p.code)))
