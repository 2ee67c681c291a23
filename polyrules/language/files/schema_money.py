"""The part of the schema about money: how much, when to leave, what to be held to."""

from polyrules.documents.quantities import SHARES, STAKE
from polyrules.language.files import forms
from polyrules.language.files.forms import Schema


def sizing() -> Schema:
    """Return the schema of `sizing`."""
    method = forms.word(
        ("fixed", "kelly", "volatility", "expression"),
        "fixed: the same stake each time. kelly: a share of the Kelly stake."
        " volatility: so many shares that a usual move costs `target`. expression: what"
        " it says.",
        later={"equal": "write fixed", "edge": "write expression, or kelly"},
    )
    amount = forms.quantity(
        STAKE, "USD", "an amount such as 25 USD or 50 shares", "Stake of each order."
    )
    fixed = {"method": method, "amount": amount}
    kelly = {
        "method": method,
        "fraction": forms.share("Share of the full Kelly stake, e.g. 0.25."),
        "cap": forms.usd("Most dollars an order may cost."),
    }
    cap = forms.usd("Most dollars an order may cost.")
    volatility = {
        "method": method,
        "target": forms.usd("What a move of one standard deviation may cost."),
        "window": forms.duration("Over how long the deviation of the mid is taken."),
        "cap": cap,
    }
    stated = {
        "method": method,
        "amount": forms.expression("Dollars, or shares, of an order."),
        "cap": cap,
    }
    return {
        "type": "object",
        "description": "How much; the desk's limits come on top.",
        "required": ["method"],
        "properties": {"method": method},
        "allOf": [
            forms.when(
                {"method": ["fixed"]},
                forms.mapping_of(
                    "The same stake each time.", fixed, required=("amount",)
                ),
            ),
            forms.when(
                {"method": ["kelly"]},
                forms.mapping_of("Kelly on `fair`.", kelly, required=("fraction",)),
            ),
            forms.when(
                {"method": ["volatility"]},
                forms.mapping_of(
                    "The calmer, the more.", volatility, required=("target", "window")
                ),
            ),
            forms.when(
                {"method": ["expression"]},
                forms.mapping_of("What it says.", stated, required=("amount",)),
            ),
        ],
    }


def exits() -> Schema:
    """Return the schema of `exits`."""
    exit_ = forms.mapping_of(
        "One way out of a position: exactly one condition.",
        {
            "id": forms.identifier("Its name in records."),
            "when": forms.expression(
                "Leave when this is TRUE; UNKNOWN holds, with an alarm."
            ),
            "when_event": _when_event(),
            "stop_loss": forms.distance(
                "Leave when the price is this far below average cost [usd/share]."
            ),
            "take_profit": forms.distance(
                "Leave when the price is this far above average cost [usd/share]."
            ),
            "max_hold": forms.duration("Leave after this time."),
            "urgency": forms.word(
                ("low", "normal", "high"), "How the exit order is sent.", default="high"
            ),
        },
        required=("id",),
    )
    return forms.list_of("When to leave a position.", exit_)


def _when_event() -> Schema:
    trade = forms.mapping_of(
        "The wallet whose trade was followed trades again.",
        {
            "wallet": forms.word(("entry_wallet",), "The wallet that was followed."),
            "side": forms.word(("sell",), "What it does."),
            "min_share": forms.share("Share of what it bought that it must have sold."),
        },
        required=("wallet", "side", "min_share"),
    )
    return forms.mapping_of(
        "Leave after an event.", {"trade": trade}, required=("trade",)
    )


def risk() -> Schema:
    """Return the schema of `risk`."""
    losses = forms.mapping_of(
        "A rest after losses in a row.",
        {
            "count": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "description": "Losing positions in a row.",
            },
            "rest": forms.duration("How long nothing is bought then."),
        },
        required=("count", "rest"),
    )
    later = {"max_per_round": "a round is one market: write max_position"}
    return forms.mapping_of(
        "Limits this strategy asks for itself; they can only tighten the desk's.",
        {
            "max_position": forms.usd("Most dollars at stake in one market."),
            "max_total": forms.usd("Most dollars at stake in all markets."),
            "max_open": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100_000,
                "description": "Most markets with a position.",
            },
            "max_daily_loss": forms.usd("Loss of a UTC day at which buying stops."),
            "max_weekly_loss": forms.usd(
                "Loss of a week from Monday at which buying stops."
            ),
            "max_drawdown": forms.share("Fall from peak equity at which buying stops."),
            "max_daily_volume": forms.usd("Most dollars bought in a UTC day."),
            "min_order": forms.usd("An order worth less is not sent."),
            "max_per_event": forms.usd("Most dollars at stake in one event's markets."),
            "max_orders_per_hour": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100_000,
                "description": "Most orders placed in any hour.",
            },
            "cooldown_after_losses": losses,
            "max_leg_imbalance": forms.quantity(
                SHARES,
                "shares",
                "an amount such as 5 shares",
                "Shares a basket's legs may differ by before the rest is sold.",
            ),
        },
        later=later,
    )
