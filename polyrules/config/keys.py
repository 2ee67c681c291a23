"""The keys of a desk file: what each may be and means; the schema, and a whole file.

One table serves editors (the JSON Schema), the check of a file, and the comments of the
file that `polyrules desk init` writes.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from polyrules.config.desk import (
    DEFAULT_JOURNAL,
    DEFAULT_SOURCES,
    Collection,
    Desk,
    DeskStrategy,
    default_desk,
)
from polyrules.documents.quantities import DURATION, UNITS

SOCKETS_MAX = 64
INPUTS_MAX = 5_000  # entries of a list
NAME = r"^[a-z][a-z0-9_]{0,47}(?!\n)$"
USD_MAX = 1_000_000_000  # a larger amount is a slip of the hand


class Key(NamedTuple):
    """One key of the desk: how its value looks, and what it means."""

    schema: Mapping[str, Any]
    doc: str


_USD = {"type": "number", "exclusiveMinimum": 0, "maximum": USD_MAX}
_SHARE = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 100_000}

LIMITS: dict[str, Key] = {
    "market_usd_max": Key(_USD, "most at stake in one market [usd]"),
    "total_usd_max": Key(_USD, "most at stake in all markets together [usd]"),
    "positions_max": Key(_COUNT, "most markets with a position at the same time"),
    "day_loss_usd_max": Key(
        _USD, "loss of a UTC day at which nothing new is bought [usd]"
    ),
    "week_loss_usd_max": Key(
        _USD, "the same for a week that starts on Monday, UTC [usd]"
    ),
    "drawdown_max": Key(
        _SHARE, "fall of equity from its peak at which buying stops [share of 1]"
    ),
    "day_volume_usd_max": Key(_USD, "most dollars bought in a UTC day [usd]"),
    "order_usd_min": Key(_USD, "an order worth less is not sent [usd]"),
    "kelly_fraction_max": Key(
        _SHARE, "largest share of the Kelly stake a strategy may ask for"
    ),
    "hard_stop": Key(
        _SHARE,
        "a position this far below its average cost is sold, whatever its strategy"
        " says [usd/share]; 1 is never",
    ),
}

STRATEGY: dict[str, Key] = {
    "file": Key(
        {"type": "string", "minLength": 1}, "path of a strategy file, or a shipped id"
    ),
    "params": Key(
        {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
        "values for its parameters, as with --set",
    ),
    "enabled": Key({"type": "boolean", "default": True}, "false: leave it out"),
}

SOURCES: dict[str, str] = {
    "gamma": "listings of markets",
    "clob": "order books",
    "market_channel": "changes of books, and trades, as they happen",
    "data_api": "trades and positions of wallets",
    "rtds": "prices of coins, as they happen",
    "geoblock": "whether the venue takes orders from where you are",
}

_DURATION = {
    "type": "string",
    "pattern": DURATION,
    "x-expected": "a duration such as 1s",
    "x-unit": "s",
}

CLOCK: dict[str, Key] = {
    "from": Key(
        {"enum": ["wall", "venue"], "default": "wall"},
        "wall: the time of this machine; venue: that of a simulated venue on it",
    ),
    "speed": Key(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000, "default": 1},
        "seconds of the venue in one of ours; as polyrules sim --speed has it",
    ),
}

COLLECTION: dict[str, Key] = {
    "subscriptions_max": Key(
        _COUNT,
        "markets followed as they change, at once; at most half of sockets times"
        " tokens_per_socket",
    ),
    "sockets": Key(
        {"type": "integer", "minimum": 1, "maximum": SOCKETS_MAX},
        "connections to the market channel",
    ),
    "tokens_per_socket": Key(
        {"type": "integer", "minimum": 2, "maximum": 500},
        "tokens followed over one connection; a market has two",
    ),
    "tier_hours": Key(
        {
            "type": "array",
            "minItems": 4,
            "maxItems": 4,
            "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 8784},
        },
        "hours to the end below which a market is of tier T1, T2, T3, T4",
    ),
    "tier_every": Key(
        {"type": "array", "minItems": 5, "maxItems": 5, "items": _DURATION},
        "how often books of T0, T1, T2, T3, T4 are asked for",
    ),
    "volume_24h_usd_min": Key(
        {"type": "number", "minimum": 0, "maximum": USD_MAX},
        "markets that trade less in 24 hours are left out [usd]",
    ),
    "lookahead": Key(_DURATION, "of markets that end later no books are asked for"),
    "refresh": Key(_DURATION, "how often the newest listings are read"),
    "wallets_every": Key(_DURATION, "how often a wallet's trades are asked for"),
    "rounds": Key(
        {
            "type": "array",
            "maxItems": 32,
            "items": {
                "type": "string",
                "pattern": "^[a-z]+_updown_(5m|15m|1h|4h)$",
                "x-expected": "a series such as btc_updown_15m",
            },
        },
        "series of rounds to follow beside those that strategies ask for",
    ),
}

DESK: dict[str, Key] = {
    "bankroll_usd": Key(_USD, "money the strategies size their orders by [usd]"),
    "limits": Key({"type": "object"}, "what no strategy can exceed, only tighten"),
    "strategies": Key({"type": "array"}, "what to run where no strategy is named"),
    "inputs": Key(
        {"type": "object"},
        "lists of wallets, or of markets, by the names that strategies ask for",
    ),
    "sources": Key({"type": "object"}, "where the venue is"),
    "clock": Key({"type": "object"}, "whose time holds"),
    "collection": Key(
        {"type": "object"}, "how much of the venue is collected, and how often"
    ),
    "journal": Key(
        {
            "type": "string",
            "pattern": "^[a-z][a-z0-9+]*://",
            "x-expected": "the URL of a database, such as sqlite:///polyrules.db",
        },
        "database of decisions and fills; a password only as ${NAME}, which is taken"
        " from the environment",
    ),
    "tick": Key(_DURATION, "how often the clock ticks, 100ms to 1d"),
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of a desk file, for editors and for us."""
    default = Desk()
    limits = {name: float(getattr(default.limits, name)) for name in LIMITS}
    properties = {name: _describe(key) for name, key in DESK.items()}
    properties["bankroll_usd"]["default"] = float(default.bankroll_usd)
    properties["journal"]["default"] = DEFAULT_JOURNAL
    properties["tick"]["default"] = duration_text(default.tick)
    properties["limits"] |= _object(
        {n: _describe(key) | {"default": limits[n]} for n, key in LIMITS.items()}
    )
    properties["strategies"]["items"] = _object(
        {name: _describe(key) for name, key in STRATEGY.items()}
    ) | {"required": ["file"]}
    properties["inputs"] |= {
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {
            "type": "array",
            "maxItems": INPUTS_MAX,
            "items": {
                "type": ["string", "number"],  # YAML takes 0x... for a number
                "description": "a wallet's address, or a market's id or slug",
            },
        },
    }
    properties["sources"] |= _object(
        {
            name: {
                "type": "string",
                "pattern": "^(https?|wss?)://",
                "x-expected": "a URL",
                "description": doc,
                "default": DEFAULT_SOURCES[name],
            }
            for name, doc in SOURCES.items()
        }
    )
    properties["clock"] |= _object({n: _describe(key) for n, key in CLOCK.items()})
    told = collection_values(default.collection)
    properties["collection"] |= _object(
        {n: _describe(key) | {"default": told[n]} for n, key in COLLECTION.items()}
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "polyrules desk",
        "description": "The operator's settings.",
    } | _object(properties)


