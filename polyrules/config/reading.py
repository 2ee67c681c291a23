"""From the text of a desk file to a Desk, or to everything that is wrong with it.

It opens the desk file and nothing else: it says where the journal is, others go there.
"""

import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from polyrules.config.desk import (
    DEFAULT_JOURNAL,
    MASK,
    Collection,
    Desk,
    DeskClock,
    DeskStrategy,
    Secret,
)
from polyrules.config.keys import LIMITS, schema
from polyrules.config.live_checks import DURATIONS, live_problems, numbers
from polyrules.documents.document import Document
from polyrules.documents.document import Path as Place
from polyrules.documents.quantities import parse_duration
from polyrules.documents.shape import check_shape
from polyrules.documents.source import read_yaml
from polyrules.domain.limits import Limits
from polyrules.domain.moments import DAY, SECOND
from polyrules.domain.money import Usd, to_micros
from polyrules.errors import ConfigError, Problem

TICK_MIN, TICK_MAX = SECOND // 10, DAY
ONLY_PASSWORD = "only the journal's password is taken from the environment"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_desk(path: str | Path) -> Desk:
    """Read a desk file.

    Raises:
        ConfigError: It cannot be read, or is wrong; all its problems are told, each
            with its place.
    """
    try:
        text = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{path}: {reason.lower()}", hint="polyrules desk init PATH writes a desk"
        ) from error
    return parse_desk(text, path=str(path), environment=os.environ)


def read_journal(url: str, environment: Mapping[str, str]) -> Secret:
    """Return the journal's URL as the command line gives it, for --journal.

    As in a desk `${NAME}` in the place of the password is taken from the environment,
    and nowhere else. A password typed out is taken, and never shown.

    Raises:
        ConfigError: A variable stands elsewhere, or is not set.
    """
    password = _password(url)
    if _stray_variable(url, password):
        raise ConfigError(
            f"--journal {url}: {ONLY_PASSWORD}", hint="write the rest of the URL out"
        )
    if password and not VARIABLE.search(url):
        return Secret(url, url.replace(f":{password}@", f":{MASK}@"))
    return _journal(url, environment, "--journal")


def parse_desk(text: str | bytes, *, path: str, environment: Mapping[str, str]) -> Desk:
    """Parse the text of a desk.

    Args:
        text: The whole file.
        path: What to call it in problems; strategies are looked for beside it.
        environment: Where `${NAME}` is taken from.

    Raises:
        ConfigError: The text is wrong, or a variable it names is not set.
    """
    document = read_yaml(text, path)
    _refuse_others(document)
    problems = document.problems
    if document.complete:
        problems = [*problems, *check_shape(document, schema())]
        problems += _contradictions(document)
    if problems:
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise ConfigError(
            "\n".join(_told(problem) for problem in problems),
            hint="polyrules desk init writes every key, explained",
        )
    return _desk(document, Path(path).parent, environment)


def _refuse_others(document: Document) -> None:
    """Tell a strategy or a mapping by its first word: it is no desk with mistakes."""
    data, path = document.data, document.path
    if not document.complete or not isinstance(data, dict):
        return
    if "polyrules" in data:
        raise ConfigError(
            f"{path} is a strategy, expected a desk",
            hint=f"polyrules validate {path} checks it, polyrules run {path} runs it",
        )
    if "polyrules_mapping" in data:
        raise ConfigError(
            f"{path} is a mapping of tables, expected a desk",
            hint=f"polyrules tape import FILES --mapping {path} --out TAPE uses it",
        )


def _told(problem: Problem) -> str:
    return f"{problem}; {problem.help}" if problem.help else str(problem)


def _desk(document: Document, folder: Path, environment: Mapping[str, str]) -> Desk:
    said: Mapping[str, Any] = document.data
    default = Desk()
    limits = {
        name: value if isinstance(value, int) else _exact(document, ("limits", name))
        for name, value in said.get("limits", {}).items()
    }
    strategies = tuple(
        DeskStrategy(
            file=_beside(entry["file"], folder),
            params={
                name: document.raw(("strategies", index, "params", name))
                for name in entry.get("params", {})
            },
            enabled=entry.get("enabled", True),
        )
        for index, entry in enumerate(said.get("strategies", []))
    )
    return Desk(
        bankroll_usd=Usd(_exact(document, ("bankroll_usd",)))
        if "bankroll_usd" in said
        else default.bankroll_usd,
        limits=msgspec.convert(limits, Limits),
        strategies=strategies,
        inputs={
            name: tuple(
                document.raw(("inputs", name, index)) for index in range(len(entries))
            )
            for name, entries in said.get("inputs", {}).items()
        },
        sources={**default.sources, **said.get("sources", {})},
        clock=DeskClock(
            source=said.get("clock", {}).get("from", default.clock.source),
            speed=float(said.get("clock", {}).get("speed", default.clock.speed)),
        ),
        collection=_collection(said.get("collection", {})),
        journal=_journal(
            said.get("journal", DEFAULT_JOURNAL), environment, document.path
        ),
        tick=parse_duration(said.get("tick", "")) or default.tick,
    )


