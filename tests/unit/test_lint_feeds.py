import msgspec
import pytest

from polyrules.errors import Severity
from polyrules.features.catalog import Feed
from polyrules.language.analysis.report import Report, look_at
from tests.lint_files import BASE, found, messages, rule, whole

MARKET = "universe: {each: market}\n"


def lacking(example: str, *feeds: Feed) -> list[str]:
    report = look_at(whole(example), "a.yaml", lacking=frozenset(feeds))
    return messages([p for p in report.problems if p.code == "PL010"])


def test_a_rule_whose_feed_is_not_there_is_told_with_what_it_lacks() -> None:
    text = f"{MARKET}rules:\n{rule('volume_24h > 10 and spread < 0.1')}"

    assert lacking(text, Feed.GAMMA) == [
        'rule "enter" can never fire: there is no feed for volume_24h (gamma)'
    ]
    assert lacking(text, Feed.BOOK) == [
        'rule "enter" can never fire: there is no feed for spread (book)'
    ]
    assert lacking(text, Feed.TRADES) == []


@pytest.mark.parametrize(
    "when",
    [
        "coalesce(volume_24h, 5) > 1",
        "not known(volume_24h)",
        "spread < 0.1 or volume_24h > 10",
        "spread < (0.1 if known(volume_24h) else 0.2)",
    ],
)
def test_a_rule_that_can_do_without_a_feed_is_left_alone(when: str) -> None:
    assert lacking(f"{MARKET}rules:\n{rule(when)}", Feed.GAMMA) == []


def test_a_universe_that_lacks_its_feed_silences_every_rule() -> None:
    assert lacking("x-a: 1", Feed.GAMMA) == [
        'rule "enter" can never fire: there is no feed for accepting_orders (gamma)'
    ]


def test_a_schedule_faster_than_the_listing_is_told() -> None:
    text = f"{MARKET}rules:\n{rule('volume_24h > 10', 'price: listed_ask')}"

    assert messages(found(f"{text}schedule: {{every: 5s}}", "PL011")) == [
        (
            "asked every 5s, but all it reads comes from the listing, which is polled"
            " every 15s at best"
        )
    ]
    assert found(f"{text}schedule: {{every: 15s}}", "PL011") == []


def test_a_schedule_faster_than_the_usual_clock_is_for_information() -> None:
    (problem,) = found("schedule: {every: 500ms}", "PL011")

    assert problem.severity is Severity.INFO
    assert found("schedule: {every: 1s}", "PL011") == []


def test_a_window_that_sees_one_sample_is_told() -> None:
    text = "let: {{moved: 'mid - lag(mid, seconds({}))'}}\nschedule: {{every: 30s}}"

    (problem,) = found(text.format(5), "PL011")

    assert problem.message == (
        'let "moved" looks back over 5s and is sampled every 30s:'
        " it sees one sample at most"
    )
    assert found(text.format(30), "PL011") == []


def dear(windows: int, lets: int) -> Report:
    columns = [f"  w{n}: lag(mid, minutes({n + 1}))" for n in range(windows)]
    many = ", ".join(["mid"] * 80)
    sums = [f"  s{n}: max({many})" for n in range(lets)]
    names = [*(f"w{n}" for n in range(windows)), *(f"s{n}" for n in range(lets))]
    lines = "\n".join([*columns, *sums, f"  highest: max({', '.join(names)})"])
    return look_at(whole(f"let:\n{lines}\nrules:\n{rule('highest > 0.5')}"), "a.yaml")


def test_a_strategy_that_takes_too_long_is_told_with_its_budget() -> None:
    report = dear(windows=45, lets=18)  # PC002

    (problem,) = [p for p in report.problems if p.code == "PC002"]
    assert problem.message.endswith(
        "ms at 50,000 markets, and should take 200 ms at most"
    )
    assert report.cost is not None
    assert report.cost > 0.2


def test_a_usual_strategy_is_far_below_its_budget() -> None:
    cost = look_at(BASE, "a.yaml").cost

    assert cost is not None
    assert 0 < cost < 0.02


def test_a_report_can_be_told_to_machines() -> None:
    report = look_at(whole("exits: []"), "a.yaml")

    told = msgspec.json.decode(msgspec.json.encode(report.problems[0]))

    assert (told["code"], told["severity"]) == ("PL009", "warning")
