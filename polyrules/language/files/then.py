"""What a rule's `then` says, read to an Action.

The schema has looked at its keys; here its expressions are read, and it is compared
with the rows of the strategy: which markets they have, and which tokens.
"""

from polyrules.documents.document import Path
from polyrules.documents.quantities import parse_duration, per_cent
from polyrules.domain.money import Side
from polyrules.language.actions import (
    Action,
    Basket,
    Cancel,
    Leg,
    Legs,
    Quote,
    QuoteSide,
    Token,
    Trade,
    Urgency,
    Veto,
)
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.constants import constant
from polyrules.language.files.texts import PROB, RATIO, Texts

OUT_OF_DOMAIN = "PU003"
NOT_THESE_ROWS = "PS018"
SHARES = Type(Kind.NUMBER, "shares")
TOKENS: dict[str, Token] = {"yes_token": "yes", "no_token": "no", "t.token": "row"}
SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def read_action(texts: Texts, at: Path) -> Action | None:
    """Read the mapping at `at`; None if something in it is wrong, and was told.

    Problems: PS018 what the rows do not have, PU003 a price outside (0, 1), and those
    of expressions and messages.
    """
    match texts.value(*at, "action"):
        case "none":
            return Veto(reason=texts.message((*at, "reason")))
        case "cancel":
            return Cancel(reason=texts.message((*at, "reason")))
        case "buy" | "sell" as action:
            return _trade(texts, at, SIDES[action])
        case "quote":
            return _quote(texts, at)
        case "basket":
            return _basket(texts, at)
        case _:
            return None


def duration(texts: Texts, at: Path) -> int | None:
    """Return the duration at `at` [microseconds], None if there is none."""
    text = texts.value(*at)
    return parse_duration(text) if isinstance(text, str) else None


def _trade(texts: Texts, at: Path, side: Side) -> Trade | None:
    price = texts.expression((*at, "price"), PROB)
    fair = texts.expression((*at, "fair"), PROB)
    edge = texts.expression((*at, "edge"), PROB)
    confidence = texts.expression((*at, "confidence"), RATIO)
    size = texts.amount((*at, "size"))
    reason = texts.message((*at, "reason"))
    _check_literal(texts, (*at, "price"), price, "(0, 1)")
    _check_literal(texts, (*at, "fair"), fair, "[0, 1]")
    _check_literal(texts, (*at, "confidence"), confidence, "[0, 1]")
    market = _market(texts, at)
    token = _token(texts, (*at, "token"))
    urgency = texts.value(*at, "urgency")
    if price is None or token is None or market is None:
        return None
    return Trade(
        side=side,
        token=token,
        market=market,
        price=price,
        fair=fair,
        edge=edge,
        confidence=confidence,
        size=size,
        urgency=Urgency(urgency) if urgency else Urgency.NORMAL,
        ttl=duration(texts, (*at, "ttl")) or 0,
        cooldown=duration(texts, (*at, "cooldown")) or 0,
        reason=reason,
    )


def _quote(texts: Texts, at: Path) -> Quote | None:
    market = _market(texts, at)
    count = len(texts.value(*at, "sides") or ())
    sides = [_side(texts, (*at, "sides", index)) for index in range(count)]
    post_only = texts.value(*at, "post_only")
    quote = Quote(
        market=market or "",
        sides=tuple(side for side in sides if side is not None),
        if_moved=texts.expression((*at, "requote", "if_moved"), PROB),
        min_interval=duration(texts, (*at, "requote", "min_interval")) or 0,
        post_only=True if post_only is None else bool(post_only),
        edge=texts.expression((*at, "edge"), PROB),
        confidence=texts.expression((*at, "confidence"), RATIO),
        ttl=duration(texts, (*at, "ttl")) or 0,
        reason=texts.message((*at, "reason")),
    )
    return None if market is None or len(quote.sides) < count else quote


