"""Codes of what would run and is hardly meant: conditions, numbers, data."""

from polyrules.language.codes.page import RULE, of_condition, page

_ENTER = RULE.format(when="spread <= 0.02")
_TWO = """\
hit_policy: {policy}
rules:
  - id: enter
    when: {first}
    then: {{action: buy, token: yes_token, price: best_ask}}
  - id: more
    when: {second}
    then: {{action: buy, token: yes_token, price: best_ask}}
"""


def _two(policy: str, first: str, second: str) -> str:
    return _TWO.format(policy=policy, first=first, second=second)


def _stating(stated: str) -> str:
    return _ENTER.replace("price: best_ask", stated)


PAGES = (
    of_condition(
        "PL001",
        "a condition that decides nothing",
        """
Whatever the market does, and whatever the params are set to within their ranges, the
condition is never TRUE or never FALSE; or its parts, or it and the universe, exclude
each other. It is proven from the ranges of the features: prices in a book lie between
0.0001 and 0.9999, counts and amounts are not negative. A condition that is never FALSE
can still be UNKNOWN; if that is what you ask, write known(x).
""",
        "best_ask > 0.98 and best_ask < 0.9",
        "best_ask > 0.9 and best_ask < 0.98",
    ),
    page(
        "PL002",
        "a rule that is never reached",
        """
Under hit_policy: first the first rule that is TRUE decides. Wherever this rule is TRUE,
an earlier one is TRUE as well, for every setting of the params. Put the narrower rule
first, or give it the higher priority. Where the earlier one is a veto, that would take
the veto away: its condition is wrong then, turned round perhaps.
""",
        _two("first", "spread <= 0.05", "spread <= 0.02 and best_ask > 0.9"),
        _two("first", "spread <= 0.02 and best_ask > 0.9", "spread <= 0.05"),
    ),
    page(
        "PL003",
        "rules that are TRUE together under unique",
        """
Under hit_policy: unique two rules that are TRUE at once are a contradiction: nothing is
traded, and an alarm is raised. Wherever one of these rules is TRUE, the other is too;
or there is a row on which both are, and it is shown. It is for information only where
no market may have such a row: features of one book cannot have any values together.
""",
        _two("unique", "best_ask > 0.5", "best_ask > 0.9"),
        _two("unique", "best_ask > 0.5 and best_ask <= 0.9", "best_ask > 0.9"),
    ),
    page(
        "PL004",
        "a let or a param that nothing uses",
        """
It costs a reader's time, and a param that does nothing deceives whoever sets it.
`polyrules lint --fix` deletes it where that is all it takes.
""",
        """
let:
  half: best_ask / 2
""",
        f"""
let:
  half: best_ask / 2
{RULE.format(when="half > 0.4")}
""",
    ),
    of_condition(
        "PL005",
        "floats that would have to be equal",
        """
A number that is computed or measured is hardly ever equal to another in every digit.
Prices, counts and what is rounded to ticks come in steps, and 0 may mean that nothing
happened or nothing is held: those can be compared with ==.
""",
        "volume_24h == 1000",
        "volume_24h >= 1000",
    ),
    page(
        "PL006",
        "a divisor that may be 0",
        """
x / 0 is missing, and what is missing never trades: that may be what you want, and then
this is for your information. It is said only where something is known of the divisor.
""",
        """
let:
  lean: spread / (best_ask - best_bid)
""",
        """
let:
  lean: spread / max(best_ask - best_bid, 0.001)
""",
    ),
    page(
        "PL007",
        "a confidence that may lie outside [0, 1]",
        """
Confidence orders wishes and merges them. One above 1 wins against everything, one below
0 makes no sense. Hold it with clamp(x, 0, 1).
""",
        _stating("price: best_ask, confidence: best_ask / best_bid"),
        _stating("price: best_ask, confidence: 'clamp(best_ask / best_bid, 0, 1)'"),
    ),
    page(
        "PL008",
        "a price that may lie outside (0, 1)",
        """
No order can have such a price; the engine drops the wish, and the rule silently does
nothing there. Hold the price with clamp, or say in the condition where it applies. A
price that is outside on every row is an error: `best_bid + 1` is a dollar more, a cent
more is best_bid + 0.01. One tick beside a price of the book is taken as it is.
""",
        _stating("price: best_ask + 0.02"),
        _stating("price: 'min(best_ask + 0.02, 0.999)'"),
    ),
    page(
        "PL009",
        "no stop and no longest time",
        """
No exit has a stop_loss or a max_hold. A condition that becomes UNKNOWN holds the
position, and then only the desk's hard stop stands behind it. Say when you leave
whatever happens.
""",
        """
exits:
  - {id: back, when: best_ask > 0.99}
""",
        """
exits:
  - {id: back, when: best_ask > 0.99}
  - {id: late, max_hold: 2d}
""",
    ),
    page(
        "PL010",
        "a feed that is not there",
        """
The rule needs a number whose feed is not given, so it is UNKNOWN or FALSE on every
market and never fires. `polyrules lint --feeds book,trades` asks what a file can do
with these feeds only; `polyrules tape info` says what a tape has. What is asked for
with known(x) or coalesce(x, d) does not count.
""",
        "universe: {each: market}\n" + RULE.format(when="volume_24h > 1000"),
        "universe: {each: market}\n"
        + RULE.format(when="coalesce(volume_24h, 5000) > 1000"),
    ),
    page(
        "PL011",
        "a schedule that outruns its data",
        """
The rules are asked more often than anything they read can change, or a window is
shorter than the time between two samples and sees one of them at most.
""",
        """
let:
  moved: mid - lag(mid, seconds(2))
schedule: {every: 30s}
""",
        """
let:
  moved: mid - lag(mid, minutes(5))
schedule: {every: 30s}
""",
    ),
    of_condition(
        "PL012",
        "looks ahead",
        """
The name stands for something that is known only when the market is over, or that may be
revised later: an outcome, a final volume, the time it closed. On a tape it would look
brilliant, and in a market it is not there. The time that is left is hours_to_close.
`polyrules lint FILE --tape TAPE` tries it: the tape is cut, and all is decided again.
""",
        "outcome == 1",
        "hours_to_close < 2",
    ),
)
