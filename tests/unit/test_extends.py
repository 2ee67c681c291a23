"""A file that extends another: what it may change, what it may not, where it is found.

The base here is a file of the test's own; the shipped ones may change.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.cli.bases import bases_of, find_base
from polyrules.errors import Problem, StrategyError
from polyrules.language.chain import among
from polyrules.language.load import load, load_all
from polyrules.language.strategy import Strategy
from tests.lint_files import messages
from tests.small_tape import write_tape

Cli = Callable[..., Result]

BASE = """\
polyrules: 1
strategy: {id: base, version: 1.0.0, title: Buys a tight spread}
params:
  widest: {type: prob, default: 0.02, min: 0.001, max: 0.10}
  calm: {type: duration, default: 30s, min: 10s, max: 1h}
universe: {each: market, where: accepting_orders}
let:
  moved: mid - lag(mid, calm)
rules:
  - id: enter
    when: spread <= widest and abs(moved) < 0.5 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 10 USD}
exits:
  - {id: stop, stop_loss: 0.10}
risk:
  max_position: 50 USD
  min_order: 2 USD
  cooldown_after_losses: {count: 3, rest: 1h}
schedule: {every: 1s}
tests:
  - name: two cents are tight
    given: {accepting_orders: true, best_ask: 0.5, spread: 0.02, moved: 0,
            position_shares: 0}
    expect: {fires: enter}
"""
HEAD = """\
polyrules: 1
strategy: {id: child, version: 2.0.0}
extends: ./base.yaml
"""
OF_BASE = among({"./base.yaml": BASE})


def child(more: str = "") -> Strategy:
    return load(HEAD + more, path="child.yaml", find=OF_BASE)


def wrong(more: str) -> list[Problem]:
    strategy, problems = load_all(HEAD + more, "child.yaml", None, OF_BASE)
    assert strategy is None
    return list(problems)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE, "utf-8")
    (tmp_path / "child.yaml").write_text(HEAD, "utf-8")
    return tmp_path


def test_a_file_that_changes_nothing_is_its_base_under_another_name() -> None:
    base = load(BASE, path="base.yaml")

    strategy = child()

    assert (strategy.id, strategy.version) == ("child", "2.0.0")
    assert strategy.title == "Buys a tight spread"
    assert strategy.extends == ("base",)
    assert [rule.id for rule in strategy.rules] == ["enter"]
    assert strategy.rules[0].when.source == base.rules[0].when.source
    assert strategy.risk == base.risk
    assert strategy.params == base.params
    assert strategy.digest != base.digest


def test_params_get_new_defaults() -> None:
    strategy = child("params: {widest: 0.01, calm: 1m}\n")

    found = {param.name: (param.value, param.default) for param in strategy.params}
    assert found == {"widest": (0.01, 0.01), "calm": (60.0, 60.0)}
    assert strategy.windows[0].length == 60_000_000


def test_a_setting_of_the_user_wins_over_the_new_default() -> None:
    text = f"{HEAD}params: {{widest: 0.01}}\n"

    strategy = load(text, path="c.yaml", settings={"widest": "0.05"}, find=OF_BASE)

    (widest,) = [param for param in strategy.params if param.name == "widest"]
    assert (widest.value, widest.default) == (0.05, 0.01)


def test_a_tighter_limit_takes_the_place_of_the_base_s() -> None:
    strategy = child("risk: {max_position: 20 USD, max_open: 3, min_order: 5 USD}\n")

    assert strategy.risk.market_usd_max == 20
    assert strategy.risk.positions_max == 3
    assert strategy.risk.order_usd_min == 5
    assert strategy.risk.losses_row_max == 3


@pytest.mark.parametrize(
    ("risk", "told"),
    [
        (
            "max_position: 80 USD",
            "max_position 80 USD is looser than the 50 USD of ./base.yaml",
        ),
        (
            "min_order: 1 USD",
            "min_order 1 USD is looser than the 2 USD of ./base.yaml",
        ),
        (
            "cooldown_after_losses: {count: 4, rest: 1h}",
            "cooldown_after_losses.count 4 is looser than the 3 of ./base.yaml",
        ),
        (
            "cooldown_after_losses: {count: 3, rest: 59m}",
            "cooldown_after_losses.rest 59m is looser than the 1h of ./base.yaml",
        ),
    ],
)
def test_a_looser_limit_is_refused_with_both_numbers(risk: str, told: str) -> None:
    (problem,) = wrong(f"risk: {{{risk}}}\n")

    assert (problem.code, problem.path, problem.line) == ("PS023", "child.yaml", 4)
    assert problem.message == told
    assert "can only tighten" in problem.help


def test_a_limit_of_nothing_is_no_limit() -> None:
    (problem,) = wrong("risk: {max_position: 0 USD}\n")

    assert problem.code == "PS007"


def test_a_default_outside_of_the_base_s_range_is_refused_with_the_range() -> None:
    (problem,) = wrong("params: {widest: 0.2}\n")

    assert problem.code == "PS013"
    assert problem.message == "widest must be in [0.001, 0.1], was 0.2"
    assert problem.line == 4


def test_a_default_without_its_unit_is_refused() -> None:
    (problem,) = wrong("params: {calm: 60}\n")

    assert problem.code == "PU005"
    assert "did you mean 60s?" in problem.help


def test_a_param_that_the_base_lacks_is_refused() -> None:
    (problem,) = wrong("params: {widst: 0.01}\n")

    assert problem.code == "PS022"
    assert problem.help == 'did you mean "widest"?'


def test_nothing_else_may_stand_beside_extends() -> None:
    problems = wrong("rules: []\nschedule: {every: 1m}\nsizing: {}\n")

    assert [(p.code, p.line) for p in problems] == [("PS021", n) for n in (4, 5, 6)]
    assert "polyrules new NAME --from BASE" in problems[0].help


def test_all_mistakes_are_told_at_once() -> None:
    problems = wrong(
        "params: {widst: 1}\nrisk: {max_position: 60 USD}\nlet: {}\nb: 1\n"
    )

    assert [p.code for p in problems] == ["PS022", "PS023", "PS021", "PS001"]


def test_a_mistake_of_the_base_is_told_with_the_path_of_the_base() -> None:
    broken = among({"./base.yaml": BASE.replace("spread <=", "spraed <=")})

    strategy, problems = load_all(HEAD, "child.yaml", None, broken)

    assert strategy is None
    assert [(p.path, p.line, p.code) for p in problems] == [
        ("./base.yaml", 11, "PN001")
    ]


def test_a_default_that_the_base_cannot_bear_is_told_where_it_is_given() -> None:
    text = BASE.replace("max: 1h", "max: 3000h").replace("every: 1s", "every: 100ms")
    find = among({"./base.yaml": text})

    _, problems = load_all(f"{HEAD}params: {{calm: 2000h}}\n", "c.yaml", None, find)

    assert [(p.path, p.line, p.code) for p in problems] == [("c.yaml", 4, "PW002")]
    assert problems[0].message.startswith("with these params ./base.yaml:8 does not")


def test_tests_are_its_own_and_speak_of_its_own_params() -> None:
    case = """\
