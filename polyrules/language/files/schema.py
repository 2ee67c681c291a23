"""The JSON Schema of a strategy file, as Python data; editors get it as a file.

It says which keys there are and what kind of value each takes. What an expression may
say, and how the parts of a file fit together, is checked elsewhere. The additional
`x-` keys are explained in `shape`.
"""

from polyrules.documents.quantities import STAKE
from polyrules.features.catalog import CATALOG
from polyrules.language.files import forms
from polyrules.language.files.forms import LATER, TOKENS, Schema
from polyrules.language.files.schema_tests import tests

EXPRESSION_CHARS_MAX = 500
TIERS = "a tier sets polling only, it is not what a rule sees; leave it out"
PARAM_TYPES = (
    "prob",
    "usd",
    "shares",
    "hours",
    "seconds",
    "duration",
    "count",
    "ratio",
    "bool",
)


def strategy_schema() -> Schema:
    """Return the schema (draft-07) of a strategy file."""
    parts = {
        "polyrules": {
            "const": 1,
            "description": "Major version of the language; always 1.",
        },
        "strategy": _strategy(),
        "params": _params(),
        "universe": _universe(),
        "let": _let(),
        "guards": _guards(),
        "hit_policy": forms.word(
            ("first",),
            "Which rule decides where several could: the first that fires.",
            later={"unique": LATER, "collect": LATER, "best": LATER},
            default="first",
        ),
        "rules": _rules(),
        "sizing": _sizing(),
        "exits": _exits(),
        "risk": _risk(),
        "schedule": _schedule(),
        "tests": tests(),
    }
    whole = forms.mapping_of(
        "A trading strategy for polyrules.",
        parts,
        required=("polyrules", "strategy", "universe", "rules", "sizing", "schedule"),
        later={
            "extends": LATER,
            "inputs": LATER,
            "merge": LATER,
            "tiers": TIERS,
        },
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "polyrules strategy, version 1",
        **whole,
        "patternProperties": {"^x-": {"description": "Yours; polyrules ignores it."}},
        "definitions": {"expression": _expression()},
    }


def _expression() -> Schema:
    return {
        "type": ["string", "number", "boolean"],
        "maxLength": EXPRESSION_CHARS_MAX,
        "x-expected": "an expression such as spread <= 0.02",
        "description": "An expression over features, lets and params."
        " `polyrules features` lists the features.",
        "examples": [
            "spread <= 0.02 and position_shares == 0",
            "best_ask - tick_size",
            *CATALOG,
        ],
    }


def _strategy() -> Schema:
    author = forms.mapping_of(
        "Who wrote it.",
        {
            "name": forms.text("A name.", 80),
            "url": forms.text("Where to find them.", 200),
        },
        required=("name",),
    )
    version = {
        "type": "string",
        "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(?!\n)$",
        "description": "Version of this strategy, not of the language.",
        "x-expected": "a version such as 1.0.0",
    }
    tags = {
        "type": "array",
        "items": forms.identifier("A tag."),
        "maxItems": 20,
        "description": "Words to find it by.",
    }
    requires = forms.mapping_of(
        "What it needs.",
        {
            "polyrules": forms.text("A range of versions, e.g. >=1.0,<2.", 80),
            "catalog": {"type": "integer", "description": "Version of the catalog."},
        },
    )
    return forms.mapping_of(
        "What this strategy is.",
        {
            "id": forms.identifier("Its name in every record; it never changes."),
            "version": version,
            "title": forms.text("One line for people.", 80),
            "author": author,
            "license": forms.text("License under which it is shared, e.g. MIT.", 80),
            "status": forms.word(
                ("draft", "experimental", "stable", "deprecated"), "How mature it is."
            ),
            "description": forms.text("What it bets on, and when it loses.", 2000),
            "tags": tags,
            "requires": requires,
        },
        required=("id", "version"),
    )


def _params() -> Schema:
    value: Schema = {"type": ["number", "string", "boolean"]}
    param = forms.mapping_of(
        "One number that the user of the strategy may choose.",
        {
            "type": forms.word(
                PARAM_TYPES,
                "Its unit. A duration is written 15m.",
                later={"choice": LATER, "text": LATER},
            ),
            "default": value | {"description": "What holds unless --set says else."},
            "min": value | {"description": "Smallest value allowed."},
            "max": value | {"description": "Largest value allowed."},
            "step": value | {"description": "Distance of neighbours in a sweep."},
            "sweep": {
                "type": "array",
                "items": value,
                "minItems": 1,
                "maxItems": 100,
                "description": "Values worth trying.",
            },
            "doc": forms.text("What it means, for people.", 200),
        },
        required=("type", "default"),
        later={"when": LATER, "optimize": LATER, "choices": LATER},
    )
    return forms.named("Numbers that --set may change, each in its range.", param)


