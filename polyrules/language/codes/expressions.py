"""Codes of what expressions and messages say: grammar, names, types."""

from polyrules.language.codes.page import RULE, of_condition, page

_ENTER = RULE.format(when="spread <= 0.02")

PAGES = (
    of_condition(
        "PE001",
        "not an expression",
        """
The text is not what an expression can be. Two values are compared with ==, conditions
joined with the words and, or, not.
""",
        "best_ask = 0.95",
        "best_ask == 0.95",
    ),
    of_condition(
        "PE002",
        "not allowed in expressions",
        """
Expressions are arithmetic, comparisons, and, or, not, x if c else y, and the functions
that `polyrules functions` lists. Nothing in them runs, loops, or reaches into anything.
""",
        "best_ask.__class__ == 1",
        "best_ask == 0.95",
    ),
    of_condition(
        "PE003",
        "too large to read",
        """
An expression has 200 parts at most and is nested 30 levels deep at most. Give names to
its parts, under let.
""",
        "best_ask > " + "-(" * 40 + "1" + ")" * 40,
        "best_ask > 0.9",
    ),
    of_condition(
        "PN001",
        "unknown feature",
        """
A name that is no feature, no param, and no let above this place. `polyrules features`
lists the features. The universe is asked before any let, so it reads no lets.
""",
        "spraed <= 0.02",
        "spread <= 0.02",
    ),
    of_condition(
        "PN002",
        "unknown function",
        """
Only the functions that `polyrules functions` lists can be called.
""",
        "betwen(best_ask, 0.1, 0.2)",
        "between(best_ask, 0.1, 0.2)",
    ),
    page(
        "PN003",
        "unknown name in a message",
        """
In the braces of a reason stands the name of a feature, a let or a param.
""",
        _ENTER.replace("best_ask}", 'best_ask, reason: "at {best_aks:.3f}"}'),
        _ENTER.replace("best_ask}", 'best_ask, reason: "at {best_ask:.3f}"}'),
    ),
    page(
        "PN004",
        "not a message",
        """
In the braces of a reason stands a name and, behind a colon, a format such as .3f.
Braces that are meant as such are written twice. Nothing is computed there: use a let.
""",
        _ENTER.replace("best_ask}", 'best_ask, reason: "at {best_ask * 100}"}'),
        _ENTER.replace("best_ask}", 'best_ask, reason: "at {best_ask:.3f}"}'),
    ),
    of_condition(
        "PT001",
        "a condition that is none",
        """
Before if, and beside and and or, stand conditions: something that is TRUE or FALSE. A
number is no condition; what should be asked of it?
""",
        "spread and best_ask > 0.9",
        "spread > 0 and best_ask > 0.9",
    ),
    of_condition(
        "PT002",
        "a condition where a number is wanted, or the other way round",
        """
`not` takes a condition; arithmetic and order take numbers. A condition as a number is
1 if x else 0.
""",
        "not spread",
        "not spread > 0.02",
    ),
    of_condition(
        "PT003",
        "words are not numbers",
        """
A word such as a category can be compared with == and `in`, and with nothing else: words
have no order and cannot be added.
""",
        "category > 1",
        "category == 'sports'",
    ),
    of_condition(
        "PT004",
        "not one of its words",
        """
The feature can never be this word, so the comparison would always be FALSE. The message
lists the words it can be.
""",
        "category in ('polotics', 'sports')",
        "category in ('politics', 'sports')",
    ),
    of_condition(
        "PT005",
        "too few or too many arguments",
        """
`polyrules functions NAME` shows what a function takes.
""",
        "between(best_ask, 0.1)",
        "between(best_ask, 0.1, 0.2)",
    ),
    of_condition(
        "PT006",
        "branches of different types",
        """
Both sides of x if c else y, and both arguments of coalesce, are of one type and unit;
else nobody knows what the result is.
""",
        "(spread if accepting_orders else volume_24h) > 0",
        "(spread if accepting_orders else 0.02) > 0",
    ),
    page(
        "PT007",
        "not what this key takes",
        """
A key takes an expression of one type: `when` a condition, `price` a price.
""",
        _ENTER.replace("price: best_ask", "price: volume_24h"),
        _ENTER,
    ),
)