def _describe(key: Key) -> dict[str, Any]:
    return {**key.schema, "description": key.doc}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def duration_text(micros: int) -> str:
    """Return a duration [microseconds] as a desk writes it, e.g. `1s` or `1500ms`."""
    for unit in ("d", "h", "m", "s"):
        if micros % UNITS[unit] == 0:
            return f"{micros // UNITS[unit]}{unit}"
    return f"{Decimal(micros) / UNITS['ms']:f}ms"


def collection_values(collection: Collection) -> dict[str, Any]:
    """Return what is collected as a desk writes it: durations as text."""
    said = msgspec.structs.asdict(collection)
    return {
        **said,
        "tier_hours": list(said["tier_hours"]),
        "tier_every": [duration_text(micros) for micros in said["tier_every"]],
        "rounds": list(said["rounds"]),
        **{
            n: duration_text(said[n]) for n in ("lookahead", "refresh", "wallets_every")
        },
    }


def desk_yaml(desk: Desk | None = None) -> str:
    """Return a desk as a file with every key written out and explained.

    Args:
        desk: The desk to write; the default desk if None.
    """
    desk = desk or default_desk()
    limits = {name: f"{Decimal(getattr(desk.limits, name)):f}" for name in LIMITS}
    lines = [
        "# The desk of polyrules: what the operator allows, and where things are.",
        "# Every key may be left out; what stands here by default is its default.",
        "",
        *_line("", "bankroll_usd", f"{desk.bankroll_usd:f}", DESK["bankroll_usd"].doc),
        "",
        *_line("", "limits", "", DESK["limits"].doc),
    ]
    for name, key in LIMITS.items():
        lines += _line("  ", name, limits[name], key.doc)
    lines += ["", *_strategy_lines(desk.strategies), "", *_input_lines(desk.inputs), ""]
    lines += _line("", "sources", "", DESK["sources"].doc)
    for name, doc in SOURCES.items():
        lines += _line("  ", name, desk.sources[name], doc)
    lines += ["", *_line("", "clock", "", DESK["clock"].doc)]
    lines += _line("  ", "from", desk.clock.source, CLOCK["from"].doc)
    lines += _line("  ", "speed", f"{desk.clock.speed:g}", CLOCK["speed"].doc)
    lines += ["", *_line("", "collection", "", DESK["collection"].doc)]
    told = collection_values(desk.collection)
    for name, key in COLLECTION.items():
        lines += _line("  ", name, _flow(told[name]), key.doc)
    lines += [
        "",
        *_line("", "journal", _quoted(str(desk.journal)), DESK["journal"].doc),
    ]
    lines += ["", *_line("", "tick", duration_text(desk.tick), DESK["tick"].doc)]
    return "\n".join(lines) + "\n"


