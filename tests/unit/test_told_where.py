"""Messages name what they are about: markets by slug, params by their place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result

from polyrules.cli.summary_text import summary_lines
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Book, Market
from polyrules.engine.state import MarketState
from polyrules.summary import AlarmSummary, Summary, with_slugs
from tests.builders import market
from tests.strategies import BUY_TIGHT

Cli = Callable[..., Result]

LATE = 1_772_409_600_000_000  # 2026-03-02 00:00 UTC
ALARM = "mine/stop: UNKNOWN on 0xabc, holding; the desk's hard stop still stands"


def known(id_: str, slug: str) -> dict[MarketId, MarketState]:
    made: Market = msgspec.structs.replace(market(), id=MarketId(id_), slug=slug)
    return {made.id: MarketState(market=made, row=0, book=Book())}


def summary(alarms: int, *told: str) -> Summary:
    plain: dict[str, Any] = dict.fromkeys(Summary.__struct_fields__, 0)
    names = ("run", "mode", "source", "ended", "digest", "optimism", "journal")
    plain |= dict.fromkeys(names, "") | {"first_at": None, "last_at": None}
    counts = ("refusals", "rejected", "settled", "collected", "troubles")
    plain |= {key: {} for key in counts}
    plain |= {key: [] for key in ("strategies", "assumptions", "held")}
    plain |= {"alarms": alarms, "decisions": 1}
    plain["first_alarms"] = [AlarmSummary(at=LATE, text=text) for text in told]
    return msgspec.convert(plain, Summary, strict=False)


def test_an_alarm_names_its_market_by_slug() -> None:
    assert with_slugs(ALARM, known("0xabc", "bridge-opens")) == (
        "mine/stop: UNKNOWN on bridge-opens, holding; the desk's hard stop still stands"
    )


def test_a_market_without_a_slug_keeps_its_id_and_no_other_word_is_one() -> None:
    assert with_slugs(ALARM, known("0xabc", "")) == ALARM
    assert with_slugs(ALARM, known("0xab", "bridge-opens")) == ALARM


def test_a_summary_tells_its_first_alarms_and_where_the_others_are() -> None:
    lines = list(summary_lines(summary(5, "one \x1b[31m", "two")))

    begin = lines.index("alarms     5")
    assert lines[begin : begin + 4] == [
        "alarms     5",
        "           2026-03-02 00:00:00 one \ufffd[31m",
        "           2026-03-02 00:00:00 two",
        "           and 3 more: polyrules run ... | cat tells each",
    ]


def test_a_summary_without_alarms_says_nothing_of_them() -> None:
    assert not any("alarms" in line for line in summary_lines(summary(0)))


def test_a_value_that_does_not_fit_is_told_with_the_place_of_its_param(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(BUY_TIGHT, "utf-8")

    result = cli("validate", "mine.yaml", "--set", "widest=0.5")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: mine.yaml:4:3: param widest: value must be in [0.001, 0.1], was 0.5\n"
        "hint: its range is [0.001, 0.1]\n"
    )


def test_a_card_says_which_list_of_the_desk_is_needed(cli: Cli) -> None:
    result = cli("docs", "mirror_whale")

    assert "\nIt needs a list of wallets named `watchlist` in the desk: " in (
        result.stdout
    )


def test_a_card_has_the_tests_of_the_file_beside_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(BUY_TIGHT, "utf-8")
    Path("mine.test.yaml").write_text(
        "strategy: ./mine.yaml\ntests:\n"
        "  - {name: a wide market, given: {spread: 0.5}, expect: {fires: none}}\n",
        "utf-8",
    )

    result = cli("docs", "mine.yaml")

    assert result.stdout.endswith("## Its tests\n\n- a wide market: no rule fires\n")


def test_a_wrong_file_of_tests_has_no_card(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(BUY_TIGHT, "utf-8")
    Path("mine.test.yaml").write_text("strategy: ./mine.yaml\n", "utf-8")

    result = cli("docs", "mine.yaml")

    assert result.exit_code == 1
    assert 'has no "tests"' in result.stdout + result.stderr
