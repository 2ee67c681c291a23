import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.errors import StrategyError
from polyrules.language.formatting.canonical import formatted
from polyrules.language.formatting.spacing import spaced

Cli = Callable[..., Result]

UNTIDY = """\
# yaml-language-server: $schema=strategy.v1.json
rules:   # asked in order
  # the only one
  - then:
      # said in the journal
      reason:   "ask {best_ask:.3f}"
      price: best_ask  # we pay it


      action: buy
      token: yes_token
        # that is YES
    # what we wait for
    when: >-
      edge>0   and
      spread<=0.02 and not(best_ask  <0.1)
    id: enter
    # nothing more
schedule: {every: 5s}
sizing: {amount: 20 USD,method: fixed}
strategy: {version: 1.0.0, id: mine}
polyrules: 1
x-mine: {b: 1, a: 2}


let:
  edge: 1-best_ask - fee( best_ask,fee_rate )\x20\x20
universe: {where: "category=='crypto'", each: market}
# the end
"""
TIDY = """\
# yaml-language-server: $schema=strategy.v1.json
polyrules: 1
strategy: {id: mine, version: 1.0.0}

universe: {each: market, where: "category == 'crypto'"}

let:
  edge: 1 - best_ask - fee(best_ask, fee_rate)

rules:   # asked in order
  # the only one
  - id: enter
    # what we wait for
    when: >-
      edge > 0 and
      spread <= 0.02 and not (best_ask < 0.1)
    then:
      action: buy
      token: yes_token
        # that is YES
      price: best_ask  # we pay it
      # said in the journal
      reason: "ask {best_ask:.3f}"
    # nothing more

sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}

x-mine: {b: 1, a: 2}
# the end
"""


def tidy(text: str) -> str:
    return formatted(text, "mine.yaml").text


def refused(text: str) -> list[str]:
    with pytest.raises(StrategyError) as caught:
        formatted(text, "mine.yaml")
    return [problem.code for problem in caught.value.problems]


def test_keys_comments_and_expressions_find_their_places() -> None:
    done = formatted(UNTIDY, "mine.yaml")

    assert done.text == TIDY
    assert done.changes == ("key order", "3 expressions")


def test_what_is_formatted_already_stays_as_it_is() -> None:
    done = formatted(TIDY, "mine.yaml")

    assert done.text == TIDY
    assert done.changes == ()


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("spread<=0.02", "spread <= 0.02"),
        ("a  and\tb", "a and b"),
        ("not(a)or(b)", "not (a) or (b)"),
        ("fee( price ,rate )", "fee(price, rate)"),
        ("fee (price, rate)", "fee(price, rate)"),
        ("- x", "-x"),
        ("a- -b", "a - -b"),
        ("a*-b", "a * -b"),
        ("(- a)", "(-a)"),
        ("a if b else-c", "a if b else -c"),
        ("1-x", "1 - x"),
        ("1e-5<x", "1e-5 < x"),
        ("0<x<=1", "0 < x <= 1"),
        ("c in('a' ,'b')", "c in ('a', 'b')"),
        ("c in ('a',)", "c in ('a',)"),
        ("c not   in ('a  b',)", "c not in ('a  b',)"),
        ("near.best_ask<far.best_bid", "near.best_ask < far.best_bid"),
        ("near . best_ask<1", "near . best_ask < 1"),
        ("a and\n  b<1", "a and\n  b < 1"),
        ("a and  \n  b", "a and\n  b"),
    ],
)
def test_one_blank_stands_around_operators_and_none_in_brackets(
    written: str, wanted: str
) -> None:
    assert spaced(written) == wanted


@pytest.mark.parametrize(
    "text", ["0x1f<x", "1if a else 2", "u'a'==c", "x = 1", "", "("]
)
def test_a_text_that_would_not_read_the_same_is_left_alone(text: str) -> None:
    assert spaced(text) == text


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("when: a<1", "when: a < 1"),
        ("when:   a<1   # why", "when: a < 1   # why"),
        ('when: "a<1"', 'when: "a < 1"'),
        ("when: 'c==''x'''", "when: 'c == ''x'''"),
        (r'when: "c==\"x\""', r'when: "c == \"x\""'),
        ("when: a<1\n      and b", "when: a < 1\n      and b"),
        ("when: |\n      a<1\n      and b", "when: |\n      a < 1\n      and b"),
        (
            "when: >-\n\n      a<1\n\n      and b",
            "when: >-\n\n      a < 1\n\n      and b",
        ),
    ],
)
def test_an_expression_keeps_its_quotes_and_line_breaks(
    written: str, wanted: str
) -> None:
    head = "polyrules: 1\n\nguards:\n  - id: calm\n    "

    assert tidy(f"{head}{written}\n") == f"{head}{wanted}\n"


