"""What keeps a loss small when things go wrong: stops, vetoes, caps, limits."""

from collections.abc import Iterator

from polyrules.documents.document import Path
from polyrules.language.actions import word
from polyrules.language.analysis.subject import Find, Subject, has_stop
from polyrules.language.strategy import Kelly, OnUnknown, RiskRequest

OPENS = ("buy", "quote", "basket")  # actions after which something is held
TOTALS = (
    "total_usd_max",
    "positions_max",
    "day_loss_usd_max",
    "week_loss_usd_max",
    "drawdown_max",
)


def no_way_out(subject: Subject) -> Iterator[Find]:
    """Yield a strategy that opens positions and never leaves one by itself."""
    rules = subject.strategy.rules
    opens = [rule for rule in rules if word(rule.then) in OPENS]
    if not opens or has_stop(subject.strategy.exits):
        return
    at = ("exits",) if "exits" in subject.data else ("rules",)
    message = "no exit has a stop_loss or a max_hold: a position may stay for ever"
    hint = "add {id: late, max_hold: 2d}, or a stop_loss, under exits"
    yield Find(at, message, hint, on_key=True)


def soft_vetoes(subject: Subject) -> Iterator[Find]:
    """Yield vetoes that let trades through where they know nothing."""
    for rule in subject.strategy.rules:
        if word(rule.then) == "none" and rule.on_unknown is OnUnknown.SKIP:
            at = (*subject.rule_path(rule), "on_unknown")
            message = f'veto "{rule.id}" is off where it is UNKNOWN: on_unknown is skip'
            hint = "delete on_unknown: a veto blocks by default"
            yield Find(at, message, hint)


def no_cap(subject: Subject) -> Iterator[Find]:
    """Yield Kelly sizes that nothing but the desk's limits holds back."""
    sizing = subject.strategy.sizing
    if isinstance(sizing, Kelly) and sizing.cap is None:
        message = "kelly without a cap: one wrong fair value stakes all that is allowed"
        yield Find(("sizing",), message, "add a cap, e.g. cap: 25 USD", on_key=True)


def no_limits(subject: Subject) -> Iterator[Find]:
    """Yield strategies that ask for no limit of their own."""
    if subject.strategy.risk == RiskRequest():
        message = "no risk limit of its own: only the desk's hold it"
        hint = "add risk: {max_position: 40 USD, max_total: 400 USD}"
        yield Find(_risk(subject), message, hint, on_key=True)


def open_limits(subject: Subject) -> Iterator[Find]:
    """Yield strategies that may go live without a limit per market and in all."""
    risk = subject.strategy.risk
    each = (risk.market_usd_max, risk.group_usd_max)
    lacks = ["max_position"] if each == (None, None) else []
    if all(getattr(risk, total) is None for total in TOTALS):
        lacks.append("one of max_total, max_open or a loss limit")
    if lacks:
        message = f"for real money risk lacks {' and '.join(lacks)}"
        hint = "state what you are ready to lose"
        yield Find(_risk(subject), message, hint, on_key=True)


def _risk(subject: Subject) -> Path:
    return ("risk",) if "risk" in subject.data else ("strategy",)
