"""What a file says about money: sizing, exits, and the limits it asks to be held to."""

from typing import Any

from polyrules.documents.document import Path
from polyrules.documents.quantities import (
    SECOND,
    parse_duration,
    parse_shares,
    parse_usd,
)
from polyrules.language.actions import Action, Trade, Urgency
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.files.texts import BOOL, Texts
from polyrules.language.files.then import duration
from polyrules.language.strategy import Exit, Fixed, Kelly, RiskRequest, Sizing, Stated

NOT_ALONE = "PS010"
LACKS_FAIR = "PS014"
MISSING = "PS002"
NOT_THESE_ROWS = "PS018"
OUT_OF_RANGE = "PS007"
USD = Type(Kind.NUMBER, "usd")
EXIT_CONDITIONS = ("when", "when_event", "stop_loss", "take_profit", "max_hold")
RISK = {
    "max_position": "market_usd_max",
    "max_total": "total_usd_max",
    "max_open": "positions_max",
    "max_daily_loss": "day_loss_usd_max",
    "max_weekly_loss": "week_loss_usd_max",
    "max_drawdown": "drawdown_max",
    "max_daily_volume": "day_volume_usd_max",
    "min_order": "order_usd_min",
    "max_per_event": "group_usd_max",
    "max_orders_per_hour": "orders_hour_max",
    "max_leg_imbalance": "leg_shares_max",
}
MAY_BE_ZERO = ("min_order", "max_leg_imbalance")


def read_exits(texts: Texts) -> list[Exit]:
    """Return the exits; PS010 for one that does not have exactly one condition."""
    exits: list[Exit] = []
    for index, entry in enumerate(texts.value("exits") or ()):
        at: Path = ("exits", index)
        when = texts.expression((*at, "when"), BOOL)
        given = [key for key in EXIT_CONDITIONS if key in entry]
        if not given and any(texts.is_wrong((*at, key)) for key in entry):
            continue  # a condition misspelt, most often: that is told already
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            message = f"an exit has one of {', '.join(EXIT_CONDITIONS)}, found {found}"
            hint = "write one exit for each" if given else "say when to leave"
            texts.tell((*at, "id"), NOT_ALONE, message, hint)
            continue
        event = texts.value(*at, "when_event", "trade", "min_share")
        if event is not None and texts.rows.each != "trade":
            message = f"only rows of each: trade follow a wallet, not {texts.rows.each}"
            texts.tell((*at, "when_event"), NOT_THESE_ROWS, message, "write when: ...")
        urgency = texts.value(*at, "urgency")
        exits.append(
            Exit(
                id=str(entry.get("id")),
                when=when,
                wallet_sells=event,
                stop_loss=texts.value(*at, "stop_loss"),
                take_profit=texts.value(*at, "take_profit"),
                max_hold=duration(texts, (*at, "max_hold")),
                urgency=Urgency(urgency) if urgency else Urgency.HIGH,
            )
        )
    return exits


def read_size(texts: Texts, action: Action | None) -> Expression | None:
    """Return the size that `sizing` states for a trade, None for other methods.

    By volatility, with a target in dollars: target / std_over(mid, window) shares, so
    that a move of one standard deviation costs the target.
    """
    if not isinstance(action, Trade) or action.size is not None:
        return None
    match texts.value("sizing", "method"):
        case "expression":
            return texts.amount(("sizing", "amount"))
        case "volatility":
            target = texts.value("sizing", "target")
            window = duration(texts, ("sizing", "window"))
            usd = parse_usd(target) if isinstance(target, str) else None
            if usd is None or window is None:
                return None
            mid = f"{action.market}.mid" if action.market else "mid"
            source = f"target / std_over({mid}, seconds({window / SECOND:g}))"
            return texts.written(source, {"target": (USD, usd)})
        case _:
            return None


def check_amounts(texts: Texts) -> None:
    """Tell amounts of 0 where they mean nothing: PS007."""
    keys = ("amount", "cap", "target", "window")
    places: list[Path] = [("sizing", key) for key in keys]
    places += [("risk", key) for key in RISK if key not in MAY_BE_ZERO]
    places += [("risk", "cooldown_after_losses", "rest")]
    exits = range(len(texts.value("exits") or ()))
    places += [("exits", index, "max_hold") for index in exits]
    if texts.value("sizing", "method") == "expression":
        places.remove(("sizing", "amount"))
    for at in places:
        text = texts.value(*at)
        if isinstance(text, str) and not any(digit in text for digit in "123456789"):
            message = f"{at[-1]} must be more than 0, was {text}"
            texts.tell(at, OUT_OF_RANGE, message)


def check_sizing(texts: Texts) -> None:
    """Tell a buy without a size (PS002), and one without fair under kelly (PS014)."""
    method = texts.value("sizing", "method")
    for index in range(len(texts.value("rules") or ())):
        at: Path = ("rules", index, "then")
        then, rule = texts.value(*at), texts.value("rules", index, "id")
        if not isinstance(then, dict) or then.get("action") not in ("buy", "sell"):
            continue
        if method == "kelly" and not {"fair", "size"} & then.keys():
            message = f'rule "{rule}" has no fair, and sizing is kelly'
            hint = "say what a share is worth, or use sizing: {method: fixed}"
            texts.tell(at, LACKS_FAIR, message, hint, on_key=True)
        unsized = "sizing" not in texts.keys and "size" not in then
        if unsized and then.get("action") == "buy":
            message = f'rule "{rule}" has no size, and the file has no sizing'
            hint = "write sizing: {method: fixed, amount: 20 USD}"
            texts.tell(at, MISSING, message, hint, on_key=True)
            return


def sizing(told: dict[str, Any] | None) -> Sizing:
    """Return the sizing of a file that was checked."""
    if told is None:
        return Stated()
    cap = None if told.get("cap") is None else parse_usd(told["cap"])
    match told["method"]:
        case "kelly":
            return Kelly(fraction=float(told["fraction"]), cap=cap)
        case "fixed":
            amount = told["amount"]
            return Fixed(usd=parse_usd(amount), shares=parse_shares(amount))
        case _:
            return Stated(cap=cap)


def risk(told: dict[str, Any]) -> RiskRequest:
    """Return the limits that a file, which was checked, asks to be held to."""
    asked: dict[str, Any] = {}
    for key, value in told.items():
        if key == "cooldown_after_losses":
            asked["losses_row_max"] = value["count"]
            asked["losses_rest"] = parse_duration(value["rest"])
        elif isinstance(value, str):
            usd = parse_usd(value)
            asked[RISK[key]] = parse_shares(value) if usd is None else usd
        else:
            asked[RISK[key]] = value
    return RiskRequest(**asked)
