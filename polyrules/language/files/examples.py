"""The tests of a strategy: read, and compared with what they speak of.

They stand in the strategy's file or in one beside it. Whether they hold is for others
to find out; no tape is opened here.
"""

from collections.abc import Iterable

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import SECOND, parse_duration, shown_duration
from polyrules.errors import ConfigError, Problem
from polyrules.language.expression import Type
from polyrules.language.files import expectations, givens
from polyrules.language.files.givens import Scope, Values
from polyrules.language.files.params import Declared, read_params, with_settings
from polyrules.language.files.series import SAMPLES_MAX, NotASeries, Series, read_series
from polyrules.language.files.texts import Texts
from polyrules.language.strategy import Case, Strategy

NOTHING_GIVEN = "PS016"
RANGE = "PS013"
WRONG_FORM = "PS006"
FIXTURE_KEYS = ("tape", "market", "at")


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """A row that a tape holds: of a market (id or slug) at a moment (ISO 8601)."""

    tape: str
    market: str
    at: str


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A test as written: a case, and how the rest of its row comes about.

    Attributes:
        case: What is given outright, and expected.
        path: The file it stands in.
        place: Where it stands in that file.
        settings: Params that differ from their defaults, as `--set` takes them.
        series: Features over time; sampled every `interval` [microseconds], the rules
            asked at `at` [microseconds] after the first sample.
        fixture: Where on a tape the row lies.
    """

    case: Case
    path: str
    place: Path
    settings: dict[str, str] = {}
    series: dict[str, Series] = {}
    interval: int = 0
    at: int = 0
    fixture: Fixture | None = None


def read_cases(
    document: Document, texts: Texts, windowed: Iterable[str]
) -> tuple[Case, ...]:
    """Read the `tests` of a strategy's own file.

    Args:
        document: The file.
        texts: Its scope, complete; problems are told there.
        windowed: The lets that stand on a window: those may be given.

    Returns:
        The sound cases, by what they give outright. Problems: PS015 for a name that the
        strategy does not have, and others as in `read_examples`.
    """
    scope = Scope(
        types=texts.types,
        features=texts.features,
        windowed=frozenset(windowed),
        lets=frozenset(texts.value("let") or ()),
        params=frozenset(texts.value("params") or ()),
        guards=_ids(texts, "guards"),
        rules=_ids(texts, "rules"),
        exits=_ids(texts, "exits"),
    )
    examples, problems = read_examples(document, scope, read_params(document), SECOND)
    texts.problems += problems
    return tuple(example.case for example in examples)


def read_tests(
    document: Document, strategy: Strategy, declared: Declared
) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """Read the `tests` of a file that extends what `strategy` is made of.

    Args:
        document: The file.
        strategy: As it is with the file's params.
        declared: Its params.

    Returns:
        The sound cases, by what they give outright, and problems as `read_examples`.
    """
    examples, problems = read_examples(document, scope_of(strategy), declared, SECOND)
    return tuple(example.case for example in examples), problems


def scope_of(strategy: Strategy) -> Scope:
    """Return what the tests of a checked strategy may speak of."""
    features = strategy.rows.types()
    lets = {let.name: let.expression.type for let in strategy.lets}
    return Scope(
        types={**features, **lets},
        features=frozenset(features),
        windowed=frozenset(
            let.name
            for let in strategy.lets
            if any(name.startswith("@") for name in let.expression.reads)
        ),
        lets=frozenset(lets),
        params=frozenset(param.name for param in strategy.params),
        guards=tuple(guard.id for guard in strategy.guards),
        rules=tuple(rule.id for rule in strategy.rules),
        exits=tuple(exit_.id for exit_ in strategy.exits),
    )


def read_examples(
    document: Document, scope: Scope, declared: Declared, every: int
) -> tuple[tuple[Example, ...], tuple[Problem, ...]]:
    """Read the `tests` of a file that has the right shape, as far as it has it.

    Args:
        document: The file they stand in.
        scope: What they may speak of.
        declared: The params of the strategy.
        every: How often the strategy is asked [microseconds].

    Returns:
        The sound tests, and PS003 for a value of another type, PS004 for another word,
        PS006 for a series or duration of another form, PS013 for a param out of its
        range, PS015 for a name that the strategy lacks, PS016 for a test that gives
        nothing, PU003 for a price that is none.
    """
    values = Values(document, scope)
    examples: list[Example] = []
    for index in range(len(values.at("tests") or ())):
        place: Path = ("tests", index)
        case = values.at(*place)
        if not isinstance(case, dict) or not isinstance(case.get("expect"), dict):
            continue
        if not any(key in case for key in ("given", "series", "fixture")):
            message = "a test needs given, series or fixture"
            values.tell(place, NOTHING_GIVEN, message, "say what the market looks like")
            continue
        examples.append(_example(values, place, declared, every))
    return tuple(examples), tuple(values.problems)


def _example(values: Values, place: Path, declared: Declared, every: int) -> Example:
    expectations.check(values, (*place, "expect"))
    series = _series(values, (*place, "series"))
    interval, at = _times(values, place, series, every)
    fixture = values.at(*place, "fixture")
    complete = isinstance(fixture, dict) and all(
        isinstance(fixture.get(key), str) for key in FIXTURE_KEYS
    )
    return Example(
        case=Case(
            name=str(values.at(*place, "name")),
            given=givens.given(values, (*place, "given"), series),
            expect=values.at(*place, "expect"),
            line=values.document.line(place),
        ),
        path=values.document.path,
        place=place,
        settings=_settings(values, (*place, "with"), declared),
        series=series,
        interval=interval,
        at=at,
        fixture=Fixture(**fixture) if complete else None,
    )


def _settings(values: Values, place: Path, declared: Declared) -> dict[str, str]:
    """Return the params that a test sets, each checked by itself."""
    found: dict[str, str] = {}
    for name in values.at(*place) or ():
        if values.at(*place, name) is None:
            continue
        text = values.document.raw((*place, name))
        try:
            with_settings(declared, {name: text}, "the strategy")
        except ConfigError as error:
            message = error.message.removeprefix("the strategy: ")
            values.tell((*place, name), RANGE, message, error.hint)
        else:
            found[name] = text
    return found


def _series(values: Values, place: Path) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for name in values.at(*place) or ():
        at = (*place, name)
        if values.at(*at) is None:
            continue
        if name not in values.scope.features:
            message = f'a series gives "{name}", which is no feature'
            hint = values.did_you_mean(name, values.scope.features)
            values.tell(at, givens.UNKNOWN, message, hint, on_key=True)
            continue
        try:
            type_: Type = values.scope.types[name]
            found[name] = read_series(values.document.raw(at), type_)
        except NotASeries as error:
            values.tell(at, WRONG_FORM, f"{name}: {error.message}", part=error.part)
    return found


def _times(
    values: Values, place: Path, series: dict[str, Series], every: int
) -> tuple[int, int]:
    """Return the interval of a test's series and when it asks [microseconds]."""
    interval = parse_duration(str(values.at(*place, "interval") or ""))
    for key in ("interval", "at"):
        if values.at(*place, key) is not None and not values.at(*place, "series"):
            message = f"{key} is about series, and there is none"
            values.tell((*place, key), WRONG_FORM, message, "add series, or delete it")
    interval = interval or every
    longest = max((len(each.samples) for each in series.values()), default=1)
    at = parse_duration(str(values.at(*place, "at") or ""))
    at = (longest - 1) * interval if at is None else at
    if at > SAMPLES_MAX * interval:
        message = (
            f"{SAMPLES_MAX:,} samples at most: at {shown_duration(at)} with one every"
            f" {shown_duration(interval)} are more"
        )
        values.tell((*place, "at"), WRONG_FORM, message, "use a longer interval")
        return interval, 0
    return interval, at


def _ids(texts: Texts, part: str) -> tuple[str, ...]:
    entries = range(len(texts.value(part) or ()))
    found = [texts.value(part, index, "id") for index in entries]
    return tuple(name for name in found if isinstance(name, str))