def _collection(said: Mapping[str, Any]) -> Collection:
    """Return the collection with what the desk says of it, durations read."""
    told = {
        name: _durations(value) if name in DURATIONS else value
        for name, value in said.items()
    }
    return msgspec.convert(told, Collection)


def _durations(value: str | list[str]) -> int | list[int]:
    if isinstance(value, list):
        return [parse_duration(each) or 0 for each in value]
    return parse_duration(value) or 0


def _exact(document: Document, at: Place) -> Decimal:
    return Decimal(document.raw(at))


def _beside(file: str, folder: Path) -> str:
    # a shipped id has no folder and no suffix; anything else is a path from the desk
    path = folder / file
    return str(path) if path.exists() or Path(file).suffix else file


def _journal(url: str, environment: Mapping[str, str], path: str) -> Secret:
    """Return the URL of the journal with its password taken from the environment."""
    variable = VARIABLE.search(url)
    if variable is None:
        return Secret(url, url)
    name = variable[1]
    if name not in environment:
        raise ConfigError(
            f"{path}: the environment has no {name}, the password of the journal",
            hint=f"export {name}=...",
        )
    return Secret(url.replace(variable[0], quote(environment[name], safe="")), url)


def _contradictions(document: Document) -> list[Problem]:
    """Say what is wrong although every value is of its kind."""
    data = document.data
    if not isinstance(data, dict):
        return []
    found = _too_fine(document) + _impossible(document)
    tick = parse_duration(str(data.get("tick")))
    if tick is not None and not TICK_MIN <= tick <= TICK_MAX:
        message = f"{data['tick']} is outside [100ms, 1d]"
        found.append(document.problem(("tick",), "PD001", message))
    found += live_problems(document)
    for at, text in document.scalars():
        if VARIABLE.search(text) and at != ("journal",):
            found.append(document.problem(at, "PD003", ONLY_PASSWORD))
    if isinstance(data.get("journal"), str):
        found += _open_password(document, data["journal"])
    return found


def _too_fine(document: Document) -> list[Problem]:
    usd = [("limits", name) for name in LIMITS if "_usd" in name]
    found = []
    for at in [("bankroll_usd",), *usd]:
        try:
            to_micros(_exact(document, at))
        except (KeyError, InvalidOperation):
            continue  # it is not there, or no number: the schema's word
        except ValueError as error:
            found.append(document.problem(at, "PD002", str(error)))
    return found


def _impossible(document: Document) -> list[Problem]:
    limits = document.data.get("limits")
    if not isinstance(limits, dict):
        return []
    least = limits.get("order_usd_min", float(Limits().order_usd_min))
    most = limits.get("market_usd_max", float(Limits().market_usd_max))
    if not numbers(least, most) or least <= most:
        return []
    name = "order_usd_min" if "order_usd_min" in limits else "market_usd_max"
    message = f"no order is possible: at least {least:g} usd, at most {most:g} a market"
    return [document.problem(("limits", name), "PD004", message)]


def _open_password(document: Document, url: str) -> list[Problem]:
    try:
        password = urlsplit(url).password or ""
    except ValueError as error:
        return [document.problem(("journal",), "PD005", f"not a URL: {error}")]
    if password and not VARIABLE.fullmatch(password):
        message = "a password stands in the desk"
        hint = "write ${NAME} in its place and set NAME in the environment"
        return [document.problem(("journal",), "PD006", message, hint=hint)]
    if _stray_variable(url, password):
        return [document.problem(("journal",), "PD003", ONLY_PASSWORD)]
    return []


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # no URL at all: whoever opens the journal says so
        return ""


def _stray_variable(url: str, password: str) -> bool:
    """Tell whether a variable stands anywhere but in the place of the password."""
    allowed = 1 if VARIABLE.fullmatch(password) else 0
    return len(VARIABLE.findall(url)) > allowed