tests:
  - name: two cents are wide now
    given: {accepting_orders: true, spread: 0.02, moved: 0, position_shares: 0}
    expect: {fires: none}
"""

    strategy = child(f"params: {{widest: 0.01}}\n{case}")

    assert [case.name for case in strategy.cases] == ["two cents are wide now"]
    assert child().cases == ()


def test_a_test_of_a_rule_that_the_base_lacks_is_told() -> None:
    (problem,) = wrong("tests: [{name: a, given: {mid: 1}, expect: {fires: entr}}]\n")

    assert (problem.code, problem.path) == ("PS015", "child.yaml")


def test_the_id_of_the_base_is_taken() -> None:
    text = HEAD.replace("id: child", "id: base")

    _, problems = load_all(text, "child.yaml", None, OF_BASE)

    assert [problem.code for problem in problems] == ["PS011"]


def test_the_digest_changes_with_the_base_and_not_with_remarks_or_place() -> None:
    elsewhere = HEAD.replace("./base.yaml", "./sub/base.yaml")
    other = BASE.replace("spread <= widest", "spread < widest")
    remarked = f"# mine\n{HEAD}params: {{}}\n"

    def digest(text: str, path: str, base: str) -> str:
        return load(text, path="c.yaml", find=among({path: base})).digest

    same = digest(HEAD, "./base.yaml", BASE)

    assert digest(elsewhere, "./sub/base.yaml", BASE) == same
    assert digest(remarked, "./base.yaml", BASE) == same
    assert digest(HEAD, "./base.yaml", other) != same
    assert child("params: {widest: 0.01}\n").digest != same
    assert child("risk: {max_position: 9 USD}\n").digest != same


def chain(length: int) -> dict[str, str]:
    """Return files f1 to f<length>: each extends the next, the last the base."""
    texts = {"./base.yaml": BASE}
    for number in range(1, length + 1):
        named = "base" if number == length else f"f{number + 1}"
        texts[f"./f{number}.yaml"] = (
            f"polyrules: 1\nstrategy: {{id: f{number}, version: 1.0.0}}\n"
            f"extends: ./{named}.yaml\nrisk: {{max_position: {40 + number} USD}}\n"
        )
    return texts


def test_files_may_stand_on_one_another() -> None:
    texts = chain(3)

    strategy = load(texts["./f1.yaml"], path="./f1.yaml", find=among(texts))

    assert strategy.extends == ("f2", "f3", "base")
    assert strategy.risk.market_usd_max == 41


def test_each_file_of_a_chain_can_only_tighten_the_one_before() -> None:
    texts = chain(2)
    texts["./f2.yaml"] = texts["./f2.yaml"].replace("42", "30")

    _, problems = load_all(texts["./f1.yaml"], "./f1.yaml", None, among(texts))

    assert [p.message for p in problems] == [
        "max_position 41 USD is looser than the 30 USD of ./f2.yaml"
    ]


def test_five_files_may_stand_below_and_no_more() -> None:
    five, six = chain(5), chain(6)

    strategy = load(five["./f1.yaml"], path="./f1.yaml", find=among(five))
    _, problems = load_all(six["./f1.yaml"], "./f1.yaml", None, among(six))

    assert len(strategy.extends) == 5
    assert [(p.code, p.path) for p in problems] == [("PS024", "./f6.yaml")]
    assert problems[0].message == "more than 5 files stand on one another"


def test_a_circle_is_told() -> None:
    texts = chain(2)
    texts["./f2.yaml"] = texts["./f2.yaml"].replace("base.yaml", "f2.yaml")

    _, problems = load_all(texts["./f1.yaml"], "./f1.yaml", None, among(texts))

    assert [(p.code, p.path, p.line) for p in problems] == [("PS024", "./f2.yaml", 3)]


@pytest.mark.parametrize(
    "named",
    [
        "/etc/passwd.yaml",
        "../base.yaml",
        "./sub/../../base.yaml",
        "~/base.yaml",
        "C:\\base.yaml",
        "sub//base.yaml",
        "./base.txt",
        "/dev/stdin",
        "Longshot",
        '"base.yaml\\0.yaml"',
        '""',
        "12",
    ],
)
def test_only_a_shipped_id_or_a_file_below_may_be_named(named: str) -> None:
    asked: list[str] = []

    def find(asking: str, what: str) -> tuple[str, str]:
        asked.append(f"{asking} {what}")
        return "", BASE

    text = HEAD.replace("./base.yaml", named)
    strategy, problems = load_all(text, "child.yaml", None, find)

    assert strategy is None
    assert problems
    assert asked == []


def test_a_base_is_found_beside_the_file_that_names_it(place: Path) -> None:
    (place / "sub").mkdir()
    (place / "base.yaml").rename(place / "sub" / "base.yaml")
    (place / "sub" / "child.yaml").write_text(HEAD, "utf-8")

    path, text = find_base("sub/child.yaml", "./base.yaml")

    assert (path, text) == ("sub/base.yaml", BASE)


def test_a_link_out_of_the_folder_is_not_followed(place: Path) -> None:
    (place / "sub").mkdir()
    (place / "sub" / "base.yaml").symlink_to(place / "base.yaml")

    _, problems = load_all(HEAD, "sub/child.yaml", None, find_base)

    assert messages(list(problems)) == [
        "./base.yaml leads out of the folder of this file"
    ]


def test_a_link_of_a_folder_out_of_the_folder_is_not_followed(place: Path) -> None:
    (place / "sub").mkdir()
    (place / "sub" / "more").symlink_to(place)
    text = HEAD.replace("./base.yaml", "./more/base.yaml")

    _, problems = load_all(text, "sub/child.yaml", None, find_base)

    assert [problem.code for problem in problems] == ["PS020"]


def test_a_base_that_is_too_large_is_not_read(place: Path) -> None:
    (place / "base.yaml").write_text("#" * 300_000, "utf-8")

    _, problems = load_all(HEAD, "child.yaml", None, find_base)

    assert messages(list(problems)) == ["base.yaml is larger than 256 KiB"]


def test_a_folder_is_no_base(place: Path) -> None:
    (place / "base.yaml").unlink()
    (place / "base.yaml").mkdir()

    _, problems = load_all(HEAD, "child.yaml", None, find_base)

    assert [problem.code for problem in problems] == ["PS020"]


@pytest.mark.usefixtures("place")
def test_a_run_keeps_the_texts_of_all_that_a_strategy_stands_on() -> None:
    assert bases_of("child.yaml", HEAD) == {"./base.yaml": BASE}
    assert bases_of("base.yaml", BASE) == {}


@pytest.mark.usefixtures("place")
def test_a_base_that_is_missing_keeps_a_run_from_starting() -> None:
    with pytest.raises(StrategyError, match=r"\./gone\.yaml: no such file"):
        bases_of("child.yaml", HEAD.replace("base", "gone"))


def test_a_run_replays_when_its_base_is_gone(cli: Cli, place: Path) -> None:
    write_tape(place / "tape")
    ran = cli("run", "child.yaml", "--tape", "tape", "--quiet")
    (place / "base.yaml").unlink()
    (place / "child.yaml").unlink()

    replayed = cli("replay")
    asked = cli("decisions", "--rule", "enter")

    assert ran.exit_code == 0, ran.output
    assert replayed.exit_code == 0, replayed.output
    assert "replays to itself, byte for byte" in replayed.output
    assert asked.exit_code == 0, asked.output
    assert "child/enter" in asked.output


def test_the_other_commands_read_such_a_file(cli: Cli, place: Path) -> None:
    case = """\