def _universe() -> Schema:
    kinds = ("pair", "event", "trade", "round", "basket")
    return forms.mapping_of(
        "Which markets it looks at; asked first, so keep it cheap.",
        {
            "each": forms.word(
                ("market",), "What a row is.", later=dict.fromkeys(kinds, LATER)
            ),
            "where": forms.expression(
                "Condition on features and params; all markets if left out."
            ),
        },
        required=("each",),
        later={
            **dict.fromkeys(
                ("limit", "family", "as", "within", "series", "source", "kinds"), LATER
            ),
            "tiers": TIERS,
        },
    )


def _let() -> Schema:
    values = forms.expression(
        "An expression; it may use features, params and lets above it."
    )
    return forms.named("Names for what you compute, in order.", values)


def _guards() -> Schema:
    guard = forms.mapping_of(
        "A condition that must be TRUE, or the whole strategy is silent on a market.",
        {
            "id": forms.identifier("Its name in records."),
            "when": forms.expression("The condition."),
        },
        required=("id", "when"),
    )
    return forms.list_of("Conditions for all rules; FALSE and UNKNOWN block.", guard)


def _rules() -> Schema:
    rule = forms.mapping_of(
        "When `when` is TRUE, `then`.",
        {
            "id": forms.identifier("Its name in records; unique in the file."),
            "priority": {
                "type": "integer",
                "minimum": -1000,
                "maximum": 1000,
                "default": 0,
                "description": "The highest is asked first; equals in file order.",
            },
            "when": forms.expression("The condition."),
            "on_unknown": forms.word(
                ("skip", "block"),
                "What happens where the condition is UNKNOWN. By default a trade is"
                " skipped and a veto blocks.",
            ),
            "then": _then(),
        },
        required=("id", "when", "then"),
        later={"tags": LATER},
    )
    return forms.list_of("What to do, and when; asked in order.", rule, least=1)


def _then() -> Schema:
    action = forms.word(
        ("buy", "sell", "none"),
        "Buy or sell a token, or decide not to trade (a veto).",
        later={"quote": LATER, "basket": LATER},
    )
    reason = forms.text("A message with values, e.g. ask {best_ask:.3f}.", 200)
    trade = {
        "action": action,
        "token": forms.word(
            ("yes_token", "no_token"),
            "Which outcome. Not YES and NO: older readers of YAML take NO for false.",
            later=TOKENS,
        ),
        "price": forms.expression("Limit price [usd/share] in terms of that token."),
        "fair": forms.expression(
            "What a share is held to be worth [usd]; kelly needs it."
        ),
        "edge": forms.expression(
            "Expected profit [usd/share], net of fees; orders wishes."
        ),
        "confidence": forms.expression(
            "How sure it is, 0 to 1; orders wishes, never scales size."
        ),
        "urgency": forms.word(
            ("low", "normal", "high"),
            "low rests post-only, normal is a limit order, high takes or leaves.",
            default="normal",
        ),
        "ttl": forms.duration("An order that has not filled is cancelled after this."),
        "cooldown": forms.duration(
            "The same rule is not asked on a market for this long."
        ),
        "reason": reason,
    }
    later = dict.fromkeys(("size", "legs", "sides", "shares", "post_only"), LATER)
    return {
        "type": "object",
        "description": "What follows.",
        "required": ["action"],
        "properties": {"action": action},
        "allOf": [
            forms.when(
                {"action": ["none"]},
                forms.mapping_of("A veto.", {"action": action, "reason": reason}),
            ),
            forms.when(
                {"action": ["buy", "sell"]},
                forms.mapping_of(
                    "A trade.", trade, required=("token", "price"), later=later
                ),
            ),
        ],
    }


def _sizing() -> Schema:
    methods = ("volatility", "edge", "equal")
    method = forms.word(
        ("fixed", "kelly"),
        "fixed: the same stake each time. kelly: a share of the Kelly stake.",
        later=dict.fromkeys(methods, LATER),
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
        ],
    }


def _exits() -> Schema:
    exit_ = forms.mapping_of(
        "One way out of a position: exactly one condition.",
        {
            "id": forms.identifier("Its name in records."),
            "when": forms.expression(
                "Leave when this is TRUE; UNKNOWN holds, with an alarm."
            ),
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
        later={"when_event": LATER},
    )
    return forms.list_of("When to leave a position.", exit_)


def _risk() -> Schema:
    later = dict.fromkeys(
        ("max_orders_per_hour", "cooldown_after_losses", "max_leg_imbalance"), LATER
    )
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
        },
        later=later,
    )


def _schedule() -> Schema:
    every = forms.duration("How often the rules are asked, 100ms to 1d.")
    return forms.mapping_of(
        "When the rules are asked.",
        {"every": every},
        required=("every",),
        later={"trigger": LATER, "window": LATER, "tiers": TIERS},
    )


STRATEGY_SCHEMA = strategy_schema()