def test_only_what_the_schema_calls_an_expression_is_respaced() -> None:
    text = (
        "polyrules: 1\nstrategy:\n  title: a<b\n\nparams:\n"
        "  low: {type: prob, default: 0.1, doc: x<y}\n\nrules:\n"
        "  - then: {action: none, reason: '{a}<{b}'}\n"
    )

    assert tidy(text) == text


def test_a_mapping_in_brackets_over_several_lines_is_kept_as_written() -> None:
    text = (
        "polyrules: 1\n\ntests:\n  - name: one\n    given:\n      {b: 1, a: 2,\n"
        "       c: 3}\n    expect: {blocked_by: news,\n      # both\n"
        "      fires: none}\n"
    )

    assert tidy(text) == text


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("{ type: prob,default :  0.1 , }", "{type: prob, default: 0.1}"),
        ("{default: 0.1, type: prob}", "{type: prob, default: 0.1}"),
        (
            "{type: prob, sweep: [ 0.1,0.2 ,0.3, ]}",
            "{type: prob, sweep: [0.1, 0.2, 0.3]}",
        ),
        ("{ }", "{ }"),
        ("{sweep: [a: 1 ]}", "{sweep: [a: 1]}"),
        ("{type: prob, # not } yet\n    default: 0.1}", None),
        ("{default: 0.1,\n    type: prob}", None),
        ("{doc: 'a,  b',type: prob}", "{type: prob, doc: 'a,  b'}"),
    ],
)
def test_blanks_in_brackets_are_put_in_order_where_they_are_on_one_line(
    written: str, wanted: str | None
) -> None:
    head = "polyrules: 1\n\nparams:\n  low: "

    assert tidy(f"{head}{written}\n\nlet: {{}}\n") == (
        f"{head}{wanted or written}\n\nlet: {{}}\n"
    )


def test_the_order_of_lets_and_params_is_the_writers() -> None:
    text = (
        "polyrules: 1\n\nparams:\n  z: {type: prob, default: 0}\n"
        "  a: {type: prob, default: 0}\n\nlet:\n  w: 1\n  b: w\n"
    )

    assert tidy(text) == text


def test_keys_nobody_knows_follow_those_that_are_known() -> None:
    text = "zebra: 1\nx-mine: 2\napple: 3\nlet: {}\npolyrules: 1\n"

    assert tidy(text) == "polyrules: 1\n\nlet: {}\n\nzebra: 1\napple: 3\nx-mine: 2\n"


def test_a_head_stays_above_and_a_comment_moves_with_its_key() -> None:
    text = "# by ada\n\n# when\nschedule: {every: 5s}\n# what\npolyrules: 1\n"

    assert tidy(text) == (
        "# by ada\n\n# what\npolyrules: 1\n\n# when\nschedule: {every: 5s}\n"
    )


def test_a_comment_of_a_key_that_becomes_the_first_of_its_item_stands_above_it() -> (
    None
):
    text = "polyrules: 1\n\nrules:\n  - when: a\n    # its name\n    id: enter\n"

    assert tidy(text) == (
        "polyrules: 1\n\nrules:\n  # its name\n  - id: enter\n    when: a\n"
    )


def test_a_blank_line_goes_with_what_stands_under_it() -> None:
    text = "polyrules: 1\n\nrules:\n  - when: >-\n      a\n\n    id: one\n  - id: two\n"

    assert tidy(text) == (
        "polyrules: 1\n\nrules:\n  - id: one\n    when: >-\n      a\n  - id: two\n"
    )


def test_a_comment_that_is_one_blank_deeper_belongs_to_what_is_above() -> None:
    text = "let: {}\n # of the lets\npolyrules: 1\n"

    assert tidy(text) == "polyrules: 1\n\nlet: {}\n # of the lets\n"


def test_blank_lines_of_a_text_are_its_own() -> None:
    text = (
        "polyrules: 1\nstrategy:\n  description: |+\n    one\n\n\n    two\n\n\n"
        "universe: {each: market}\n"
    )

    assert tidy(text) == text


@pytest.mark.parametrize("below", ["", "\n\n"])
def test_a_text_that_keeps_its_last_lines_gets_and_loses_none(below: str) -> None:
    text = f"polyrules: 1\nstrategy:\n  description: |+\n    one\n{below}"

    assert tidy(text) == text
    assert tidy(f"{text}universe: {{each: market}}\n") == (
        f"{text}universe: {{each: market}}\n"
    )


def test_windows_line_ends_stay() -> None:
    done = tidy(UNTIDY.replace("\n", "\r\n"))

    assert done == TIDY.replace("\n", "\r\n")


def test_a_last_line_without_its_end_gets_one() -> None:
    assert tidy("let: {}\npolyrules: 1") == "polyrules: 1\n\nlet: {}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("polyrules: 1\npolyrules: 1\n", "PR001"),
        ("polyrules: [1\n", "PR004"),
        ("polyrules: 1\rlet: {}\n", "PR004"),
        ("universe: {where: 'a = 1'}\n", "PE001"),
        ("- polyrules\n", "PS003"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, code: str) -> None:
    assert refused(text) == [code]


