"""Questions that nobody asked: texts by category, and dates as Polymarket writes them.

The names are invented. A question with a deadline ends in "by <date>?", which is how
markets of one family are recognised.
"""

import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from polyrules.domain.moments import SECOND

# Takers' fees [share of p (1 - p)] and Gamma's feeType, by category.
FEES = {
    "politics": ("0.04", "politics_fees"),
    "sports": ("0.03", "sports_fees"),
    "crypto": ("0.07", "crypto_fees_v2"),
    "economics": ("0.05", "economics_fees"),
    "tech": ("0.04", "tech_fees"),
    "culture": ("0.05", "culture_fees"),
    "weather": ("0.05", "weather_fees"),
    "geopolitics": ("0", ""),
}
PLACES = (
    *("Aster", "Belmara", "Corvane", "Dunmoor", "Eskand", "Farholm", "Galdia"),
    *("Hestra", "Ilvory", "Jorvela", "Kestria", "Lunholt", "Marenne", "Norvik"),
    *("Ostrava Bay", "Pellworm", "Quillan", "Rosmark", "Sundrell", "Tarnow Hills"),
)
PEOPLE = (
    *("Adler", "Brandt", "Castell", "Delorme", "Eriksen", "Fontaine", "Grau"),
    *("Hollis", "Ibarra", "Jansen", "Kovac", "Lindqvist", "Moreau", "Novak"),
    *("Okafor", "Petrov", "Quinn", "Rossi", "Sato", "Tanaka", "Urban", "Vega"),
)
THINGS = (
    *("Alba", "Borealis", "Cinder", "Drift", "Ember", "Fable", "Gamut", "Halo"),
    *("Iris", "Juno", "Krypton", "Lyra", "Mosaic", "Nimbus", "Onyx", "Prism"),
    *("Quartz", "Rune", "Sable", "Tria", "Umbra", "Vesper", "Willow", "Zenith"),
)
STEMS = {
    "politics": (
        "Will {person} resign as leader of {place}",
        "Will the parliament of {place} pass the budget",
        "Will {place} call an early election",
    ),
    "sports": (
        "Will {place} United sign {person}",
        "Will {person} announce retirement from tennis",
        "Will {place} Rovers sack their coach",
    ),
    "crypto": (
        "Will {thing} launch a token",
        "Will {thing} be listed on {place} Exchange",
        "Will the {thing} mainnet go live",
    ),
    "economics": (
        "Will the central bank of {place} cut rates",
        "Will {place} announce new tariffs",
        "Will {place} default on its debt",
    ),
    "tech": (
        "Will {thing} release a new model",
        "Will {person} step down as chief of {thing}",
        "Will {thing} acquire {thing2}",
    ),
    "culture": (
        "Will {person} release an album",
        "Will {thing} get a second season announced",
        "Will {person} host the {place} awards",
    ),
    "weather": (
        "Will a named storm make landfall in {place}",
        "Will {place} declare a drought",
        "Will the {thing} volcano erupt",
    ),
    "geopolitics": (
        "Will {place} and {place2} sign a ceasefire",
        "Will the Strait of {place} reopen",
        "Will {place} leave the {thing} treaty",
    ),
}
CONTESTS = (
    ("Who will win the vote in {place}?", "Will {who} win the vote in {place}?"),
    ("Who will lead {place}?", "Will {who} be the next leader of {place}?"),
    ("Who will win the {place} Cup?", "Will {who} win the {place} Cup?"),
)


class Subject(NamedTuple):
    """A question without its date, and its category."""

    category: str
    stem: str


def subject(rng: random.Random, category: str | None = None) -> Subject:
    """Draw a question; there are enough of them that few are asked twice."""
    category = category or rng.choice(tuple(STEMS))
    place, place2 = rng.sample(PLACES, 2)
    thing, thing2 = rng.sample(THINGS, 2)
    stem = rng.choice(STEMS[category]).format(
        person=f"{rng.choice('ABCDEFGHIJKLMNOPRSTVW')}. {rng.choice(PEOPLE)}",
        place=place,
        place2=place2,
        thing=f"{thing} {rng.randrange(2, 100)}",
        thing2=f"{thing2} {rng.randrange(2, 100)}",
    )
    return Subject(category, stem)


def day_words(at: int) -> str:
    """Return the last full day before `at` [microseconds UTC], as "March 31, 2026"."""
    day = _moment(at) - timedelta(hours=12)
    return f"{day:%B} {day.day}, {day.year}"


def hour_words(at: int) -> str:
    """Return a moment as "3:20PM UTC on March 2, 2026"."""
    moment = _moment(at)
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    date = f"{moment:%B} {moment.day}, {moment.year}"
    return f"{hour}:{moment.minute:02d}{half} UTC on {date}"


def slugged(text: str) -> str:
    """Return a text as a slug: lower case, words with hyphens between."""
    kept = "".join(c if c.isalnum() else " " for c in text.lower())
    return "-".join(kept.split())


@lru_cache(maxsize=65_536)
def iso(at: int) -> str:
    """Return a moment [microseconds UTC] as "2026-03-31T00:00:00Z"."""
    return _moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at // SECOND, UTC)
