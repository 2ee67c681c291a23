"""Deadlines: what the text of a question says about its last moment, and how surely.

"Will Tria launch a token by March 31, 2026?" gathers its YES until a deadline: another
market that differs in a later deadline only is worth at least as much. The venue's end
is only compared, as it can be wrong or missing: the text wins, and the difference is
told. "By March 31" ends at the midnight after that day in New York, "before June" at
the midnight on which June begins there.

What it does not do: read the rules of a market, or guess. A question whose last words
are no date, as "before GTA VI" or "this week", has no deadline here. Neither has one
that a later date makes less likely ("not by"), or that asks for an exact number.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from polyrules.domain.market import Market
from polyrules.domain.moments import DAY, HOUR
from polyrules.features.question_dates import (
    EXCLUSIVE,
    PERIODS,
    Phrase,
    Span,
    begins,
    days_without_head,
    ends,
    phrase_of,
    plain,
)

AGREES_WITHIN = (
    36 * HOUR
)  # the venue writes 0:00 UTC of the day, we its end in New York
SEEN_LATE = 30 * DAY  # a market may be seen for the first time after its deadline
QUESTION_LENGTH_MAX = 1_000  # a longer text is not read
_YEAR = 365.2425 * DAY
_FIRST_YEAR, _LAST_YEAR = 2000, 2099

# The confidence is the product of one of each line, and of UNCLEAR for every doubt.
YEAR_STATED, YEAR_BY_START, YEAR_BY_SEEN, YEAR_BY_END = 1.0, 0.95, 0.8, 0.8
END_AGREES, END_UNSAID, END_DISAGREES = 1.0, 0.9, 0.6
UNCLEAR = 0.5

_QUARTER, _HALF = 3, 6  # months
Edge = Callable[[Span, int], int | None]
_THIS = re.compile(r"\b(?:this|next) (week|month|year|quarter|meeting)\b")
_FALLING = re.compile(
    r"\b(?:not|no(?!\.)|never|nothing|neither|without|fails? to|still|remains?|stays?"
    r"|survives?|continues?)\b|n't\b"
)
_COUNT = r"(?:\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_EXACT = re.compile(
    r"\b(?:exactly|less than|fewer than|at most|between(?= \W?\d))\b"
    rf"|\d[%a-z]{{0,2}} ?- ?\$?\d|\b{_COUNT} or (?:{_COUNT}|less|fewer|below)\b"
)
_STANDING = re.compile(
    r"\b(?:(?<!there )be|close|finish|trade|sit)"
    r" (?:at|above|below|over|under|higher|lower|greater|more than)\b"
    r"|\b(?:be|have|has) the (?:best|top|most|largest|biggest|highest|#)"
)


class Kind(StrEnum):
    """How the answer of a question hangs on its date."""

    DEADLINE = "deadline"  # YES if it happens at any time until then
    PERIOD = "period"  # YES if it happens within: "in March", "on March 31"
    NONE = "none"  # no date at the end, or not one towards which YES gathers


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """What a question says of time.

    Attributes:
        kind: Only `DEADLINE` has a place among cumulative deadlines.
        stem: The question without its date, normalised; two questions that differ in
            their deadline only have the same stem.
        at: The first moment that is too late [microseconds UTC]; None if not known.
        confidence: How surely `kind` and `at` are right, in [0, 1]; 0 without `at`.
        why: What lowered the confidence, or why there is no deadline; for people.
    """

    kind: Kind
    stem: str
    at: int | None
    confidence: float
    why: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    """A moment and what speaks for and against it. No moment is None."""

    at: int | None
    confidence: float
    why: tuple[str, ...] = ()


def deadline_of(market: Market, seen: int | None = None) -> Deadline:
    """Read the deadline of a market from its question.

    Args:
        market: Its `start` and `end` are used where the text leaves the year open; a
            stated `end` is compared with what the text says.
        seen: When the market was first heard of [microseconds UTC], for the year of a
            market that says neither `start` nor `end`.

    Returns:
        A `Deadline`; of another kind than `DEADLINE` if the question has none.
    """
    if len(market.question) > QUESTION_LENGTH_MAX:
        return _without(Kind.NONE, "", "the question is too long to be read")
    text = plain(market.question)
    phrase = phrase_of(text)
    if phrase is None:
        return _without_date(text)
    if phrase.head in PERIODS:
        return _dated(Kind.PERIOD, phrase, market, seen)
    if reason := _not_cumulative(phrase.stem):
        return _without(Kind.NONE, phrase.stem, reason)
    return _dated(Kind.DEADLINE, phrase, market, seen)


def _without_date(text: str) -> Deadline:
    if days := days_without_head(text):
        stem = text.replace(days, "", 1).strip(" ,;:-")
        return _without(Kind.PERIOD, stem, f"neither by nor before stands at {days!r}")
    if match := _THIS.search(text):
        return _without(Kind.NONE, text, f"which {match[1]} is meant is not said")
    return _without(Kind.NONE, text, "no date ends the question")


def _without(kind: Kind, stem: str, *why: str) -> Deadline:
    return Deadline(kind=kind, stem=stem, at=None, confidence=0.0, why=why)


def _not_cumulative(stem: str) -> str | None:
    """Say why a later date would not make the answer more likely."""
    if not stem:
        return "the question is nothing but a date"
    if match := _FALLING.search(stem):
        return f"{match[0]!r}: a later date can make YES less likely"
    if match := _EXACT.search(stem):
        return f"{match[0]!r}: an exact number can be passed later"
    return None


def _dated(kind: Kind, phrase: Phrase, market: Market, seen: int | None) -> Deadline:
    read = _reading(phrase, market, seen)
    if read.at is None:
        return _without(kind, phrase.stem, *read.why)
    likeness, told = _against_end(read.at, phrase.span, market.end)
    sure, why = read.confidence * likeness, read.why + told
    if kind is Kind.DEADLINE and (match := _STANDING.search(phrase.stem)):
        sure *= UNCLEAR
        why += (f"{match[0]!r} may be asked of the last moment only",)
    return Deadline(
        kind=kind, stem=phrase.stem, at=read.at, confidence=round(sure, 4), why=why
    )


def _against_end(at: int, span: Span, end: int | None) -> tuple[float, tuple[str, ...]]:
    """Compare with the venue's end; the text wins."""
    if end is None:
        return END_UNSAID, ("the venue says no end",)
    if _agree(at, end):
        return END_AGREES, ()
    told = f"the venue's end says {_day(end)}, the question says {span.words}"
    return END_DISAGREES, (told,)


