import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from polyrules.config import (
    Desk,
    DeskStrategy,
    Secret,
    default_desk,
    desk_yaml,
    duration_text,
    load_desk,
    parse_desk,
    read_journal,
)
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.errors import ConfigError

Cli = Callable[..., Result]


def desk(text: str, environment: Mapping[str, str] | None = None) -> Desk:
    return parse_desk(text, path="desk.yaml", environment=environment or {})


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        desk(text)
    return caught.value.message.splitlines()


def test_without_a_file_the_defaults_of_the_limits_hold() -> None:
    found = default_desk()

    assert found.bankroll_usd == Decimal(1000)
    assert found.limits == Limits()
    assert found.journal.reveal() == "sqlite:///polyrules.db"
    assert found.tick == 1_000_000
    assert found.strategies == ()


def test_what_a_desk_does_not_say_has_its_default() -> None:
    found = desk("limits:\n  market_usd_max: 20\n")

    assert found.limits == Limits(market_usd_max=Usd(Decimal(20)))
    assert found.bankroll_usd == Decimal(1000)


def test_money_is_read_as_it_is_written_and_never_as_a_float() -> None:
    found = desk("bankroll_usd: 1000.1\nlimits: {total_usd_max: 100.100001}\n")

    assert str(found.bankroll_usd) == "1000.1"
    assert str(found.limits.total_usd_max) == "100.100001"


