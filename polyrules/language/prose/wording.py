"""The words for operators and functions, in which an expression is told.

{0}, {1} are the arguments; a length of time is "15 minutes". What has no words here is
told as it is written.
"""

import ast
from collections.abc import Mapping

COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "is less than",
    ast.LtE: "is at most",
    ast.Gt: "is more than",
    ast.GtE: "is at least",
    ast.Eq: "is",
    ast.NotEq: "is not",
}
TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "plus",
    ast.Sub: "less",
    ast.Mult: "times",
    ast.Div: "divided by",
}
CALLED: Mapping[str, str] = {
    "abs": "the size of {0}",
    "sign": "the sign of {0}",
    "clamp": "{0}, held between {1} and {2}",
    "floor_tick": "{0} rounded down to a tick of {1}",
    "ceil_tick": "{0} rounded up to a tick of {1}",
    "round_tick": "{0} rounded to a tick of {1}",
    "coalesce": "{0} ({1} where that is missing)",
    "to_hours": "{0} in hours",
    "as_prob": "{0} as a price",
    "implied_no": "the price of NO beside {0}",
    "fee": "the taker fee at {0}",
    "seconds": "{0} seconds",
    "minutes": "{0} minutes",
    "hours": "{0} hours",
    "days": "{0} days",
    "bps": "{0} hundredths of a per cent",
    "sqrt": "the square root of {0}",
    "exp": "e to the power of {0}",
    "log": "the natural logarithm of {0}",
    "pow": "{0} to the power of {1}",
    "normal_cdf": "the normal distribution at {0}",
    "logit": "the logit of {0}",
    "expit": "the inverse logit of {0}",
}
LOOKING_BACK: Mapping[str, str] = {
    "lag": "{0} as it was {1} ago",
    "delta": "the change of {0} in {1}",
    "mean_over": "the mean of {0} over the last {1}",
    "std_over": "the standard deviation of {0} over the last {1}",
    "min_over": "the lowest of {0} in the last {1}",
    "max_over": "the highest of {0} in the last {1}",
    "sum_over": "all that {0} rose in the last {1}",
    "count_over": "how often it became true in the last {1} that {0}",
    "ewma": "the moving mean of {0} with a half-life of {1}",
    "zscore": "how many standard deviations {0} is from its mean of the last {1}",
    "slope": "the slope an hour of {0} over the last {1}",
    "pct_rank_over": "the rank, 0 to 1, of {0} among its values of the last {1}",
    "held_for": "it has been so for {1} that {0}",
    "crossed_above": "{0} has just risen above {1}",
    "since": "the time since it was so that {0}",
}
OVER_GROUPS: Mapping[str, str] = {
    "rank": "the rank, 1 the highest, of {0} in {1}",
    "sum_in": "the sum of {0} over {1}",
    "max_in": "the highest of {0} in {1}",
    "min_in": "the lowest of {0} in {1}",
    "mean_in": "the mean of {0} over {1}",
    "share_in": "the share of {0} in its sum over {1}",
    "count_in": "the number of open markets in {0}",
    "exposure": "the dollars at stake in {0}",
}
GROUPS: Mapping[str, str] = {
    "event": "its event",
    "family": "its family",
    "category": "its category",
    "all": "all markets",
}
CONSTANTS: Mapping[str, tuple[float, str]] = {  # seconds, or a price
    "seconds": (1.0, "seconds"),
    "minutes": (60.0, "seconds"),
    "hours": (3600.0, "seconds"),
    "days": (86400.0, "seconds"),
    "bps": (0.0001, "prob"),
}