def _agree(at: int, end: int | None) -> bool:
    return end is not None and abs(at - end) <= AGREES_WITHIN


def _day(at: int) -> str:
    """Return the UTC day of a moment as 2026-03-31; far years as a number of days."""
    try:
        return str(
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).date()
        )
    except OverflowError:
        return f"day {at // DAY} since 1970"


def _reading(phrase: Phrase, market: Market, seen: int | None) -> Reading:
    """Choose which edge of the days is meant, and the year."""
    span = phrase.span
    if phrase.head in EXCLUSIVE and not span.ended:
        return _in_year(span, begins, market, seen)
    last = _in_year(span, ends, market, seen)
    if phrase.head in PERIODS or span.ended or not span.months:
        return last
    return _by_months(span, last, market, seen)


def _by_months(span: Span, last: Reading, market: Market, seen: int | None) -> Reading:
    """Read "by June", which may mean the first day of June or the last."""
    for meant in (last, _in_year(span, begins, market, seen)):
        if meant.at is not None and _agree(meant.at, market.end):
            return meant
    doubt = f"by {span.words} may mean its first day or its last"
    if span.months in (_QUARTER, _HALF):
        return Reading(last.at, last.confidence * UNCLEAR, (*last.why, doubt))
    return Reading(None, 0.0, (doubt,))


def _in_year(span: Span, edge: Edge, market: Market, seen: int | None) -> Reading:
    """Place an edge of the days in the year that is said, else in the likeliest."""
    if span.year is None:
        return _in_likeliest_year(span, edge, market, seen)
    at = edge(span, span.year)
    if at is None:
        return Reading(None, 0.0, (f"there is no such day: {span.words}",))
    if market.start is not None and at <= market.start:
        told = f"the market starts on {_day(market.start)}, after {span.words}"
        return Reading(at, YEAR_STATED * UNCLEAR, (told,))
    return Reading(at, YEAR_STATED)


def _in_likeliest_year(
    span: Span, edge: Edge, market: Market, seen: int | None
) -> Reading:
    """Take the first such day after the start, else the one nearest to the end."""
    no_year = f"no year is said with {span.words}: "
    if market.start is not None:
        at = _first_after(market.start, span, edge)
        told = f"the first after the start on {_day(market.start)} is taken"
        return _found(at, YEAR_BY_START, no_year + told)
    if market.end is not None:
        at = _nearest(market.end, span, edge)
        return _found(at, YEAR_BY_END, no_year + "the one nearest to the end is taken")
    if seen is not None:
        at = _first_after(seen - SEEN_LATE, span, edge)
        told = f"the one that suits a market seen on {_day(seen)} is taken"
        return _found(at, YEAR_BY_SEEN, no_year + told)
    return Reading(None, 0.0, (no_year + "nor does the market say a start or an end",))


def _found(at: int | None, confidence: float, told: str) -> Reading:
    return Reading(at, confidence if at is not None else 0.0, (told,))


def _first_after(moment: int, span: Span, edge: Edge) -> int | None:
    return min((at for at in _around(moment, span, edge) if at > moment), default=None)


def _nearest(moment: int, span: Span, edge: Edge) -> int | None:
    found = _around(moment, span, edge)
    return min(found, key=lambda at: (abs(at - moment), at), default=None)


def _around(moment: int, span: Span, edge: Edge) -> list[int]:
    """Return the moments of the years about `moment`; a leap day needs up to eight."""
    year = 1970 + int(moment / _YEAR)
    years = range(max(year - 5, _FIRST_YEAR), min(year + 9, _LAST_YEAR + 1))
    return [at for one in years if (at := edge(span, one)) is not None]
