import pytest

from polyrules.language.analysis.fixes import fixed
from polyrules.language.analysis.report import Report, look_at
from tests.lint_files import BASE, whole

NO_RISK = "risk: {}"


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


def remarked(remark: str) -> Report:
    return look_at(whole(f"{NO_RISK}  {remark}"), "a.yaml")


def test_a_find_can_be_taken_on_purpose_with_a_reason() -> None:
    report = remarked("# polyrules: ignore[PL017, PL021] the desk has tight limits")

    assert codes(report) == []
    assert report.suppressed == 2


def test_a_remark_alone_on_its_line_speaks_of_the_next() -> None:
    remark = "# polyrules: ignore[PL017, PL021] the desk has tight limits"
    text = whole(NO_RISK).replace(NO_RISK, f"{remark}\n{NO_RISK}")

    report = look_at(text, "a.yaml")

    assert codes(report) == []
    assert report.suppressed == 2


def test_without_a_reason_the_find_stays_and_the_remark_is_one_more() -> None:
    report = remarked("# polyrules: ignore[PL017, PL021]")

    assert sorted(codes(report)) == ["PL017", "PL021", "PL024"]
    assert report.suppressed == 0


def test_a_remark_that_keeps_nothing_silent_is_told() -> None:
    report = remarked("# polyrules: ignore[PL017, PL021, PL009] the desk has limits")

    (problem,) = report.problems
    assert problem.code == "PL025"
    assert problem.message == "nothing here is PL009: this keeps nothing silent"


def test_an_error_cannot_be_taken_on_purpose() -> None:
    text = BASE.replace(
        "when: spread <= 0.02", "when: spraed < 1  # polyrules: ignore[PN001] a slip"
    )

    assert codes(look_at(text, "a.yaml")) == ["PN001"]


def test_a_text_that_looks_like_a_remark_is_none() -> None:
    text = BASE.replace(
        "description: It loses on news.",
        'description: "It loses. # polyrules: ignore[PL017] no"',
    )

    assert codes(look_at(text, "a.yaml")) == []


@pytest.mark.parametrize(
    ("wrong", "mended"),
    [
        (
            "let:\n  half: best_ask / 2\n  third: best_ask / 3  # why?\n",
            "",
        ),
        (
            "params:\n  least: {type: prob, default: 0.5}\n",
            "",
        ),
        ("let: {half: best_ask / 2}\n", ""),
        (
            "risk: {max_position: 40 USD}  # polyrules: ignore[PL017] old\n",
            "risk: {max_position: 40 USD}\n",
        ),
        (
            "# polyrules: ignore[PL017] old\n\nrisk: {max_open: 4}\n",
            "\nrisk: {max_open: 4}\n",
        ),
        (
            "strategy: {id: a, version: 1.0.0, title: On}\n",
            'strategy: {id: a, version: 1.0.0, title: "On"}\n',
        ),
    ],
)
def test_what_can_be_mended_without_a_choice_is_mended(wrong: str, mended: str) -> None:
    before = BASE + f"x-end: 1\n{wrong}" if "strategy" not in wrong else whole(wrong)
    if wrong.startswith("risk") or "\nrisk" in wrong:
        before = "\n".join(
            line for line in BASE.splitlines() if not line.startswith("risk:")
        )
        before += f"\n{wrong}"

    after = fixed(before, "a.yaml")

    assert after.text == before.replace(wrong, mended)
    assert after.changes != ()


def test_a_let_that_a_test_gives_is_left_alone() -> None:
    text = BASE.replace(
        "sizing:", "let:\n  moved: mid - lag(mid, minutes(5))\nsizing:"
    ).replace("spread: 0.01}", "spread: 0.01, moved: 0}")

    assert fixed(text, "a.yaml") == (text, ())


def test_a_param_of_a_list_that_others_share_a_line_with_is_left_alone() -> None:
    text = BASE.replace("when: spread <= 0.02", "when: spread <= least") + (
        "params: {least: {type: prob, default: 0.5}, x: {type: prob, default: 0.5}}\n"
    )

    assert fixed(text, "a.yaml") == (text, ())


def test_a_token_called_no_is_not_put_in_quotes_since_that_mends_nothing() -> None:
    text = BASE.replace("yes_token", "NO")

    assert fixed(text, "a.yaml") == (text, ())


def test_a_clean_file_is_not_touched() -> None:
    assert fixed(BASE, "a.yaml") == (BASE, ())
