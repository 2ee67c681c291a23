import pytest

from polyrules.lsp import answers
from polyrules.lsp.draft import Draft

TEXT = """\
polyrules: 1
strategy: {id: mine, version: 1.0.0}
params:
  low: {type: prob, default: 0.92, min: 0.8, max: 0.99, doc: Lowest ask}
universe: {each: market, where: best_ask >= low and category == 'crypto'}
let:
  edge: 0.99 - best_ask
  moved: abs(mid - lag(mid, minutes(5)))
rules:
  - id: enter
    when: >-
      edge > 0
      and moved < 0.01
    then:
      action: buy
      token: yes_token
      price: best_ask
      reason: "edge {edge:.3f} best_ask"
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
tests:
  - name: best_ask is cheap
    given: {best_ask: 0.95, moved: 0}
    expect: {fires: enter}
"""


def draft(text: str = TEXT) -> Draft:
    return Draft(text, "mine.yaml")


def at(mark: str, text: str = TEXT) -> int:
    """Return the place of a "|" in a piece of the text."""
    before, _, after = mark.partition("|")
    assert text.count(before + after) == 1, mark
    return text.index(before + after) + len(before)


def about(mark: str) -> str:
    found = answers.about(draft(), at(mark))
    return "" if found is None else found[0]


def offered(text: str) -> list[str]:
    """Return what is offered where a "|" stands in the whole text."""
    place = text.index("|")
    whole = text.replace("|", "")
    return [item.label for item in answers.completions(draft(whole), place)]


def defined(mark: str) -> str:
    span = answers.definition(draft(), at(mark))
    return "" if span is None else TEXT[span.start - 2 : span.end + 1]


def test_a_feature_is_told_with_unit_feed_and_meaning() -> None:
    assert about("where: best_|ask") == (
        "**best_ask** (prob, from book)\n\nLowest price anyone sells YES for.\n\n"
        "Missing once it is older than 5m."
    )


def test_a_feature_that_is_computed_shows_its_formula() -> None:
    assert "`(best_bid + best_ask) / 2`" in about("abs(m|id - lag")


def test_a_param_is_told_with_its_range() -> None:
    assert about(">= l|ow") == (
        "**low** (prob, a param)\n\nLowest ask\n\ndefault 0.92, min 0.8, max 0.99."
    )


def test_a_let_is_told_with_its_expression_on_any_line_of_a_text() -> None:
    told = (
        "**moved** (a let)\n\n```\nabs(mid - lag(mid, minutes(5)))\n```\n\n"
        "number[prob]: the size of (the mid price less the mid price as it was 5"
        " minutes ago)"
    )

    assert about("and mo|ved") == told
    assert about("  mov|ed: abs") == told
    assert about(", mo|ved: 0") == told


def test_a_function_is_told_with_its_arguments() -> None:
    assert about("mid - l|ag(") == (
        "**lag(x, length)**\n\nx as it was `length` ago.\n\nStands in `let` only."
    )


@pytest.mark.parametrize(
    "mark",
    [
        "name: best_|ask",
        "polyru|les: 1",
        "e|ach: market",
        "fires: en|ter",
        "'cryp|to'",
    ],
)
def test_a_word_that_is_no_name_has_no_meaning(mark: str) -> None:
    assert about(mark) == ""


def test_the_range_of_a_name_is_that_of_the_word() -> None:
    found = answers.about(draft(), at("and mo|ved"))

    assert found is not None
    assert TEXT[found[1].start : found[1].end] == "moved"


def test_names_lead_to_where_the_file_defines_them() -> None:
    assert defined("ed|ge > 0") == "  edge:"
    assert defined(">= lo|w") == "  low:"
    assert defined("{ed|ge:.3f}") == "  edge:"
    assert defined("fires: ent|er") == ": enter\n"
    assert defined("price: best_|ask") == ""


def test_names_functions_and_words_are_offered_in_expressions() -> None:
    labels = offered(TEXT.replace("edge > 0", "edge > |0"))

    assert {"best_ask", "low", "edge", "moved", "clamp", "lag", "and"} <= set(labels)


def test_names_are_offered_where_a_value_is_still_empty() -> None:
    labels = offered(TEXT.replace("price: best_ask", "price: |"))

    assert {"best_ask", "edge"} <= set(labels)


def test_the_words_of_an_enum_are_offered_in_its_quotes() -> None:
    labels = offered(TEXT.replace("'crypto'", "'cr|'"))

    assert {"crypto", "sports", "politics"} <= set(labels)
    assert not {"best_ask", "clamp", "and"} & set(labels)


def test_a_test_is_offered_what_can_be_given() -> None:
    labels = offered(TEXT.replace("moved: 0}", "moved: 0, |}"))

    assert {"best_ask", "moved"} <= set(labels)
    assert not {"low", "clamp", "and"} & set(labels)


def test_a_message_is_offered_names_in_its_braces_only() -> None:
    inside = offered(TEXT.replace("{edge:.3f}", "{|}"))
    outside = offered(TEXT.replace("{edge:.3f} best_ask", "{edge:.3f} |"))

    assert {"best_ask", "edge", "low"} <= set(inside)
    assert "clamp" not in inside
    assert outside == []


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("token: yes_token", "token: |"),
        TEXT.replace("best_ask is cheap", "best_ask |"),
        TEXT.replace("schedule:", "# when: |\nschedule:"),
    ],
)
def test_nothing_is_offered_where_no_name_can_stand(text: str) -> None:
    assert offered(text) == []


def test_names_of_the_last_readable_version_hold_while_a_line_is_broken() -> None:
    broken = TEXT.replace("  edge: 0.99 - best_ask", "  edge: (0.99 - \n\t: {")
    before = draft()
    now = Draft(broken, "mine.yaml", before)

    labels = [item.label for item in answers.completions(now, broken.index(" \n\t"))]

    assert not now.is_readable
    assert {"moved", "low", "best_ask"} <= set(labels)


def test_rows_of_two_markets_offer_dotted_names() -> None:
    labels = offered("polyrules: 1\nuniverse: {each: pair, where: near.be|}\nlet: {}\n")

    assert {"near.best_ask", "far.best_ask", "pair.gap"} <= set(labels)
    assert "best_ask" not in labels


def test_problems_are_those_of_validate() -> None:
    found = answers.problems(draft(TEXT.replace("edge > 0", "egde > 0")))

    assert [(p.code, p.line, p.column) for p in found] == [("PN001", 12, 7)]
    assert answers.meant(found[0]) == "edge"


def test_yaml_that_is_no_strategy_has_no_problems() -> None:
    assert answers.problems(draft("tick: [1s\n")) == ()
