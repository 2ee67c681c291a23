"""What is wrong with the keys of a desk that are about live data.

Every value is of its kind here or the schema has a word for it; this is about values
that do not fit each other, or the world.
"""

import math
from urllib.parse import urlsplit

from polyrules.config.desk import DEFAULT_SOURCES, Collection
from polyrules.config.keys import SOCKETS_MAX
from polyrules.documents.document import Document
from polyrules.documents.document import Path as Place
from polyrules.documents.quantities import parse_duration
from polyrules.domain.moments import DAY, SECOND
from polyrules.errors import Problem

DURATIONS = ("tier_every", "lookahead", "refresh", "wallets_every")
TOKENS = 2  # of a market, each followed for itself


def live_problems(document: Document) -> list[Problem]:
    """Return what is wrong with clock, sources and collection of a desk."""
    found = _venue_clock(document) + _places(document)
    return found + _tiers(document) + _hasty(document) + _overfull(document)


def _venue_clock(document: Document) -> list[Problem]:
    """Refuse the time of a venue that is not on this machine."""
    said = document.data.get("clock")
    if not isinstance(said, dict):
        return []
    if said.get("from") != "venue":
        if said.get("speed", 1) == 1:
            return []
        message = "the wall's clock has speed 1"
        hint = "write from: venue, for a simulated venue"
        return [document.problem(("clock", "speed"), "PD007", message, hint=hint)]
    sources = document.data.get("sources")
    given = sources if isinstance(sources, dict) else {}
    away = [
        name
        for name, url in {**DEFAULT_SOURCES, **given}.items()
        if not is_loopback(str(url))
    ]
    if not away:
        return []
    message = (
        f"a venue's clock is for sources on this machine, not for {', '.join(away)}"
    )
    hint = "polyrules sim --write-desk PATH writes a desk that fits"
    return [document.problem(("clock", "from"), "PD007", message, hint=hint)]


def _places(document: Document) -> list[Problem]:
    """Refuse a source that is no URL of a host and a port."""
    said = document.data.get("sources")
    found = []
    for name, url in said.items() if isinstance(said, dict) else ():
        wrong = _no_place(url) if isinstance(url, str) else ""
        if wrong:
            found.append(document.problem(("sources", name), "PD005", wrong))
    return found


def _no_place(url: str) -> str:
    """Return why a URL leads nowhere, "" if it may lead somewhere."""
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            return f"not a URL: {url} has port 0"
    except ValueError as error:
        return f"not a URL: {url}: {error}"
    return "" if parts.hostname else f"not a URL: {url} has no host"


def is_loopback(url: str) -> bool:
    """Tell whether a URL is of this machine."""
    try:
        return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False


def _tiers(document: Document) -> list[Problem]:
    said = document.data.get("collection")
    hours = said.get("tier_hours") if isinstance(said, dict) else None
    if not isinstance(hours, list) or not numbers(*hours):
        return []
    if hours == sorted(set(hours), reverse=True):
        return []
    at = ("collection", "tier_hours")
    return [document.problem(at, "PD008", "hours must fall from tier to tier")]


def _hasty(document: Document) -> list[Problem]:
    """Refuse to ask the venue more often than once a second."""
    said = document.data.get("collection")
    if not isinstance(said, dict):
        return []
    found = []
    for name in DURATIONS:
        value = said.get(name, ())
        several = isinstance(value, list)
        for index, text in enumerate(value if several else [value]):
            micros = parse_duration(str(text))
            if micros is not None and not SECOND <= micros <= 366 * DAY:
                at: Place = ("collection", name, *((index,) if several else ()))
                message = f"{text} is outside [1s, 366d]"
                found.append(document.problem(at, "PD001", message))
    return found


def _overfull(document: Document) -> list[Problem]:
    """Refuse to follow more markets than the connections carry."""
    said = document.data.get("collection")
    if not isinstance(said, dict):
        return []
    usual = Collection()
    most = said.get("subscriptions_max", 0)
    sockets = said.get("sockets", usual.sockets)
    tokens = said.get("tokens_per_socket", usual.tokens_per_socket)
    if not all(isinstance(number, int) for number in (most, sockets, tokens)):
        return []  # the schema's word
    room = sockets * tokens // TOKENS
    if tokens < TOKENS or most <= room:
        return []
    at = ("collection", "subscriptions_max")
    message = f"{sockets} sockets of {tokens} tokens carry {room} markets"
    return [document.problem(at, "PD009", message, hint=_wider(most, tokens))]


def _wider(most: int, tokens: int) -> str:
    """Return what to write so that `most` markets are carried."""
    sockets = math.ceil(most * TOKENS / tokens)
    if sockets <= SOCKETS_MAX:
        return f"write sockets: {sockets}, or follow fewer"
    return "follow fewer"


def numbers(*values: object) -> bool:
    """Tell whether all values are numbers, none of them true or false."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