def _side(texts: Texts, at: Path) -> QuoteSide | None:
    price = texts.expression((*at, "price"), PROB)
    shares = texts.expression((*at, "shares"), SHARES)
    _check_literal(texts, (*at, "price"), price, "(0, 1)")
    action, token = texts.value(*at, "action"), _token(texts, (*at, "token"))
    or_buy = texts.value(*at, "or_buy")
    if price is None or shares is None or token is None or action not in SIDES:
        return None
    if or_buy is not None and (action == "buy" or TOKENS[or_buy] == token):
        message = "or_buy is for a sell, and names the other token"
        texts.tell(
            (*at, "or_buy"), NOT_THESE_ROWS, message, _or_buy_hint(action, token)
        )
        return None
    return QuoteSide(
        side=SIDES[action],
        token=token,
        price=price,
        shares=shares,
        or_buy=TOKENS[or_buy] if or_buy else None,
    )


def _or_buy_hint(action: str, token: Token) -> str:
    """Return what to write instead of an or_buy that does not fit."""
    if action == "buy" or token == "row":
        return "delete it"
    return f"write or_buy: {'no_token' if token == 'yes' else 'yes_token'}"


def _basket(texts: Texts, at: Path) -> Basket | None:
    shares = texts.expression((*at, "shares"), SHARES)
    edge = texts.expression((*at, "edge"), PROB)
    confidence = texts.expression((*at, "confidence"), RATIO)
    reason = texts.message((*at, "reason"))
    legs = _legs(texts, (*at, "legs"))
    if shares is None or edge is None or legs is None:
        return None
    return Basket(
        legs=legs,
        shares=shares,
        edge=edge,
        confidence=confidence,
        cooldown=duration(texts, (*at, "cooldown")) or 0,
        reason=reason,
    )


def _legs(texts: Texts, at: Path) -> Legs | None:
    told = texts.value(*at)
    if told == "all_yes" or told == "all_no":  # noqa: PLR1714 - mypy narrows it so
        if not texts.rows.domain.markets:
            return "all_yes" if told == "all_yes" else "all_no"
        message = f"{told} needs rows of several markets, each is {texts.rows.each}"
        texts.tell(at, NOT_THESE_ROWS, message, "write each: basket, or name the legs")
        return None
    if not isinstance(told, list):
        return None
    legs = [_leg(texts, (*at, index)) for index in range(len(told))]
    found = tuple(leg for leg in legs if leg is not None)
    return found if len(found) == len(told) else None


def _leg(texts: Texts, at: Path) -> Leg | None:
    price = texts.expression((*at, "price"), PROB)
    _check_literal(texts, (*at, "price"), price, "(0, 1)")
    market, token = _market(texts, at), _token(texts, (*at, "token"))
    action = texts.value(*at, "action")
    if price is None or market is None or token is None or action not in SIDES:
        return None
    return Leg(market=market, side=SIDES[action], token=token, price=price)


def _market(texts: Texts, at: Path) -> str | None:
    """Return the alias of the market meant; None if there is no such, which is told."""
    aliases = texts.rows.domain.markets
    told = texts.value(*at, "market")
    if not aliases:
        message = f"a row of each: {texts.rows.each} is no single market"
        hint = "write action: basket with legs: all_yes or all_no"
        texts.tell((*at, "action"), NOT_THESE_ROWS, message, hint)
        return None
    if told is None and len(aliases) == 1:
        return aliases[0]
    if told in aliases:
        return str(told)
    known = " or ".join(alias for alias in aliases if alias) or "none: leave it out"
    if told is None:
        message = "a row has two markets: say which one this is about"
        texts.tell((*at, "action"), NOT_THESE_ROWS, message, f"market: {known}")
    else:
        message = f'rows of each: {texts.rows.each} have no market "{told}"'
        texts.tell((*at, "market"), NOT_THESE_ROWS, message, f"there is {known}")
    return None


def _token(texts: Texts, at: Path) -> Token | None:
    told = texts.value(*at)
    token = TOKENS.get(told) if isinstance(told, str) else None
    if token == "row" and texts.rows.each != "trade":
        message = f"t.token is for each: trade, and each is {texts.rows.each}"
        texts.tell(at, NOT_THESE_ROWS, message, "write yes_token or no_token")
        return None
    return token


def _check_literal(
    texts: Texts, at: Path, read: Expression | None, domain: str
) -> None:
    value = None if read is None else constant(read.tree, texts.numbers)
    if value is None:
        return
    inside = 0 <= value <= 1 if domain[0] == "[" else 0 < value < 1
    if not inside:
        message = f"{at[-1]} {value:g} is outside {domain}"
        texts.tell(at, OUT_OF_DOMAIN, message, per_cent(value))
