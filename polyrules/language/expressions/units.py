"""What becomes of units when numbers are multiplied, divided or put side by side.

A unit is a text: prob, usd, shares, seconds, hours, count, "1" for a ratio, "" for a
literal that fits any unit, or a quotient such as "usd/hours". Nothing is converted.
"""

LITERAL, RATIO, COUNT = "", "1", "count"
PLAIN = frozenset({LITERAL, RATIO, COUNT})

_Factors = tuple[list[str], list[str]]

# A price is dollars per share, and a price of a price is a price.
_PRODUCTS = (
    (("prob", "shares"), "usd"),
    (("prob", "prob"), "prob"),
)
_QUOTIENTS = (
    (("usd", "shares"), "prob"),
    (("usd", "prob"), "shares"),
)


def shared(one: str, other: str) -> str | None:
    """Return the unit two numbers have in common, None if they have none."""
    if other in (one, LITERAL):
        return one
    return other if one == LITERAL else None


def product(one: str, other: str) -> str:
    """Return the unit of a product; ratios, counts and literals leave a unit alone."""
    if one in PLAIN and other in PLAIN:
        return max(one, other)  # in the order "", "1", "count"
    (up, down), (more_up, more_down) = _factors(one), _factors(other)
    return _text(up + more_up, down + more_down)


def quotient(one: str, other: str) -> str:
    """Return the unit of one divided by other; x / x is a ratio."""
    if one == other != LITERAL:
        return RATIO
    if other in PLAIN:
        return RATIO if one == LITERAL != other else one
    (up, down), (more_up, more_down) = _factors(one), _factors(other)
    return _text(up + more_down, down + more_up)


def _factors(unit: str) -> _Factors:
    if unit in PLAIN:
        return [], []
    above, _, below = unit.partition("/")
    up = [] if above == RATIO else above.split("*")
    return up, below.split("*") if below else []


def _text(up: list[str], down: list[str]) -> str:
    for unit in list(up):
        if unit in down:
            up.remove(unit)
            down.remove(unit)
    while _merged(up, down):
        pass
    above = "*".join(sorted(up)) or RATIO
    return f"{above}/{'*'.join(sorted(down))}" if down else above


def _merged(up: list[str], down: list[str]) -> bool:
    """Replace two factors that have a name of their own, and tell whether it did."""
    for (one, other), merged in _PRODUCTS:
        if one in up and other in up[up.index(one) + 1 :] + up[: up.index(one)]:
            up.remove(one)
            up.remove(other)
            up.append(merged)
            return True
    for (one, other), merged in _QUOTIENTS:
        if one in up and other in down:
            up.remove(one)
            down.remove(other)
            up.append(merged)
            return True
    return False