def test_a_file_that_is_wrong_in_what_it_says_is_formatted_all_the_same() -> None:
    assert tidy("universe: {where: spraed<1}\n") == "universe: {where: spraed < 1}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_bytes(UNTIDY.encode())
    return path


def test_fmt_writes_the_file_and_says_what_changed(cli: Cli, file: Path) -> None:
    result = cli("fmt", "mine.yaml")

    assert result.output == "reformatted mine.yaml (key order, 3 expressions)\n"
    assert result.exit_code == 0
    assert file.read_bytes() == TIDY.encode()
    assert list(file.parent.iterdir()) == [file]


def test_check_writes_nothing_and_tells_by_its_exit_code(cli: Cli, file: Path) -> None:
    first = cli("fmt", "--check", "mine.yaml")

    assert first.output == "would reformat mine.yaml (key order, 3 expressions)\n"
    assert first.exit_code == 1
    assert file.read_bytes() == UNTIDY.encode()

    cli("fmt", "mine.yaml")
    second = cli("fmt", "--check", "mine.yaml")

    assert second.output == "1 file formatted already\n"
    assert second.exit_code == 0


def test_diff_shows_the_change_and_writes_nothing(cli: Cli, file: Path) -> None:
    file.write_bytes(TIDY.replace("edge > 0 and", "edge>0 and").encode())
    before = file.read_bytes()

    result = cli("fmt", "--diff", "mine.yaml")

    assert "-      edge>0 and\n+      edge > 0 and\n" in result.output
    assert result.output.startswith("--- mine.yaml\n+++ mine.yaml\n@@ ")
    assert result.exit_code == 0
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(
    cli: Cli, file: Path
) -> None:
    (file.parent / "bad.yaml").write_text("polyrules: 1\npolyrules: 2\n", "utf-8")

    result = cli("fmt", "bad.yaml", "none.yaml", "mine.yaml")

    assert result.exit_code == 2
    assert 'bad.yaml:2:1: error[PR001]: key "polyrules" stands here twice' in (
        result.stderr
    )
    assert "error: none.yaml: no such file or directory" in result.stderr
    assert (file.parent / "bad.yaml").read_text(
        "utf-8"
    ) == "polyrules: 1\npolyrules: 2\n"
    assert file.read_bytes() == TIDY.encode()


def test_of_a_folder_all_strategies_are_formatted_and_nothing_else(
    cli: Cli, file: Path
) -> None:
    (file.parent / "deep").mkdir()
    (file.parent / ".hidden").mkdir()
    for name in ("deep/two.yml", ".hidden/three.yaml"):
        (file.parent / name).write_text(UNTIDY, "utf-8")
    (file.parent / "desk.yaml").write_text("tick:   1s\n", "utf-8")
    (file.parent / "a.test.yaml").write_text("tests: []\nstrategy: ./a.yaml\n", "utf-8")

    result = cli("fmt", "--check", ".", "mine.yaml")

    assert result.output == (
        "would reformat a.test.yaml (key order)\n"
        "would reformat deep/two.yml (key order, 3 expressions)\n"
        "would reformat mine.yaml (key order, 3 expressions)\n"
    )


def test_a_folder_without_a_strategy_is_said_to_be_one(cli: Cli, file: Path) -> None:
    file.unlink()

    result = cli("fmt", ".")

    assert result.exit_code == 2
    assert "error: .: no strategy in this folder" in result.stderr


def test_a_file_keeps_its_mode_its_mark_and_the_link_to_it(
    cli: Cli, file: Path
) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + UNTIDY.encode())
    file.chmod(0o640)
    (file.parent / "link.yaml").symlink_to(file)

    cli("fmt", "link.yaml")

    assert (file.parent / "link.yaml").is_symlink()
    assert file.read_bytes() == b"\xef\xbb\xbf" + TIDY.encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_file_as_it_was(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    result = cli("fmt", "mine.yaml")

    assert result.exit_code == 2
    assert "error: mine.yaml: no space left on device" in result.stderr
    assert file.read_bytes() == UNTIDY.encode()
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.usefixtures("file")
def test_json_tells_scripts_the_same(cli: Cli) -> None:
    result = cli("fmt", "--check", "--format", "json", "mine.yaml", "none.yaml")

    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "files": [
            {
                "path": "mine.yaml",
                "ok": True,
                "changes": ["key order", "3 expressions"],
                "problems": [],
            },
            {
                "path": "none.yaml",
                "ok": False,
                "changes": [],
                "problems": ["none.yaml: no such file or directory"],
            },
        ]
    }


def test_what_a_file_says_cannot_steer_the_terminal(cli: Cli, file: Path) -> None:
    file.write_text('polyrules: 1\nlet: {}\n# \x1b[31mred "\n', "utf-8")

    refused_ = cli("fmt", "--diff", "mine.yaml")

    assert "\x1b" not in refused_.output
