import json
from collections.abc import Callable

from click.testing import Result

from polyrules.language.codes import PAGES


def test_a_page_says_why_and_shows_a_wrong_and_a_right_example(
    cli: Callable[..., Result],
) -> None:
    result = cli("explain-error", "PU003")

    assert result.stdout == (
        "PU003: a price that no price can be\n"
        "\n"
        "Prices are probabilities: from 0 to 1, changes of them from -1 to 1. 92 cents"
        " are 0.92.\n"
        "Whatever comes to such a number is told as well: 90 + 5, or a let that is"
        " 95.\n"
        "\n"
        "wrong:\n"
        "  rules:\n"
        "    - id: enter\n"
        "      when: best_ask >= 92\n"
        "      then: {action: buy, token: yes_token, price: best_ask}\n"
        "\n"
        "right:\n"
        "  rules:\n"
        "    - id: enter\n"
        "      when: best_ask >= 0.92\n"
        "      then: {action: buy, token: yes_token, price: best_ask}\n"
    )
    assert result.exit_code == 0


def test_a_code_is_found_as_it_stands_in_a_message(cli: Callable[..., Result]) -> None:
    page = cli("explain-error", "PU003").stdout

    assert cli("explain-error", "[pu003]").stdout == page


def test_without_a_code_all_are_listed(cli: Callable[..., Result]) -> None:
    lines = cli("explain-error").stdout.splitlines()

    assert len(lines) == len(PAGES)
    assert lines[0] == "PR001  a key stands twice"


def test_machines_get_json(cli: Callable[..., Result]) -> None:
    page = json.loads(cli("explain-error", "PL002", "--json").stdout)
    pages = json.loads(cli("explain-error", "--json").stdout)

    assert page["code"] == "PL002"
    assert page["title"] == "a rule that is never reached"
    assert page in pages


def test_an_unknown_code_says_where_to_look(cli: Callable[..., Result]) -> None:
    result = cli("explain-error", "PX9\x1b[31m")

    assert result.stderr == (
        'error: unknown code "PX9\ufffd[31m"\nhint: polyrules explain-error lists all\n'
    )
    assert result.exit_code == 2
