"""What a rule does when it fires, as a sentence: `buys YES at the best ask for YES`."""

from polyrules.domain.money import Side
from polyrules.language.actions import (
    Action,
    Basket,
    Cancel,
    Leg,
    Quote,
    QuoteSide,
    Token,
    Trade,
    Urgency,
    Veto,
)
from polyrules.language.prose.amounts import lasting
from polyrules.language.prose.nouns import PLACES
from polyrules.language.prose.phrases import Phrases
from polyrules.language.strategy import HitPolicy, OnUnknown, Rule

VERBS = {Side.BUY: "buys", Side.SELL: "sells"}
TOKENS: dict[Token, str] = {
    "yes": "YES",
    "no": "NO",
    "row": "the token that the wallet traded",
}
ORDERS = {
    Urgency.LOW: "The order rests and never takes.",
    Urgency.NORMAL: "A limit order, which may rest.",
    Urgency.HIGH: "The order takes what is there; the rest is cancelled.",
}
ALL = {"all_yes": "YES", "all_no": "NO"}
POLICIES = {
    HitPolicy.FIRST: "The rules are asked in this order; the first that fires decides.",
    HitPolicy.UNIQUE: "If more than one of these rules fires, nothing is done, and an"
    " alarm is raised.",
    HitPolicy.BEST: "Of the rules that fire, the one with the highest edge decides.",
    HitPolicy.COLLECT: "All rules that fire are heard; what they want of the same side"
    " of a token becomes one order.",
}


def deed(action: Action, phrases: Phrases) -> str:
    """Return what an action does, in short, as the rest of a sentence."""
    match action:
        case Trade():
            what = f"{VERBS[action.side]} {TOKENS[action.token]}{_place(action.market)}"
            return f"{what} at {phrases.value(action.price, 'prob')}"
        case Quote(sides=()):
            return f"takes back its quotes{_place(action.market)}"
        case Quote():
            sides = " and ".join(_side(side, phrases) for side in action.sides)
            return f"keeps quotes{_place(action.market)}: {sides}"
        case Basket():
            shares = phrases.value(action.shares, "shares")
            legs = _legs(action, phrases)
            return f"buys a basket: {legs}; shares of each: {shares}"
        case Cancel():
            return "takes back all its open orders"
        case Veto():
            return "stays out"


def particulars(rule: Rule, phrases: Phrases) -> list[str]:
    """Return all else that an action says of its orders, as sentences."""
    action = rule.then
    told: list[str] = []
    for name, text in (
        ("fair", "A share is held to be worth {}."),
        ("edge", "The profit expected on a share: {}."),
        ("size", "Size: {}."),
        ("if_moved", "An order is replaced where it is {} or more off."),
        ("confidence", "Confidence: {}."),
    ):
        expression = getattr(action, name, None)
        if expression is not None:
            unit = {"confidence": "1", "size": expression.type.unit}.get(name, "prob")
            told.append(text.format(phrases.value(expression, unit)))
    if isinstance(action, Trade):
        told.append(ORDERS[action.urgency])
    if isinstance(action, Quote) and action.sides and not action.post_only:
        told.append("The orders may take what rests already.")
    told += _times(action)
    return told + _unknown(rule)


def _times(action: Action) -> list[str]:
    told = []
    for name, text in (
        ("ttl", "What has not filled is taken back after {}."),
        ("min_interval", "Orders are not replaced more often than every {}."),
        ("cooldown", "Then not again on the same market for {}."),
    ):
        micros = getattr(action, name, 0)
        if micros:
            told.append(text.format(lasting(micros)))
    return told


def _unknown(rule: Rule) -> list[str]:
    if rule.decides_unknown:
        return ["It also does so where one of these is unknown."]
    if rule.on_unknown is OnUnknown.BLOCK:
        return ["Where one of these is unknown, no rule after it is asked."]
    return []


def _side(side: QuoteSide, phrases: Phrases) -> str:
    what = f"{VERBS[side.side]} {TOKENS[side.token]} at"
    price = phrases.value(side.price, "prob")
    shares = phrases.value(side.shares, "shares")
    told = f"{what} {price} ({shares})"
    if side.or_buy is not None:
        told += f", or buys {TOKENS[side.or_buy]} where there is nothing to sell"
    return told


def _legs(basket: Basket, phrases: Phrases) -> str:
    if isinstance(basket.legs, str):
        return f"{ALL[basket.legs]} of each leg at its best ask"
    return ", ".join(_leg(leg, phrases) for leg in basket.legs)


def _leg(leg: Leg, phrases: Phrases) -> str:
    place = _place(leg.market)
    price = phrases.value(leg.price, "prob")
    return f"{VERBS[leg.side]} {TOKENS[leg.token]}{place} at {price}"


def _place(alias: str) -> str:
    return f" of {PLACES[alias]}" if alias in PLACES else ""