def test_strategies_come_with_their_parameters_as_text(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("polyrules: 1\n", "utf-8")
    (tmp_path / "desk.yaml").write_text(
        "strategies:\n"
        "  - {file: longshot_yes, params: {min_prob: 0.950, look: 2m}}\n"
        "  - {file: mine.yaml, enabled: false}\n",
        "utf-8",
    )

    found = load_desk(tmp_path / "desk.yaml")

    assert found.strategies == (
        DeskStrategy(file="longshot_yes", params={"min_prob": "0.950", "look": "2m"}),
        DeskStrategy(file=str(tmp_path / "mine.yaml"), enabled=False),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "bankrol_usd: 5",
            (
                'desk.yaml:1:1: error[PS001]: unknown key "bankrol_usd"; '
                'did you mean "bankroll_usd"?'
            ),
        ),
        (
            "bankroll_usd: 0",
            "desk.yaml:1:15: error[PS007]: bankroll_usd must be more than 0, found 0",
        ),
        (
            "bankroll_usd: a lot",
            (
                "desk.yaml:1:15: error[PS003]: bankroll_usd must be a number, "
                'found the text "a lot"'
            ),
        ),
        (
            "limits: {positions_max: 1.5}",
            (
                "desk.yaml:1:25: error[PS003]: positions_max must be a whole number, "
                "found the number 1.5"
            ),
        ),
        (
            "limits: {total_usd_max: 1.1234567}",
            "desk.yaml:1:25: error[PD002]: 1.1234567 has more than six decimals",
        ),
        (
            "limits: {order_usd_min: 60}",
            (
                "desk.yaml:1:25: error[PD004]: no order is possible: at least 60 usd, "
                "at most 50 a market"
            ),
        ),
        ("tick: 50ms", "desk.yaml:1:7: error[PD001]: 50ms is outside [100ms, 1d]"),
        ("tick: 2d", "desk.yaml:1:7: error[PD001]: 2d is outside [100ms, 1d]"),
        (
            "tick: 10",
            (
                "desk.yaml:1:7: error[PS006]: tick must be a duration such as 1s, "
                "found 10; did you mean 10s?"
            ),
        ),
        (
            "sources: {clob: '${CLOB}'}",
            (
                "desk.yaml:1:17: error[PD003]: only the journal's password is taken "
                "from the environment"
            ),
        ),
        (
            "journal: postgresql://${USER}@host/db",
            (
                "desk.yaml:1:10: error[PD003]: only the journal's password is taken "
                "from the environment"
            ),
        ),
        (
            "journal: postgresql://me:hunter2@host/db",
            (
                "desk.yaml:1:10: error[PD006]: a password stands in the desk; "
                "write ${NAME} in its place and set NAME in the environment"
            ),
        ),
        (
            "tick: 1s\ntick: 2s",
            (
                'desk.yaml:2:1: error[PR001]: key "tick" stands here twice; '
                "the first is in line 1"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    text: str, problem: str
) -> None:
    assert problem in problems(text)


@pytest.mark.parametrize("limit", ["drawdown_max", "kelly_fraction_max", "hard_stop"])
def test_a_share_of_one_is_more_than_nothing_and_at_most_all(limit: str) -> None:
    assert len(problems(f"limits: {{{limit}: 0}}")) == 1
    assert len(problems(f"limits: {{{limit}: 1.01}}")) == 1
    assert getattr(desk(f"limits: {{{limit}: 1}}").limits, limit) == 1


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = problems("tick: 10\nlimits: {hard_stop: 2}\nbankrol_usd: 1\n")

    assert [line.split(": ")[0] for line in found] == [
        "desk.yaml:1:7",
        "desk.yaml:2:21",
        "desk.yaml:3:1",
    ]


def test_a_password_comes_from_the_environment_and_is_never_shown() -> None:
    found = desk(
        "journal: postgresql://trader:${PGPASSWORD}@host/db",
        {"PGPASSWORD": "p@ss/word"},
    )

    assert found.journal.reveal() == "postgresql://trader:p%40ss%2Fword@host/db"
    assert str(found.journal) == "postgresql://trader:${PGPASSWORD}@host/db"
    assert "p%40ss" not in repr(found)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        desk("journal: postgresql://trader:${PGPASSWORD}@host/db")

    assert caught.value.message == (
        "desk.yaml: the environment has no PGPASSWORD, the password of the journal"
    )
    assert caught.value.hint == "export PGPASSWORD=..."


def test_a_secret_shows_itself_masked_and_is_not_written_down() -> None:
    secret = Secret("hunter2")

    assert f"{secret} {secret!r}" == "*** ***"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    with pytest.raises(TypeError, match="not written down"):
        secret.__reduce__()


def test_a_desk_that_is_not_there_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_desk(tmp_path / "gone.yaml")

    assert caught.value.message.endswith("gone.yaml: no such file or directory")
    assert caught.value.hint == "polyrules desk init PATH writes a desk"


def amounts(most: int) -> st.SearchStrategy[Usd]:
    return st.decimals(Decimal("0.000001"), most, places=6).map(Usd)


def desks() -> st.SearchStrategy[Desk]:
    shares = st.decimals(Decimal("0.01"), 1, places=2)
    words = st.text("abcxyz_ {}:#'\"é\n", min_size=1, max_size=12)
    return st.builds(
        Desk,
        bankroll_usd=amounts(1_000_000_000),
        limits=st.builds(
            Limits,
            market_usd_max=amounts(1000).map(lambda usd: Usd(usd + 1)),
            positions_max=st.integers(1, 100_000),
            order_usd_min=amounts(1),
            drawdown_max=shares,
            hard_stop=shares,
        ),
        strategies=st.lists(
            st.builds(
                DeskStrategy,
                file=words,
                params=st.dictionaries(st.sampled_from(["a", "b_c"]), words),
                enabled=st.booleans(),
            ),
            max_size=3,
        ).map(tuple),
        tick=st.integers(1_000, 864_000_000).map(lambda tenths: tenths * 100),
    ).filter(lambda found: found.tick >= 100_000)


@given(written=desks())
def test_a_desk_written_out_reads_back_as_itself(written: Desk) -> None:
    assert desk(desk_yaml(written)) == written


@given(text=st.text(max_size=200))
def test_whatever_a_file_holds_it_is_a_desk_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        assert isinstance(desk(text), Desk)


def test_a_duration_is_written_in_its_largest_whole_unit() -> None:
    texts = [duration_text(micros) for micros in (86_400_000_000, 90_000_000, 100_500)]

    assert texts == ["1d", "90s", "100.5ms"]


def test_desk_init_writes_the_defaults_and_overwrites_nothing(
    cli: Cli, tmp_path: Path
) -> None:
    place = tmp_path / "desk.yaml"

    written = cli("desk", "init", str(place))
    again = cli("desk", "init", str(place))
    forced = cli("desk", "init", str(place), "--force")

    assert (written.exit_code, again.exit_code, forced.exit_code) == (0, 2, 0)
    assert again.stderr == (
        f"error: {place} exists already\nhint: --force overwrites it\n"
    )
    assert load_desk(place) == default_desk()


def test_desk_check_prints_what_holds_without_any_secret(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    place = tmp_path / "desk.yaml"
    place.write_text(
        "bankroll_usd: 2500\n"
        "strategies: [{file: longshot_yes, params: {min_prob: 0.95}}]\n"
        "journal: postgresql://trader:${PGPASSWORD}@host/db\n",
        "utf-8",
    )

    shown = cli("desk", "check", str(place))
    listed = cli("desk", "check", str(place), "--json")

    assert shown.exit_code == 0
    assert "  bankroll_usd         2,500\n" in shown.output
    assert "  strategy             longshot_yes min_prob=0.95\n" in shown.output
    assert "  journal              postgresql://trader:${PGPASSWORD}@host/db\n" in (
        shown.output
    )
    assert json.loads(listed.output)["limits"]["market_usd_max"] == "50"
    assert "hunter2" not in shown.output + listed.output


def test_the_research_desk_of_the_examples_is_a_desk(root: Path) -> None:
    found = load_desk(root / "examples" / "desk.research.yaml")

    assert found.bankroll_usd == Decimal(10_000)
    assert found.limits.positions_max == 500
    assert found.limits.hard_stop == 1


def test_the_journal_of_the_command_line_takes_its_password_from_the_environment() -> (
    None
):
    given = read_journal("postgresql://me:${PW}@host/db", {"PW": "p@ss"})

    assert given.reveal() == "postgresql://me:p%40ss@host/db"
    assert str(given) == "postgresql://me:${PW}@host/db"


def test_a_password_typed_out_is_taken_and_never_shown() -> None:
    given = read_journal("postgresql://me:secret@host/db", {})

    assert given.reveal() == "postgresql://me:secret@host/db"
    assert str(given) == "postgresql://me:***@host/db"


@pytest.mark.parametrize(
    "url", ["sqlite:///${NOPE}.db", "postgresql://me:${PW}@host/${NOPE}"]
)
def test_a_variable_is_a_password_or_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="only the journal's password"):
        read_journal(url, {"NOPE": "x", "PW": "y"})
    with pytest.raises(ConfigError, match="only the journal's password"):
        desk(f"journal: {url}", {"NOPE": "x", "PW": "y"})
