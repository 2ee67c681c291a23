"""What a new user is told: one message a mistake, and the command that is meant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.errors import Problem
from polyrules.language.load import load_all
from tests.lint_files import messages

Cli = Callable[..., Result]

HEAD = """\
polyrules: 1
strategy: {id: mine, version: 0.1.0}
universe: {each: market}
sizing: {method: fixed, amount: 20 USD}
"""
SOUND = "rules: [{id: a, when: best_ask > 0.9, then: {action: none}}]\n"
TAIL = "schedule: {every: 5s}\n"


def told(rest: str, schedule: str = TAIL) -> tuple[Problem, ...]:
    return load_all(f"{HEAD}{rest}{schedule}", "mine.yaml")[1]


def price(text: str, more: str = "") -> tuple[Problem, ...]:
    then = f"{{action: buy, token: yes_token, price: {text}{more}}}"
    return told(f"rules: [{{id: a, when: best_ask > 0.9, then: {then}}}]\n")


def test_a_value_that_a_comma_cut_is_told_once_and_at_the_value() -> None:
    (problem,) = price("min(best_ask, 0.97)")

    assert (problem.code, problem.line, problem.column) == ("PS006", 5, 84)
    assert problem.message == 'price ends at a comma: "min(best_ask"'
    assert problem.help == "put it in quotes: inside { } a comma ends a value"


def test_a_value_cut_twice_is_one_mistake_and_others_are_told_beside_it() -> None:
    problems = price("clamp(best_ask, min(0.1, 0.2), 0.97)", ", colour: red")

    assert messages(list(problems)) == [
        'price ends at a comma: "clamp(best_ask"',
        'unknown key "colour" in then',
    ]


def test_a_cut_let_whose_rest_is_a_name_is_told_once() -> None:
    (problem,) = told(f"let: {{x: clamp(mid, best_bid, 0.97)}}\n{SOUND}")

    assert problem.message == 'x ends at a comma: "clamp(mid"'


@pytest.mark.parametrize(
    "rest", ['let: {x: "min(mid, 0.9)"}\n', "let:\n  x: min(mid, 0.9)\n"]
)
def test_in_quotes_or_on_a_line_of_its_own_a_comma_cuts_nothing(rest: str) -> None:
    assert told(rest + SOUND.replace("best_ask > 0.9", "x > 0.5")) == ()


def test_what_an_extension_key_cuts_is_its_own_affair() -> None:
    assert told(f"x-notes: {{a: f (b, c)}}\n{SOUND}") == ()


def test_a_colon_in_a_text_in_braces_is_a_reason_for_quotes_as_well() -> None:
    (problem,) = price("best_ask", ", reason: ask: high")

    assert problem.code == "PR004"
    assert problem.help == 'quote texts that contain ",", ": " or "{"'


def test_an_exit_with_a_misspelt_condition_is_told_how_it_is_spelt_only() -> None:
    (problem,) = told(f"{SOUND}exits: [{{id: stop, stoploss: 0.10}}]\n")

    assert problem.message == 'unknown key "stoploss" in entry 1 of exits'
    assert problem.help == 'did you mean "stop_loss"?'


def test_an_exit_without_any_condition_is_still_told() -> None:
    (problem,) = told(f"{SOUND}exits: [{{id: stop}}]\n")

    assert problem.code == "PS010"


def test_a_wrong_word_in_a_list_is_told_with_the_words_of_the_list() -> None:
    (problem,) = told(SOUND, "schedule: {every: 5s, tiers: [T0, T9]}\n")

    assert problem.message == '"T9" is not a value of tiers (T0, T1, T2, T3, T4)'


@pytest.mark.parametrize(
    ("text", "holds", "use"),
    [
        (
            "strategy: ./mine.yaml\ntests: []\n",
            "the tests of a strategy",
            "polyrules test it.yaml runs them",
        ),
        (
            "bankroll_usd: 100\ninputs: {}\n",
            "the settings of a desk",
            "polyrules desk check it.yaml checks them",
        ),
        (
            "polyrules_mapping: 1\ntables: []\n",
            "a mapping of tables",
            "polyrules tape import FILES --mapping it.yaml --out TAPE uses it",
        ),
    ],
)
def test_a_file_that_is_no_strategy_is_told_which_command_it_is_for(
    text: str, holds: str, use: str
) -> None:
    strategy, (problem,) = load_all(text, "it.yaml")

    assert strategy is None
    assert problem.message == f"this file holds {holds}; it is no strategy"
    assert problem.help == use


def test_a_strategy_that_lacks_its_version_is_no_other_file() -> None:
    text = HEAD.removeprefix("polyrules: 1\n") + SOUND + TAIL + "tests: []\n"

    _, (problem,) = load_all(text, "mine.yaml")

    assert problem.message == 'the file has no "polyrules"'


def test_of_a_folder_every_strategy_is_validated_and_linted(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(f"{name}.yaml").write_text(HEAD + SOUND + TAIL, "utf-8")
    Path("a.test.yaml").write_text("strategy: ./a.yaml\ntests: []\n", "utf-8")
    Path("desk.yaml").write_text("bankroll_usd: 100\n", "utf-8")

    validated, linted = cli("validate", "."), cli("lint", ".", "--profile", "min")

    assert validated.stdout == "a.yaml: ok\nb.yaml: ok\n"
    assert linted.stdout.count("profile reached") == 2
    assert (validated.exit_code, linted.exit_code) == (0, 0)


@pytest.mark.parametrize("command", ["validate", "lint", "test"])
def test_a_folder_without_a_strategy_is_an_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("desk.yaml").write_text("bankroll_usd: 100\n", "utf-8")

    result = cli(command, ".")

    assert result.exit_code == 2
    assert result.stderr.startswith(
        "error: . has no strategies: no .yaml file in it is one"
    )


def test_rules_of_a_base_lack_tests_in_the_file_that_extends_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        "polyrules: 1\nstrategy: {id: mine, version: 0.1.0}\nextends: longshot_yes\n",
        "utf-8",
    )

    result = cli("lint", "mine.yaml", "--profile", "shared")

    assert result.exit_code == 1
    assert result.stdout.startswith(
        'mine.yaml:3:10: warning[PL013]: rule "enter" of longshot_yes has no test in'
        " this file where it is TRUE and none where it is not\n"
    )


def test_a_file_that_extends_may_take_the_lack_of_tests_on_purpose(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        "polyrules: 1\nstrategy: {id: mine, version: 0.1.0}\n"
        "# polyrules: ignore[PL013] tried by hand\nextends: longshot_yes\n",
        "utf-8",
    )

    result = cli("lint", "mine.yaml", "--profile", "shared")

    assert result.exit_code == 0
    assert "1 suppressed" in result.stdout or "on purpose" in result.stdout
