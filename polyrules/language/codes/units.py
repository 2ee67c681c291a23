"""Codes of units, and of functions that look back."""

from polyrules.language.codes.page import of_condition, page

PAGES = (
    of_condition(
        "PU001",
        "units that cannot be added",
        """
A sum has a meaning only if both sides are of one unit. Prices are prob, money is usd,
sizes are shares, times are seconds or hours; usd / shares is prob, prob * shares usd.
""",
        "best_ask + hours_to_close > 1",
        "best_ask + 0.01 > 0.9",
    ),
    of_condition(
        "PU002",
        "units that cannot be compared",
        """
A price compared with hours is always a slip: one name was meant to be another. Seconds
become hours with to_hours(x).
""",
        "best_ask > hours_to_close",
        "best_ask > 0.9 and hours_to_close < 48",
    ),
    of_condition(
        "PU003",
        "a price that no price can be",
        """
Prices are probabilities: from 0 to 1, changes of them from -1 to 1. 92 cents are 0.92.
Whatever comes to such a number is told as well: 90 + 5, or a let that is 95.
""",
        "best_ask >= 92",
        "best_ask >= 0.92",
    ),
    of_condition(
        "PU004",
        "a function that needs another unit",
        """
sqrt, exp, log and their like take plain numbers; the root of dollars is nothing. Divide
by an amount in the same unit first, which also says what scale you mean.
""",
        "sqrt(volume_24h) > 3",
        "sqrt(volume_24h / liquidity) > 3",
    ),
    page(
        "PU005",
        "an amount without its unit",
        """
50 of what? Amounts in keys have their unit beside them: 25 USD, 50 shares, 15m.
""",
        """
sizing: {method: fixed, amount: 20}
""",
        """
sizing: {method: fixed, amount: 20 USD}
""",
    ),
    of_condition(
        "PW001",
        "a look back outside of let",
        """
Functions that look back (lag, mean_over, ...) remember samples, and so they need a name
that tests can give a value: they stand under let only.
""",
        "mid - lag(mid, minutes(5)) > 0.01",
        "mid > 0.5",
    ),
    page(
        "PW002",
        "a window that cannot be",
        """
A window is longer than 31 days, looks back at what never changes or itself looks back,
or would remember more than 100,000 samples of a market: its length divided by `every`.
""",
        """
let:
  moved: mid - lag(mid, days(365))
""",
        """
let:
  moved: mid - lag(mid, hours(6))
""",
    ),
    page(
        "PW004",
        "too many windows",
        """
Each window remembers its own samples of every market; a strategy has 50 at most. The
same window used twice counts once.
""",
        """
# lag(mid, seconds(1)), lag(mid, seconds(2)), ... 51 of them
""",
        """
# a few lengths that say something different
""",
    ),
    page(
        "PW005",
        "not of one market",
        """
Samples and groups belong to one market. Of a row of two markets, look back at each and
compare the results; of a row that has no market of its own, there is nothing to follow.
""",
        """
universe: {each: pair}
let:
  moved: near.mid - lag(near.mid - far.mid, hours(1))
rules:
  - id: enter
    when: moved > 0.02
    then: {action: buy, market: near, token: yes_token, price: near.best_ask}
""",
        """
universe: {each: pair}
let:
  moved: near.mid - lag(near.mid, hours(1))
rules:
  - id: enter
    when: moved > 0.02
    then: {action: buy, market: near, token: yes_token, price: near.best_ask}
""",
    ),
)
