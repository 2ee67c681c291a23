"""The JSON Schema of a strategy file, as Python data; editors get it as a file.

It says which keys there are and what kind of value each takes. What an expression may
say, and how the parts of a file fit together, is checked elsewhere. The additional
`x-` keys are explained in `shape`.
"""

from polyrules.documents.quantities import DURATION
from polyrules.features.catalog import CATALOG, ROW_FEATURES
from polyrules.language.files import forms
from polyrules.language.files.forms import LATER, Schema
from polyrules.language.files.schema_money import exits, risk, sizing
from polyrules.language.files.schema_rules import rules
from polyrules.language.files.schema_tests import tests
from polyrules.language.rows import DOMAINS, NEEDS
from polyrules.language.tiers import TIERS

EXPRESSION_CHARS_MAX = 500
END = r"(?!\n)$"
TRIGGERS = ("book", "trade", "wallet", "spot", "odds", "game")
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
        "inputs": _inputs(),
        "universe": _universe(),
        "let": _let(),
        "guards": _guards(),
        "hit_policy": forms.word(
            ("first", "unique", "best", "collect"),
            "Which rule decides where several are true: the first; none, with an alarm;"
            " the one with the highest edge; or all of them.",
            default="first",
        ),
        "merge": _merge(),
        "rules": rules(),
        "sizing": sizing(),
        "exits": exits(),
        "risk": risk(),
        "schedule": _schedule(),
        "tests": tests(),
    }
    whole = forms.mapping_of(
        "A trading strategy for polyrules.",
        parts,
        required=("polyrules", "strategy", "universe", "rules", "schedule"),
        later={
            "tiers": "write schedule: {tiers: [...]}",
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
        ],
        "defaultSnippets": [  # what editors offer, with its meaning
            {
                "label": name,
                "body": name,
                "description": f"{feature.doc} [{feature.unit}]",
            }
            for features in (CATALOG, *ROW_FEATURES.values())
            for name, feature in features.items()
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


def _inputs() -> Schema:
    entry = forms.mapping_of(
        "A list of the desk's.",
        {
            "type": forms.word(("wallet_set", "market_set"), "What the list holds."),
            "doc": forms.text("What belongs in it, for people.", 200),
        },
        required=("type",),
    )
    return forms.named("Lists that live in the desk, never in this file.", entry)


def _universe() -> Schema:
    limit = forms.mapping_of(
        "Only the first so many rows.",
        {
            "top": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100_000,
                "description": "How many rows stay.",
            },
            "by": forms.expression("The highest of this stay; missing comes last."),
        },
        required=("top", "by"),
    )
    each = "; ".join(f"{name}: {domain.doc}" for name, domain in DOMAINS.items())
    return forms.mapping_of(
        "Which rows it looks at; asked first, so keep it cheap.",
        {
            "each": forms.word(tuple(DOMAINS), f"What a row is. {each}."),
            "where": forms.expression(
                "Condition on features and params; all rows if left out."
            ),
            "limit": limit,
            "needs": forms.words(NEEDS, "What else stands beside a market."),
            "source": forms.identifier("Input whose markets, or wallets, are taken."),
            "series": forms.identifier("Series of rounds, e.g. btc_updown_15m."),
            "family": forms.word(
                ("deadline",), "What two markets share: all but the deadline."
            ),
            "adjacent": {
                "type": "boolean",
                "default": False,
                "description": "Only pairs of neighbouring deadlines.",
            },
            "kinds": forms.words(
                ("binary", "neg_risk"),
                "binary: both tokens of a market; neg_risk: all markets of an event of"
                " which exactly one wins.",
            ),
            "within": forms.duration("How old a trade may be."),
            "max_rows": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100_000,
                "description": "Most rows at one evaluation; more are cut, and told.",
            },
        },
        required=("each",),
        later={
            "as": "the names are fixed: near and far, t and m; leave it out",
            "market_as": "the market of a trade is m; leave it out",
            "dedupe": "a wallet's newest trade of a token is one row; leave it out",
            "tiers": "write schedule: {tiers: [...]}",
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


def _merge() -> Schema:
    return forms.mapping_of(
        "How collected wishes for the same side of a token become one.",
        {
            "price": forms.word(("min", "max"), "Whose price counts.", default="min"),
            "confidence": forms.word(
                ("noisy_or", "max", "mean"),
                "noisy_or: 1 - product of (1 - confidence).",
                default="max",
            ),
            "size": forms.word(("min", "max", "sum"), "How much.", default="max"),
            "reason": forms.word(("join", "first"), "What is told.", default="join"),
        },
        later={"by": "wishes meet by market, token and side; leave it out"},
    )


def _schedule() -> Schema:
    every = forms.quantity(
        f"^(tier|{DURATION.removeprefix('^').removesuffix(END)}){END}",
        "s",
        "a duration such as 15m, or tier",
        "How often the rules are asked, 100ms to 1d; tier: each market as often as its"
        " tier is polled, from hourly to every 15s as its end comes near.",
    )
    ends = {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": forms.duration("Time before the end."),
        "description": "From and until when before the end, e.g. [180s, 20s].",
    }
    return forms.mapping_of(
        "When the rules are asked.",
        {
            "every": every,
            "tiers": forms.words(
                tuple(TIERS),
                "Only markets of these tiers, by hours to the end: T0 above 48, T1"
                " above 12, T2 above 4, T3 above 1, T4 below.",
            ),
            "trigger": forms.words(
                TRIGGERS, "Kinds of events after which a market is asked at once."
            ),
            "window": forms.mapping_of(
                "Only so long before the end.",
                {"before_end": ends},
                required=("before_end",),
            ),
        },
        required=("every",),
    )


STRATEGY_SCHEMA = strategy_schema()
