"""The functions that need more than one row: of the past, and of other markets.

They stand in lets only, and are hoisted out of them into columns of their own. What
they mean in full is where they are worked out: `evaluators.windows` and
`evaluators.groups`.
"""

from collections.abc import Mapping

from polyrules.language.function import Function, function
from polyrules.language.strategy import By, WindowKernel

_WINDOWS = (
    function("lag(x, length)", "x length", "x", "x as it was `length` ago."),
    function("delta(x, length)", "x length", "x", "x - lag(x, length)."),
    function(
        "mean_over(x, length, cover=0.8)",
        "x length",
        "x",
        "Mean of x over [now - length, now), by time.",
    ),
    function(
        "std_over(x, length, cover=0.8)",
        "x length",
        "x",
        "Standard deviation of x over [now - length, now), by time.",
    ),
    function(
        "min_over(x, length, cover=0.8)",
        "x length",
        "x",
        "The lowest x that held in [now - length, now).",
    ),
    function(
        "max_over(x, length, cover=0.8)",
        "x length",
        "x",
        "The highest x that held in [now - length, now).",
    ),
    function(
        "sum_over(x, length, cover=0.8)",
        "x length",
        "x",
        "All that x rose in [now - length, now), falls not taken off.",
    ),
    function(
        "count_over(b, length, cover=0.8)",
        "bool length",
        "count",
        "How often b became TRUE in [now - length, now).",
    ),
    function(
        "ewma(x, halflife, cover=0.8)",
        "x length",
        "x",
        "Mean of the past of x, weighted by time and by 2 ** (-age / halflife).",
    ),
    function(
        "zscore(x, length, cover=0.8)",
        "number length",
        "1",
        "(x - mean_over(x, length)) / std_over(x, length).",
    ),
    function(
        "slope(x, length, cover=0.8)",
        "x length",
        "x/hours",
        "Of the line that fits x best over [now - length, now), per hour.",
    ),
    function(
        "pct_rank_over(x, length, cover=0.8)",
        "number length",
        "1",
        "Share of [now - length, now) in which x was below x now; half if as high.",
    ),
    function(
        "held_for(b, length, cover=0.8)",
        "bool length",
        "bool",
        "b is TRUE, and was through all of [now - length, now).",
    ),
    function(
        "crossed_above(x, y)",
        "x x",
        "bool",
        "x > y, and x <= y when it was last looked at.",
    ),
    function(
        "since(b)",
        "bool",
        "seconds",
        "Time since b was seen TRUE; 0 while it is, 1e6 if it never was.",
    ),
)

_GROUPS = (
    function(
        "rank(x, by='event')",
        "number by",
        "count",
        "Place of x in its group: 1 is the highest, equals share the better place.",
    ),
    function("sum_in(x, by)", "x by", "x", "Sum of x over a group."),
    function("count_in(by)", "by", "count", "How many open markets a group has."),
    function("max_in(x, by)", "x by", "x", "The highest x of a group."),
    function("min_in(x, by)", "x by", "x", "The lowest x of a group."),
    function("mean_in(x, by)", "x by", "x", "Mean of x over a group."),
    function("share_in(x, by)", "number by", "1", "x / sum_in(x, by)."),
    function(
        "exposure(by)",
        "by",
        "usd",
        "Dollars the strategy paid for what it holds in a group.",
    ),
)

RUNNING: frozenset[WindowKernel] = frozenset({"ewma", "crossed_above", "since"})
"""The windows that keep a few numbers a market, and no samples."""

BY: tuple[By, ...] = ("event", "family", "category", "all")
"""What markets can have in common; the groups of group functions."""

WINDOWS: Mapping[str, Function] = {each.name: each for each in _WINDOWS}
"""Every function that looks back in time, by name; they stand in lets only."""

GROUPS: Mapping[str, Function] = {each.name: each for each in _GROUPS}
"""Every function over the open markets of a group, by name; in lets only, too.

Markets whose x is missing are left out; where all are, the result is missing.
"""
