"""`polyrules desk check`: the desk, and the strategies it names."""

from pathlib import Path

import pytest

from tests.small_tape import Cli
from tests.strategies import BUY_TIGHT, SELL_HIGH


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with two strategies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "buy.yaml").write_text(BUY_TIGHT, "utf-8")
    (tmp_path / "sell.yaml").write_text(SELL_HIGH, "utf-8")
    return tmp_path


def write_desk(*strategies: str) -> None:
    listed = "".join(f"  - {strategy}\n" for strategy in strategies)
    Path("desk.yaml").write_text(f"strategies:\n{listed}", "utf-8")


def test_a_desk_whose_strategies_are_sound_is_shown(cli: Cli) -> None:
    write_desk("{file: buy.yaml, params: {widest: 0.05}}", "{file: longshot_yes}")

    result = cli("desk", "check")

    assert result.exit_code == 0
    assert "  strategy             buy.yaml widest=0.05\n" in result.stdout
    assert "  strategy             longshot_yes\n" in result.stdout


def test_the_mistakes_of_all_its_strategies_are_told_with_exit_code_1(
    cli: Cli,
) -> None:
    Path("buy.yaml").write_text(BUY_TIGHT.replace("spread <=", "spraed <="), "utf-8")
    Path("sell.yaml").write_text(SELL_HIGH.replace("every: 1s", "every: 1"), "utf-8")
    write_desk("{file: buy.yaml}", "{file: sell.yaml, enabled: false}")

    result = cli("desk", "check")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert 'buy.yaml:8:11: error[PN001]: unknown feature "spraed"' in result.stderr
    assert "sell.yaml:" in result.stderr
    assert result.stderr.endswith("\n2 errors\n")


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        (["{file: gone.yaml}"], "gone.yaml: no such file"),
        (
            ["{file: buy.yaml, params: {widest: 0.5}}"],
            (
                "desk.yaml: buy.yaml:4:3: param widest: value must be in [0.001, 0.1],"
                " was 0.5"
            ),
        ),
        (
            ["{file: buy.yaml}", "{file: buy.yaml}"],
            "buy.yaml and buy.yaml are both called buy_tight",
        ),
    ],
)
def test_what_is_wrong_with_the_desk_itself_ends_with_exit_code_2(
    cli: Cli, strategies: list[str], message: str
) -> None:
    write_desk(*strategies)

    result = cli("desk", "check")

    assert result.exit_code == 2
    assert message in result.stderr


def test_the_same_strategy_twice_is_fine_if_one_is_left_out(cli: Cli) -> None:
    write_desk("{file: buy.yaml}", "{file: buy.yaml, enabled: false}")

    assert cli("desk", "check").exit_code == 0


def test_the_exit_codes_are_told_by_its_help(cli: Cli) -> None:
    said = " ".join(cli("desk", "check", "--help").stdout.split())

    assert "Exit 1: a strategy file is wrong. Exit 2: the desk itself" in said


@pytest.mark.parametrize(
    "command",
    [("desk", "check"), ("run", "sell.yaml", "--tape", "tape", "--desk")],
)
def test_a_file_of_another_kind_in_the_place_of_a_desk_is_told_in_one_sentence(
    cli: Cli, command: tuple[str, ...]
) -> None:
    Path("map.yaml").write_text("polyrules_mapping: 1\nfiles: []\n", "utf-8")

    strategy, mapping = cli(*command, "buy.yaml"), cli(*command, "map.yaml")

    assert (strategy.exit_code, mapping.exit_code) == (2, 2)
    assert strategy.stderr == (
        "error: buy.yaml is a strategy, expected a desk\n"
        "hint: polyrules validate buy.yaml checks it, polyrules run buy.yaml runs it\n"
    )
    assert mapping.stderr == (
        "error: map.yaml is a mapping of tables, expected a desk\n"
        "hint: polyrules tape import FILES --mapping map.yaml --out TAPE uses it\n"
    )


def test_the_lists_its_strategies_ask_for_are_checked_too(cli: Cli) -> None:
    write_desk("{file: mirror_whale}")
    without = cli("desk", "check")

    with Path("desk.yaml").open("a", encoding="utf-8") as desk:
        desk.write('inputs: {watchlist: ["0x1234"]}\n')
    wrong = cli("desk", "check")

    assert (without.exit_code, wrong.exit_code) == (2, 2)
    assert "mirror_whale asks for the list watchlist" in without.stderr
    assert "inputs.watchlist[0] of the desk" in wrong.stderr
    assert "4 digits after 0x, expected 40" in wrong.stderr


def test_where_the_venue_is_is_shown_where_it_is_not_the_usual_place(cli: Cli) -> None:
    Path("desk.yaml").write_text(
        "sources: {gamma: 'http://127.0.0.1:8780/gamma'}\n"
        "collection: {tier_hours: [24, 12, 4, 1]}\n",
        "utf-8",
    )

    result = cli("desk", "check")

    lines = result.stdout.splitlines()
    assert "  sources.gamma         http://127.0.0.1:8780/gamma" in lines
    assert "  clock                 wall" in lines
    assert "  collection.tier_hours 24, 12, 4, 1" in lines
    assert "sources.clob" not in result.stdout
