"""What the text of a question says of its deadline. Times are in UTC."""

from datetime import UTC, date, datetime

import pytest

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.features.deadlines import Deadline, Kind, deadline_of
from polyrules.features.question_dates import midnight


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def read(
    question: str,
    *,
    start: str | None = None,
    end: str | None = None,
    seen: str | None = None,
) -> Deadline:
    market = Market(
        id=MarketId("m"),
        yes=TokenId("yes"),
        no=TokenId("no"),
        question=question,
        start=moment(start) if start else None,
        end=moment(end) if end else None,
    )
    return deadline_of(market, moment(seen) if seen else None)


def utc(at: int | None) -> str | None:
    """Return as 2026-04-01 04:00; None as None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("question", "stem", "at"),
    [
        (
            "Will Tria launch a token by March 31, 2026?",
            "will tria launch a token",
            "2026-04-01 04:00",
        ),
        ("Megaquake by January 31, 2026", "megaquake", "2026-02-01 05:00"),
        ("Up Only podcast by Jan. 31, 2026?", "up only podcast", "2026-02-01 05:00"),
        ("Infection by Feb. 1st, 2026?", "infection", "2026-02-02 05:00"),
        ("Ceasefire by June 30 2026", "ceasefire", "2026-07-01 04:00"),
        ("Ceasefire by 31 March 2026?", "ceasefire", "2026-04-01 04:00"),
        ("Ceasefire by the 31st of March, 2026?", "ceasefire", "2026-04-01 04:00"),
        ("Ceasefire by 2026-03-31?", "ceasefire", "2026-04-01 04:00"),
        ("Ceasefire by 3/31/2026?", "ceasefire", "2026-04-01 04:00"),
        ("Ceasefire by 3/31/26?", "ceasefire", "2026-04-01 04:00"),
        ("Merge on or before October 1, 2022?", "merge", "2022-10-02 04:00"),
        ("Merge no later than October 1, 2022?", "merge", "2022-10-02 04:00"),
        (
            "By March 31, 2026, will Tria launch?",
            "will tria launch",
            "2026-04-01 04:00",
        ),
        ("Strike by March 31, 2026 (ET)?", "strike", "2026-04-01 04:00"),
        ("Strike by March 31, 2026, 11:59 PM ET?", "strike", "2026-04-01 04:00"),
        ("Strike by March 31, 2026, (ET)?", "strike", "2026-04-01 04:00"),
        (
            "Russia x Ukraine ceasefire by end of 2027?",
            "russia x ukraine ceasefire",
            "2028-01-01 05:00",
        ),
        ("Indicted by EOY 2022?", "indicted", "2023-01-01 05:00"),
        ("Indicted by the end of the year 2022?", "indicted", "2023-01-01 05:00"),
        ("Cache by end of January 2026?", "cache", "2026-02-01 05:00"),
        ("Cache by end of Q1 2026?", "cache", "2026-04-01 04:00"),
        ("Cache by the end of H1 2026?", "cache", "2026-07-01 04:00"),
        ("xAI IPO before 2027?", "xai ipo", "2027-01-01 05:00"),
        ("Released before February 1, 2026?", "released", "2026-02-01 05:00"),
        ("Released before June 2026?", "released", "2026-06-01 04:00"),
        ("Released before the end of 2026?", "released", "2027-01-01 05:00"),
        ("Released prior to Q3 2026?", "released", "2026-07-01 04:00"),
    ],
)
def test_a_deadline_is_read_from_the_text(question: str, stem: str, at: str) -> None:
    said = read(question)

    assert (said.kind, said.stem, utc(said.at)) == (Kind.DEADLINE, stem, at)
    assert (said.confidence, said.why) == (0.9, ("the venue says no end",))


def test_february_is_known_as_the_venue_misspelt_it() -> None:
    said = read("Tariffs by {} 1, 2026?".format("February".replace("ru", "ur")))

    assert (said.stem, utc(said.at)) == ("tariffs", "2026-02-02 05:00")


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("Will Trump say Magnet in February 2026?", "2026-03-01 05:00"),
        ("Fed rate hike in 2025?", "2026-01-01 05:00"),
        ("Best model in Q2 2026?", "2026-07-01 04:00"),
        ("Strike on January 31, 2026 (ET)?", "2026-02-01 05:00"),
        ("Will Juniors win on 2026-02-02?", "2026-02-03 05:00"),
        ("Earnings beat for Q4 2026?", "2027-01-01 05:00"),
        ("Will BTC be above $64,000 on March 11, 2026?", "2026-03-12 04:00"),
    ],
)
def test_a_period_is_no_deadline(question: str, at: str) -> None:
    said = read(question)

    assert (said.kind, utc(said.at)) == (Kind.PERIOD, at)
    assert said.confidence == 0.9


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (
            "Posts from January 30 to February 6, 2026?",
            "january 30 to february 6, 2026",
        ),
        ("1000 BTC purchase January 27-February 2?", "january 27-february 2"),
        ("Dip to $70 January 26-31?", "january 26-31"),
        ("March 31 - Tria launches a token", "march 31"),
    ],
)
def test_days_without_by_or_before_are_no_deadline(question: str, why: str) -> None:
    said = read(question, seen="2026-02-01")

    assert (said.kind, said.at, said.confidence) == (Kind.PERIOD, None, 0.0)
    assert said.why == (f"neither by nor before stands at {why!r}",)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Will Bitcoin reach $100k?",
        "Will Volkanovski win by KO or TKO?",
        "Will Vanessa win the first round by at least 4%?",
        "Outages caused by Iran?",
        "New Rihanna Album before GTA VI?",
        "Will Biden get Coronavirus before the election?",
        "Goal before 2026 FIFA World Cup?",
        "Cut by June 17 meeting?",
        "Cut after June 17, 2026?",
        "FrontierMath by?",
        "Will End of Beginning by Djo be #1 for the week of February 7?",
        "Cellular outage on Jan 14 caused by a hack?",
    ],
)
def test_words_that_are_no_date_are_no_deadline(question: str) -> None:
    said = read(question, start="2026-01-01", end="2026-03-01")

    assert (said.kind, said.at) == (Kind.NONE, None)
    assert said.why == ("no date ends the question",)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Will Trump say Cuba this week?", "which week is meant is not said"),
        ("Hike by next meeting?", "which meeting is meant is not said"),
        ("Strike by February 30, 2026?", "there is no such day: february 30, 2026"),
        ("Strike by 13/31/2026?", "there is no such day: 13/31/2026"),
        ("By March 31, 2026?", "the question is nothing but a date"),
        ("A" * 1_001, "the question is too long to be read"),
        ("Out by June 2026?", "by june 2026 may mean its first day or its last"),
        (
            "Epstein files by March 31?",
            "no year is said with march 31: nor does the market say a start or an end",
        ),
    ],
)
def test_what_is_not_sure_is_said(question: str, why: str) -> None:
    said = read(question)

    assert (said.at, said.confidence, said.why) == (None, 0.0, (why,))


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Will the US not strike Iran by {}?", "'not'"),
        ("Will no government funding bill be passed by {}?", "'no'"),
        ("Won't the shutdown end by {}?", '"n\'t"'),
        ("Will Khamenei still lead Iran by {}?", "'still'"),
        ("Will OpenAI fail to ship by {}?", "'fail to'"),
    ],
)
def test_what_later_dates_make_less_likely_is_no_deadline(
    question: str, why: str
) -> None:
    said = read(question.format("January 31, 2026"))

    assert (said.kind, said.at) == (Kind.NONE, None)
    assert said.why == (f"{why}: a later date can make YES less likely",)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Will there be exactly 2 earthquakes by {}?", "exactly"),
        ("Will the value be between $1,000 and $1,025 by {}?", "between"),
        ("Will Avatar make 390m-395m by {}?", "0m-3"),
        ("Will there be nine or ten new strikes by {}?", "nine or ten"),
        ("Will there be less than 390 cases by {}?", "less than"),
    ],
)
def test_an_exact_number_is_no_deadline(question: str, why: str) -> None:
    said = read(question.format("February 1, 2026"))

    assert (said.kind, said.at) == (Kind.NONE, None)
    assert said.why == (f"{why!r}: an exact number can be passed later",)


@pytest.mark.parametrize(
    "question",
    [
        "Ceasefire between Israel and Hamas by {}?",
        "Will there be eleven or more new strikes by {}?",
        "Will there be at least 600 measles cases by {}?",
        "Will Bitcoin dip to $75,000 by {}?",
        "Will Gold (GC) hit (LOW) $4,700 by {}?",
        "GPT-5.3 released by {}?",
        "Will Sinner be No. 1 by {}?",
    ],
)
def test_what_gathers_until_a_deadline_is_one(question: str) -> None:
    said = read(question.format("February 1, 2026"))

    assert (said.kind, said.confidence) == (Kind.DEADLINE, 0.9)


def test_an_end_of_the_venue_that_agrees_makes_it_sure() -> None:
    said = read("Tria token by March 31, 2026?", end="2026-03-31")

    assert (said.confidence, said.why) == (1.0, ())


def test_the_text_wins_over_an_end_that_disagrees() -> None:
    said = read("Tria token by March 31, 2026?", end="2026-01-31")

    assert utc(said.at) == "2026-04-01 04:00"
    assert said.confidence == 0.6
    assert said.why == (
        "the venue's end says 2026-01-31, the question says march 31, 2026",
    )


def test_a_day_and_a_half_is_still_agreement_and_a_minute_more_is_not() -> None:
    within = read("Token by March 31, 2026?", end="2026-03-30 16:00")
    beyond = read("Token by March 31, 2026?", end="2026-03-30 15:59")

    assert (within.confidence, beyond.confidence) == (1.0, 0.6)


def test_a_year_that_is_not_said_is_the_first_after_the_start() -> None:
    said = read("Token by March 31?", start="2025-11-20", end="2026-03-31")

    assert (utc(said.at), said.confidence) == ("2026-04-01 04:00", 0.95)
    assert said.why == (
        (
            "no year is said with march 31: "
            "the first after the start on 2025-11-20 is taken"
        ),
    )


def test_the_last_day_itself_is_not_over_when_the_market_starts_on_it() -> None:
    said = read("Token by March 31?", start="2026-03-31 12:00")

    assert utc(said.at) == "2026-04-01 04:00"


def test_a_market_that_starts_when_the_day_is_over_means_the_next_year() -> None:
    said = read("Token by March 31?", start="2026-04-01 04:00")

    assert utc(said.at) == "2027-04-01 04:00"


def test_the_nearest_day_may_be_of_the_year_before_the_end() -> None:
    said = read("Token by December 31?", end="2026-01-05")

    assert utc(said.at) == "2026-01-01 05:00"


def test_without_a_start_the_year_is_the_one_nearest_to_the_end() -> None:
    said = read("Charged by March 31?", end="2023-03-31")

    assert (utc(said.at), said.confidence) == ("2023-04-01 04:00", 0.8)
    assert said.why == (
        "no year is said with march 31: the one nearest to the end is taken",
    )


def test_without_start_and_end_the_year_suits_the_day_it_was_seen() -> None:
    said = read("Epstein files by February 6?", seen="2026-02-02")

    assert (utc(said.at), said.confidence) == ("2026-02-07 05:00", 0.72)
    assert said.why == (
        (
            "no year is said with february 6: "
            "the one that suits a market seen on 2026-02-02 is taken"
        ),
        "the venue says no end",
    )


def test_a_market_seen_after_its_deadline_is_not_put_off_by_a_year() -> None:
    said = read("US strike on Cuba by January 31?", seen="2026-02-03")

    assert utc(said.at) == "2026-02-01 05:00"


def test_a_leap_day_waits_for_its_year() -> None:
    said = read("Token by February 29?", start="2025-01-01")

    assert utc(said.at) == "2028-03-01 05:00"


def test_a_deadline_before_the_start_is_doubted() -> None:
    said = read("Token by March 31, 2025?", start="2026-01-01", end="2025-03-31")

    assert (utc(said.at), said.confidence) == ("2025-04-01 04:00", 0.5)
    assert said.why == ("the market starts on 2026-01-01, after march 31, 2025",)


def test_a_deadline_at_the_start_is_doubted_too() -> None:
    said = read("Token by March 31, 2025?", start="2025-04-01 04:00", end="2025-03-31")

    assert said.confidence == 0.5


def test_by_a_month_is_the_edge_that_the_end_speaks_for() -> None:
    first = read("Out by June 2026?", end="2026-06-01")
    last = read("Out by June 2026?", end="2026-06-30")

    assert (utc(first.at), first.confidence) == ("2026-06-01 04:00", 1.0)
    assert (utc(last.at), last.confidence) == ("2026-07-01 04:00", 1.0)


def test_by_a_quarter_is_its_end_and_half_as_sure() -> None:
    said = read("Token by Q2 2026?")

    assert (utc(said.at), said.confidence) == ("2026-07-01 04:00", 0.45)
    assert said.why == (
        "by q2 2026 may mean its first day or its last",
        "the venue says no end",
    )


def test_a_level_at_the_deadline_is_half_as_sure() -> None:
    said = read("Will BTC be above $100k by end of 2025?", end="2025-12-31")

    assert said.confidence == 0.5
    assert said.why == ("'be above' may be asked of the last moment only",)


def test_numbers_keep_their_marks_in_a_stem() -> None:
    said = read("Will “X”  hit $1.5, 50+ or -0.1% \u2013 by March 31, 2026?")

    assert said.stem == 'will "x" hit $1.5, 50+ or -0.1%'


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        (date(2026, 3, 8), 5),  # the clocks change at 2:00 of this day
        (date(2026, 3, 9), 4),
        (date(2026, 11, 1), 4),  # and back at 2:00 of this
        (date(2026, 11, 2), 5),
        (date(2024, 3, 10), 5),
        (date(2024, 3, 11), 4),
        (date(2024, 11, 3), 4),
        (date(2024, 11, 4), 5),
        (date(2027, 3, 14), 5),
        (date(2027, 3, 15), 4),
        (date(2027, 11, 7), 4),
        (date(2027, 11, 8), 5),
    ],
)
def test_a_day_in_new_york_begins_at_4_or_5_utc(day: date, utc_hour: int) -> None:
    assert utc(midnight(day)) == f"{day} {utc_hour:02}:00"
