"""One page on one code."""

import msgspec


class Page(msgspec.Struct, frozen=True):
    """What a code means.

    Attributes:
        code: Such as PU003.
        title: A few words, lower case.
        text: Why it is a problem and what to do; paragraphs of plain text.
        wrong: Parts of a strategy (of a desk for PD codes) that have the problem.
        right: The same without it.
    """

    code: str
    title: str
    text: str
    wrong: str
    right: str


RULE = """\
rules:
  - id: enter
    when: {when}
    then: {{action: buy, token: yes_token, price: best_ask}}
"""


def page(code: str, title: str, text: str, wrong: str, right: str) -> Page:
    """Return a page whose texts are cleaned of the line breaks around them."""
    return Page(code, title, text.strip(), wrong.strip("\n"), right.strip("\n"))


def of_condition(code: str, title: str, text: str, wrong: str, right: str) -> Page:
    """Return a page whose examples are the `when` of a rule."""
    return page(code, title, text, RULE.format(when=wrong), RULE.format(when=right))
