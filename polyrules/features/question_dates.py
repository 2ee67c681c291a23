"""The date that ends a question: its words taken apart, and when its days begin.

It knows the forms that the venue writes ("by March 31, 2026?", "before June", "by end
of 2026", "in Q2 2026") and a few that people do. It does not guess: words at the end
that are not wholly a date are no date, so "before 2026 World Cup" is none.

A day begins at midnight in New York, as in the venue's rules.
"""

import re
from datetime import date, timedelta

import msgspec

from polyrules.domain.moments import DAY, HOUR

INCLUSIVE = ("by", "on or before", "no later than", "not later than")
EXCLUSIVE = ("before", "prior to")
PERIODS = ("in", "on", "during", "for")

_DATE_LENGTH_MAX = 40
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NAME = (  # "urary": so the venue misspelt it in eight questions of January 2026
    r"(?:jan(?:uary)?|feb(?:ruary|urary|uary)?|mar(?:ch)?|apr(?:il)?|may|june?"
    r"|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_MONTH = rf"(?P<month>{_NAME})"
_DAY = r"(?P<day>\d{1,2})(?:st|[nr]d|th)?"
_YEAR = r"(?P<year>20\d\d)"
_END = r"(?P<ended>(?:the )?(?:very )?end of (?:the )?)?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
        rf"(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?",
        rf"{_END}{_MONTH}(?:,? (?:of )?{_YEAR})?",
        rf"{_END}(?:year )?{_YEAR}",
        rf"{_END}(?P<part>[qh])(?P<nth>[1-4])(?:,? (?:of )?{_YEAR})?",
        rf"(?P<ended>eoy|(?:the )?end of (?:the |this )?year|year[- ]end)(?: {_YEAR})?",
        r"(?P<year>20\d\d)-(?P<number>\d\d)-(?P<day>\d\d)",
        r"(?P<number>\d{1,2})/(?P<day>\d{1,2})/(?P<year>20\d\d|\d\d)",
    )
)
_HEAD = re.compile(rf"\b(?P<head>{'|'.join((*INCLUSIVE, *EXCLUSIVE, *PERIODS))}) ")
_FIRST = re.compile(r"(?P<head>by|before) (?P<date>.{3,40}?), (?=will |does |is |can )")
_FROM_TO = re.compile(
    rf"\b{_NAME} \d{{1,2}}(?:,? 20\d\d)? ?(?:-|to|and) ?"
    rf"(?:{_NAME} )?\d{{1,2}}(?:,? 20\d\d)?$"
)
_LABEL = re.compile(rf"{_NAME} \d{{1,2}}(?:,? 20\d\d)? - ")
_HOUR = re.compile(r"(?:,?(?: at)? 11:59 ?pm)?(?: \(?et\)?)?$")
_SAME = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The days that a text names: one day, or `months` months from `month` on.

    Attributes:
        year: None where the text says none.
        months: 0 for a single day.
        ended: Whether the text says "end of", so that only its end can be meant.
        words: The text itself.
    """

    year: int | None
    month: int
    day: int = 1
    months: int = 0
    ended: bool = False
    words: str = ""


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """A question taken apart: `stem`, then `head` ("by", "before", "in"), then days."""

    stem: str
    head: str
    span: Span


def plain(question: str) -> str:
    """Return a question in small letters, with one kind of quote, dash and blank.

    What follows the last word is cut: marks, "(ET)", and "11:59 PM ET", which says no
    more than the day. Marks within are kept: 1.5 is not 15, and 50+ is not 50.
    """
    text = " ".join(question.translate(_SAME).casefold().split())
    return _HOUR.sub("", text.rstrip(' ?.!"'), count=1).rstrip(" ,")


def phrase_of(text: str) -> Phrase | None:
    """Find the date that ends, or with a comma opens, a `plain` text."""
    for match in _HEAD.finditer(text, max(0, len(text) - 2 * _DATE_LENGTH_MAX)):
        if span := span_of(text[match.end() :]):
            return _phrase(text[: match.start()], match["head"], span)
    first = _FIRST.match(text)
    if first and (span := span_of(first["date"])):
        return _phrase(text[first.end() :], first["head"], span)
    return None


def _phrase(stem: str, head: str, span: Span) -> Phrase:
    return Phrase(stem=stem.strip(" ,;:-"), head=head, span=span)


def days_without_head(text: str) -> str | None:
    """Return the days that a `plain` text names without any "by" or "before"."""
    match = _FROM_TO.search(text) or _LABEL.match(text)
    return match[0].strip(" -") if match else None


def span_of(words: str) -> Span | None:
    """Return the days that `words` name if they are wholly a date, else None.

    Whether there is such a day is not asked: February 30 is a date here.
    """
    if len(words) > _DATE_LENGTH_MAX:
        return None
    for form in _FORMS:
        if match := form.fullmatch(words):
            return _read(match)
    return None


def _read(match: re.Match[str]) -> Span:
    said = match.groupdict()
    year = said.get("year")
    month, months = _months(said)
    return Span(
        year=int(year) % 100 + 2000 if year else None,
        month=month,
        day=int(said.get("day") or 1),
        months=months,
        ended=bool(said.get("ended")),
        words=match[0],
    )


def _months(said: dict[str, str | None]) -> tuple[int, int]:
    """Return the first month that is named and how many; 0 if a day is named."""
    if name := said.get("month"):
        return _MONTHS.index(name[:3]) + 1, 0 if said.get("day") else 1
    if number := said.get("number"):
        return int(number), 0
    if part := said.get("part"):
        length = 3 if part == "q" else 6
        return (int(said["nth"] or 1) - 1) * length + 1, length
    return 1, 12


def begins(span: Span, year: int) -> int | None:
    """Return when the days begin in `year` [microseconds UTC]; None if never."""
    try:
        return midnight(date(year, span.month, span.day))
    except ValueError:
        return None


def ends(span: Span, year: int) -> int | None:
    """Return when the days are over in `year` [microseconds UTC]; None if never."""
    try:
        first = date(year, span.month, span.day)
    except ValueError:
        return None
    if not span.months:
        return midnight(first + timedelta(days=1))
    years, month = divmod(span.month - 1 + span.months, 12)
    return midnight(date(year + years, month + 1, 1))


def midnight(day: date) -> int:
    """Return when a day begins in New York [microseconds UTC].

    Computed from the rule that holds since 2007: summer time from the second Sunday of
    March to the first of November, at 2:00. No table of time zones is needed.
    """
    spring = _sunday_from(date(day.year, 3, 8))
    autumn = _sunday_from(date(day.year, 11, 1))
    days = day.toordinal() - date(1970, 1, 1).toordinal()
    return days * DAY + (4 if spring < day <= autumn else 5) * HOUR


def _sunday_from(day: date) -> date:
    return day + timedelta(days=(6 - day.weekday()) % 7)
