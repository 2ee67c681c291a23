"""From the text of a strategy file to a checked Strategy.

All mistakes of a file are told at once, each once, in the order of its lines. What a
file says is data: nothing of it is run. Nothing is opened here; the text is handed in.
"""

from collections.abc import Mapping

from polyrules.documents.document import Document
from polyrules.documents.shape import check_shape
from polyrules.documents.source import read_yaml
from polyrules.errors import Problem, Severity, StrategyError
from polyrules.language.cost import PARTS_MAX, parts
from polyrules.language.files.build import Building
from polyrules.language.files.leaks import find_leaks
from polyrules.language.files.params import read_params, with_settings
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.strategy import Strategy

TOO_DEAR = "PC001"


def load(
    text: str, *, path: str, settings: Mapping[str, str] | None = None
) -> Strategy:
    """Read and check a strategy.

    Args:
        text: The whole file.
        path: What to call it in problems.
        settings: Values for its params, as text: `{"look": "15m"}`.

    Returns:
        The strategy with its params folded in.

    Raises:
        StrategyError: The file is wrong; it carries every error.
        ConfigError: A setting names no param, or does not fit it.
    """
    strategy, problems = load_all(text, path, settings)
    if strategy is None:
        raise StrategyError(problems)
    return strategy


def load_all(
    text: str | bytes, path: str, settings: Mapping[str, str] | None = None
) -> tuple[Strategy | None, tuple[Problem, ...]]:
    """Read and check a strategy, and return all that is to be said of it.

    Returns:
        The strategy, or None if there are errors; problems sorted by place, warnings
        included where there are no errors.

    Raises:
        ConfigError: The file is sound, and a setting does not fit it.
    """
    document = read_yaml(text, path)
    if not document.complete:
        return None, _sorted(document.problems)
    leaks = find_leaks(document)
    misshapen = check_shape(document, STRATEGY_SCHEMA)
    problems = [*document.problems, *leaks, *misshapen]
    if not isinstance(document.data, dict):
        return None, _sorted(problems)
    declared = read_params(document)
    problems += declared.problems
    building = Building(document, declared.params)
    problems += building.check()
    errors = _errors(problems)
    if not errors and settings:
        building = Building(document, with_settings(declared, settings, path))
        errors = _errors(building.check())
    if errors:
        return None, _sorted(errors)  # a warning beside an error is most often its echo
    strategy = building.strategy()
    dear = _too_dear(document, strategy)
    if dear:
        return None, dear
    return strategy, _sorted(problems)


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


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.line, p.column, p.code)))
