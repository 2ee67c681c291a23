"""Codes of files as files: YAML that cannot be read, and what must not stand in it."""

from polyrules.language.codes.page import page

PAGES = (
    page(
        "PR001",
        "a key stands twice",
        """
One mapping has the same key twice. Readers of YAML keep one of the two and say nothing,
and not all keep the same one.
""",
        """
risk:
  max_position: 40 USD
  max_position: 400 USD
""",
        """
risk:
  max_position: 40 USD
""",
    ),
    page(
        "PR002",
        "anchor, alias, merge key or tag",
        """
Anchors (&x), aliases (*x), merge keys (<<) and tags (!x) make a file mean something
that does not stand where it is read. Write the value out; what is used more than once
is a param or a let.
""",
        """
exits:
  - {id: stop, stop_loss: &stop 0.10}
""",
        """
exits:
  - {id: stop, stop_loss: 0.10}
""",
    ),
    page(
        "PR003",
        "a word that other readers take for something else",
        """
YAML 1.1 reads yes, no, on, off, y and n as true and false, and 12:30 as 750. We read
YAML 1.2, where they are text. So that everyone reads the same, such a word must be in
quotes. `polyrules lint --fix` adds them where nothing else is wrong.
""",
        """
strategy: {id: example, version: 1.0.0, title: On}
""",
        """
strategy: {id: example, version: 1.0.0, title: "On"}
""",
    ),
    page(
        "PR004",
        "not YAML",
        """
The file cannot be read: a bracket or a quote is not closed, a tab indents, a text with
": " has no quotes, the indentation does not fit, or a character is not allowed. Reading
stops there, so mend this first.
""",
        """
strategy: {id: example, version: 1.0.0, title: ends: never}
""",
        """
strategy: {id: example, version: 1.0.0, title: "ends: never"}
""",
    ),
    page(
        "PR005",
        "larger or deeper than a file may be",
        """
A file has 256 KiB and 10,000 values at most, is nested 20 levels deep at most, and all
its numbers are finite. The guide has the limits.
""",
        """
exits:
  - {id: stop, stop_loss: .inf}
""",
        """
exits:
  - {id: stop, stop_loss: 0.10}
""",
    ),
    page(
        "PX001",
        "a secret, a wallet or the address of a site",
        """
Strategies are shared. A private key, a token, the address of a wallet or of a site has
no place in one, not even in a comment. Secrets belong in the environment, wallets and
addresses in the desk. Treat a key that was written down as stolen.
""",
        """
# key: 0xc0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00
""",
        """
# the key is in the environment
""",
    ),
    page(
        "PC001",
        "too much to work out",
        """
All in all the expressions of a strategy come to 10,000 parts at most: names, numbers,
operators and calls. Every question counts what it reads, lets included, so a long let
that every rule reads counts once for each rule.
""",
        """
# 100 rules that each read 50 lets
""",
        """
# few rules; what they share is a guard, which is asked once
""",
    ),
    page(
        "PC002",
        "takes too long",
        """
One evaluation is estimated to take more than 200 ms at 50,000 markets: 0.5 ns for each
part of an expression and market, 150 ns for each window and market, which is on the
high side of what was measured on two cores. Use fewer windows: a lag is the cheapest. A
strategy that takes longer than its `every` comes too late.
""",
        """
# 40 windows
""",
        """
# fewer windows; a universe that is cheap to ask
""",
    ),
)
