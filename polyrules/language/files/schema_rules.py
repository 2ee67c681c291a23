"""The part of the schema that says what a rule is, and what may follow from it."""

from polyrules.language.files import forms
from polyrules.language.files.forms import TOKENS, Schema

ALIASES = ("near", "far", "m")
SIDES_MAX, LEGS_MAX = 4, 10


def rules() -> Schema:
    """Return the schema of `rules`."""
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
                " skipped; a veto, a cancel and a quote without sides act.",
            ),
            "then": _then(),
        },
        required=("id", "when", "then"),
        later={
            "tags": "only the strategy has tags",
            "enabled": "delete the rule, or write it behind a #",
            "doc": "write a comment: # ...",
        },
    )
    return forms.list_of("What to do, and when; asked in order.", rule, least=1)


def _then() -> Schema:
    action = forms.word(
        ("buy", "sell", "quote", "basket", "cancel", "none"),
        "Buy or sell a token; keep quotes; buy a basket; take back all orders; or"
        " decide not to trade (a veto).",
    )
    reason = forms.text("A message with values, e.g. ask {best_ask:.3f}.", 200)
    only = {"action": action, "reason": reason}
    return {
        "type": "object",
        "description": "What follows.",
        "required": ["action"],
        "properties": {"action": action},
        "allOf": [
            forms.when({"action": ["none"]}, forms.mapping_of("A veto.", only)),
            forms.when({"action": ["cancel"]}, forms.mapping_of("A cancel.", only)),
            forms.when({"action": ["buy", "sell"]}, _trade(only)),
            forms.when({"action": ["quote"]}, _quote(only)),
            forms.when({"action": ["basket"]}, _basket(only)),
        ],
    }


def _trade(only: Schema) -> Schema:
    trade = {
        **only,
        "market": _market(),
        "token": forms.word(
            ("yes_token", "no_token", "t.token"),
            "Which outcome; t.token is the token a wallet traded. Not YES and NO: older"
            " readers of YAML take NO for false.",
            later=TOKENS,
        ),
        "price": forms.expression("Limit price [usd/share] in terms of that token."),
        "fair": forms.expression(
            "What a share is held to be worth [usd]; kelly needs it."
        ),
        "edge": forms.expression(
            "Expected profit [usd/share], net of fees; orders wishes."
        ),
        "confidence": _confidence(),
        "size": forms.expression("Dollars or shares of the order, instead of sizing."),
        "urgency": forms.word(
            ("low", "normal", "high"),
            "low rests post-only, normal is a limit order, high takes or leaves.",
            default="normal",
        ),
        "ttl": forms.duration("An order that has not filled is cancelled after this."),
        "cooldown": _cooldown(),
    }
    later = {
        "legs": "legs belong to action: basket",
        "sides": "sides belong to action: quote",
        "shares": 'write size: "50", or an expression in shares',
        "post_only": "write urgency: low",
    }
    return forms.mapping_of("A trade.", trade, required=("token", "price"), later=later)


def _quote(only: Schema) -> Schema:
    token = forms.word(("yes_token", "no_token"), "Which outcome.", later=TOKENS)
    side = forms.mapping_of(
        "One side of the quote.",
        {
            "action": forms.word(("buy", "sell"), "Bid or ask."),
            "token": token,
            "price": forms.expression("Price of the order [usd/share]."),
            "shares": forms.expression("Shares wanted; 0 for no order."),
            "or_buy": forms.word(
                ("yes_token", "no_token"),
                "Where there is nothing to sell, buy this token at 1 - price instead.",
                later=TOKENS,
            ),
        },
        required=("action", "token", "price", "shares"),
    )
    requote = forms.mapping_of(
        "When a resting order is replaced.",
        {
            "if_moved": forms.expression(
                "Only if the price wanted is this far from it [usd/share]."
            ),
            "min_interval": forms.duration("Not more often than this."),
        },
    )
    quote = {
        **only,
        "market": _market(),
        "sides": forms.list_of("The orders that are to rest; [] takes all back.", side)
        | {"maxItems": SIDES_MAX},
        "requote": requote,
        "post_only": {
            "type": "boolean",
            "default": True,
            "description": "Never take what rests already.",
        },
        "edge": forms.expression("Expected profit [usd/share]; orders wishes."),
        "confidence": _confidence(),
        "ttl": forms.duration("An order that has not filled is cancelled after this."),
    }
    later = {
        "token": "each of the sides has its token",
        "price": "each of the sides has its price",
        "shares": "each of the sides has its shares",
    }
    return forms.mapping_of("A quote.", quote, required=("sides",), later=later)


def _basket(only: Schema) -> Schema:
    leg = forms.mapping_of(
        "One order of the basket.",
        {
            "market": _market(),
            "action": forms.word(("buy", "sell"), "Buy or sell."),
            "token": forms.word(
                ("yes_token", "no_token"), "Which outcome.", later=TOKENS
            ),
            "price": forms.expression("Limit price [usd/share] of that token."),
        },
        required=("market", "action", "token", "price"),
    )
    named = forms.list_of("The orders, one by one.", leg, least=2)
    legs = {
        "description": "All YES or all NO tokens of the row, or orders one by one.",
        "if": {"type": "array"},
        "then": named | {"maxItems": LEGS_MAX},
        "else": forms.word(("all_yes", "all_no"), "All tokens of one outcome."),
    }
    basket = {
        **only,
        "legs": legs,
        "shares": forms.expression("Shares of each leg."),
        "edge": forms.expression("Profit of one share of each leg [usd], net of fees."),
        "confidence": _confidence(),
        "urgency": forms.word(("high",), "A basket takes or leaves.", default="high"),
        "cooldown": _cooldown(),
    }
    later = {
        "size": "write shares: the same for each leg",
        "fair": "edge says what the basket is worth",
        "ttl": "a basket takes or leaves: nothing of it rests",
        "price": "each leg has its price",
        "token": "each leg has its token",
    }
    return forms.mapping_of(
        "A basket.", basket, required=("legs", "shares", "edge"), later=later
    )


def _market() -> Schema:
    return forms.word(ALIASES, "Which market of the row: near or far of a pair.")


def _confidence() -> Schema:
    return forms.expression("How sure it is, 0 to 1; orders wishes, never scales size.")


def _cooldown() -> Schema:
    return forms.duration("The same rule is not asked on a market for this long.")
