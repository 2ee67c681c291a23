from polyrules.cli.problems import counted, harmless, render
from polyrules.errors import Problem, Severity


def problem(source: str, column: int, width: int, *, hint: str = "") -> Problem:
    return Problem(
        path="s.yaml",
        line=7,
        column=column,
        end_column=column + width,
        code="PN001",
        message="unknown",
        help=hint,
        source=source,
    )


def test_a_problem_shows_the_line_and_marks_what_is_meant() -> None:
    text = render(problem("when: spraed < 1", 7, 6, hint='did you mean "spread"?'))

    assert text.splitlines() == [
        "s.yaml:7:7: error[PN001]: unknown",
        "  |",
        "7 | when: spraed < 1",
        "  |       ^~~~~~",
        '  = help: did you mean "spread"?',
    ]


def test_the_mark_stands_under_wide_characters() -> None:
    lines = render(problem("漢字: spraed", 5, 6)).splitlines()

    assert lines[2:] == ["7 | 漢字: spraed", "  |       ^~~~~~"]


def test_a_wide_character_is_marked_in_its_whole_width() -> None:
    lines = render(problem("id: 漢字", 5, 2)).splitlines()

    assert lines[3] == "  |     ^~~~"


def test_a_tab_takes_as_much_room_above_the_mark_as_under_it() -> None:
    lines = render(problem("\t- id: x", 4, 2)).splitlines()

    assert lines[2:] == ["7 |     - id: x", "  |       ^~"]


def test_accents_written_as_two_characters_take_one_cell() -> None:
    lines = render(problem("e\u0301: spraed", 5, 6)).splitlines()

    assert lines[3] == "  |    ^~~~~~"


def test_a_long_line_is_cut_around_the_mark() -> None:
    lines = render(problem("a" * 300 + "spraed" + "b" * 300, 301, 6)).splitlines()

    assert lines[2] == "7 | ..." + "a" * 30 + "spraed" + "b" * 64 + "..."
    assert lines[3] == "  | " + " " * 33 + "^~~~~~"


def test_a_long_line_keeps_its_beginning_if_the_mark_is_there() -> None:
    lines = render(problem("spraed" + "b" * 300, 1, 6)).splitlines()

    assert lines[2] == "7 | spraed" + "b" * 94 + "..."


def test_a_mark_of_no_width_still_shows() -> None:
    assert render(problem("when:", 6, 0)).splitlines()[3] == "  |      ^"


def test_an_empty_line_is_not_shown() -> None:
    text = render(problem("", 1, 0, hint="an empty file says nothing"))

    assert text.splitlines() == [
        "s.yaml:7:1: error[PN001]: unknown",
        "  = help: an empty file says nothing",
    ]


def test_what_steers_a_terminal_is_replaced() -> None:
    assert harmless("a\x1b[2Jb\u202ec\ud800") == "a\ufffd[2Jb\ufffdc\ufffd"


def test_problems_are_counted_by_kind() -> None:
    error = problem("x", 1, 1)
    warning = Problem(
        path="s.yaml",
        line=1,
        column=1,
        end_column=1,
        code="PL004",
        message="unused",
        severity=Severity.WARNING,
    )

    assert counted([error, warning, error]) == "2 errors, 1 warning"
    assert counted([warning]) == "1 warning"