tests:
  - name: three cents are wide
    given: {accepting_orders: true, spread: 0.03, moved: 0, position_shares: 0}
    expect: {fires: none}
"""
    (place / "child.yaml").write_text(HEAD + case, "utf-8")

    tested = cli("test", "child.yaml", "--coverage", "--mutate")
    linted = cli("lint", "child.yaml")
    told = cli("docs", "child.yaml")
    laid_out = cli("fmt", "child.yaml")

    assert tested.exit_code == 0, tested.output
    assert "1 passed" in tested.output
    assert "./base.yaml:11:" in tested.output
    assert linted.exit_code == 0, linted.output
    assert "It stands on `base`." in told.output
    assert laid_out.exit_code == 0, laid_out.output
    assert cli("validate", "child.yaml").output == "child.yaml: ok\n"


def test_a_desk_may_list_such_a_file(cli: Cli, place: Path) -> None:
    (place / "desk.yaml").write_text(
        "strategies: [{file: child.yaml, params: {widest: 0.03}}]\n",
        "utf-8",
    )
    assert cli("desk", "check").exit_code == 0

    (place / "base.yaml").unlink()
    result = cli("desk", "check")

    assert result.exit_code == 1
    assert "PS020" in result.output


def test_new_writes_a_file_that_extends(cli: Cli, place: Path) -> None:
    result = cli("new", "mine", "--extends", "base.yaml")

    text = (place / "mine.yaml").read_text("utf-8")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("wrote mine.yaml, which stands on base; change it")
    first, rest = text.split("\n", 1)
    assert first.endswith("/schemas/extension.v1.json")
    assert rest == (
        "polyrules: 1\n"
        "strategy: {id: mine, version: 1.0.0}\n"
        "extends: ./base.yaml\n"
        "\n"
        "# What may be changed, with the base's own defaults:\n"
        "# params:\n"
        "#   widest: 0.02\n"
        "#   calm: 30s\n"
    )
    assert cli("validate", "mine.yaml").output == "mine.yaml: ok\n"


@pytest.mark.usefixtures("place")
def test_new_extends_a_shipped_strategy(cli: Cli) -> None:
    assert cli("new", "mine", "--extends", "longshot_yes").exit_code == 0
    assert cli("validate", "mine.yaml").output == "mine.yaml: ok\n"


@pytest.mark.usefixtures("place")
def test_new_wants_one_thing_to_start_from(cli: Cli) -> None:
    assert cli("new", "mine").exit_code == 2
    assert (
        cli("new", "m", "--from", "base.yaml", "--extends", "base.yaml").exit_code == 2
    )
    assert cli("new", "mine", "--extends", "../base.yaml").exit_code == 1
    assert not Path("mine.yaml").exists()
