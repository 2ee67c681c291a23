"""What a test expects: names that the strategy has, numbers that can come about."""

from polyrules.documents.document import Path
from polyrules.documents.quantities import per_cent
from polyrules.documents.shape import shown
from polyrules.language.actions import TOKENS
from polyrules.language.files import givens
from polyrules.language.files.givens import OUT_OF_DOMAIN, UNKNOWN, Values

NONE = "none"
WORDS = {
    "side": ("buy", "sell"),
    "token": tuple(TOKENS.values()),
    "or_buy": tuple(TOKENS.values()),
    "legs": ("all_yes", "all_no"),
}
WHAT = {
    "fires": "rule",
    "guard": "guard",
    "blocked_by": "guard or rule",
    "exit": "exit",
    "conflict": "rule",
}


def check(values: Values, at: Path) -> None:
    """Compare one `expect` with the strategy; what does not fit is told."""
    scope = values.scope
    known = {
        "fires": [*scope.rules, NONE],
        "guard": [*scope.guards],
        "blocked_by": ["universe", *scope.guards, *scope.rules],
        "exit": [*scope.exits, NONE],
        "conflict": [*scope.rules],
    }
    for key, names in known.items():
        found = values.at(*at, key)
        if isinstance(found, list):
            for index in range(len(found)):
                _check_name(values, (*at, key, index), WHAT[key], names)
        else:
            _check_name(values, (*at, key), WHAT[key], names)
    _check_numbers(values, at)
    _check_values(values, (*at, "values"))
    _check_states(values, (*at, "states"))
    names = [*scope.types, *scope.lets]
    for index in range(len(values.at(*at, "unknown") or ())):
        place = (*at, "unknown", index)
        name = values.at(*place)
        if name is not None and name not in names:
            message = f'no feature or let is called "{name}"'
            hint = values.did_you_mean(name, names)
            values.tell(place, UNKNOWN, message, hint)


def _check_name(values: Values, at: Path, what: str, names: list[str]) -> None:
    name = values.at(*at)
    if isinstance(name, str) and name not in names:
        hint = values.did_you_mean(name, names) or f"there are: {', '.join(names)}"
        values.tell(at, UNKNOWN, f'no {what} is called "{name}"', hint)


def _check_numbers(values: Values, at: Path) -> None:
    price = values.at(*at, "price")
    if isinstance(price, int | float) and not 0 < price < 1:
        message = f"price {price:g} is outside (0, 1)"
        values.tell((*at, "price"), OUT_OF_DOMAIN, message, per_cent(price))
    for key in ("fair", "confidence"):
        number = values.at(*at, key)
        if isinstance(number, int | float) and not 0 <= number <= 1:
            message = f"{key} {number:g} is outside [0, 1]"
            values.tell((*at, key), OUT_OF_DOMAIN, message, per_cent(number))


def _check_states(values: Values, at: Path) -> None:
    """Check the words that an action is expected to state; the rest are numbers."""
    for name, found in (values.at(*at) or {}).items():
        words = WORDS.get(name.rpartition("_")[0] or name)
        if found is None or found == givens.MISSING:
            continue
        if words is not None and found not in words:
            message = f"{shown(found)} is not a value of {name} ({', '.join(words)})"
            hint = values.did_you_mean(str(found), words)
            values.tell((*at, name), givens.WRONG_WORD, message, hint)
        elif words is None and isinstance(found, str):
            message = f"{name} is a number, found {shown(found)}"
            hint = f"words are {', '.join(WORDS)}, numbered but for legs: side_0"
            values.tell((*at, name), givens.WRONG_TYPE, message, hint)


def _check_values(values: Values, at: Path) -> None:
    """Check the lets that are expected; an expected feature is told as computed."""
    for name in values.at(*at) or ():
        place = (*at, name)
        if name in values.scope.lets:
            if name in values.scope.types:
                found = values.at(*place)
                givens.checked(values, place, name, found, is_price=False)
            continue
        message = f'no let is called "{name}"'
        hint = values.did_you_mean(name, values.scope.lets)
        values.tell(place, UNKNOWN, message, hint, on_key=True)