def _line(indent: str, name: str, value: str, doc: str) -> list[str]:
    return [f"{indent}# {doc}", f"{indent}{name}: {value}".rstrip()]


def _strategy_lines(strategies: tuple[DeskStrategy, ...]) -> list[str]:
    lines = [f"# {DESK['strategies'].doc}, e.g."]
    lines += ["#   - {file: longshot_yes, params: {min_prob: 0.95}, enabled: true}"]
    if not strategies:
        return [*lines, "strategies: []"]
    lines.append("strategies:")
    for strategy in strategies:
        lines.append(f"  - file: {_quoted(strategy.file)}")
        if strategy.params:
            lines.append("    params:")
            lines += [f"      {k}: {_quoted(v)}" for k, v in strategy.params.items()]
        lines.append(f"    enabled: {str(strategy.enabled).lower()}")
    return lines


def _input_lines(inputs: Mapping[str, tuple[str, ...]]) -> list[str]:
    lines = [f"# {DESK['inputs'].doc}, e.g."]
    lines += ['#   watchlist: ["0x0000000000000000000000000000000000000000"]']
    if not inputs:
        return [*lines, "inputs: {}"]
    lines.append("inputs:")
    for name, entries in inputs.items():
        lines.append(f"  {name}: [{', '.join(map(_quoted, entries))}]")
    return lines


def _flow(value: object) -> str:
    """Return a number, a duration, or a list of them as YAML on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    # a JSON string is a YAML string
    return msgspec.json.encode(text).decode()
