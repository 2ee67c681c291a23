"""`polyrules features`: the catalog of numbers, as a table, one by one, or as JSON."""

from difflib import get_close_matches
from itertools import groupby

import click
import msgspec

from polyrules.errors import InputError
from polyrules.features.catalog import CATALOG, ROW_FEATURES, Feature

FEEDS = {
    "book": "from the order book",
    "trades": "from the trades of strangers",
    "clock": "from the time",
    "wallets": "from the trades of watched wallets",
    "rtds": "from the prices of coins",
    "odds": "from the odds of bookmakers",
    "game": "from games as they are played",
    "portfolio": "from what the strategy itself holds",
    "gamma": "from the venue's listing",
}
BESIDE = {
    "round": "of the round a market is about; rows of each: round",
    "spot": "of the coin of that round; rows of each: round, or needs: [spot]",
    "odds": "of bookmakers, beside a market; needs: [odds]",
    "game": "of the game a market is about; needs: [game]",
    "pair": "of two deadlines, beside near.* and far.*; rows of each: pair",
    "event": "of all markets of an event; rows of each: event",
    "basket": "of tokens of which a known number pays; rows of each: basket",
    "t": "of a wallet's trade, beside m.*; rows of each: trade",
}
# What a row calls its markets: every feature of a market may stand behind them.
MARKETS = {
    "near": "the earlier market of a pair; rows of each: pair",
    "far": "the later market of a pair; rows of each: pair",
    "m": "the market of a wallet's trade; rows of each: trade",
}
OF_MARKET = {name: each for name, each in CATALOG.items() if "." not in name}
EVERY: dict[str, Feature] = {
    name: feature
    for features in (CATALOG, *ROW_FEATURES.values())
    for name, feature in features.items()
}
SECONDS = 1_000_000  # microseconds


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(name: str | None, *, as_json: bool) -> None:
    """List the numbers a rule may name, a group of them (near, t), or explain one.

    Without data a feature is missing, never 0, and a rule that needs it does not fire.
    """
    group = [] if name in EVERY else _group(name)
    if name is None or group:
        listed = group or list(EVERY.values())
        if as_json:
            _print_json([_plain(feature) for feature in listed])
        else:
            _table(listed)
            _tell_alias(name)
        return
    feature = _find(name)
    if as_json:
        _print_json(_plain(feature) | {"name": name})
    else:
        _card(feature, name)


def _group(name: str | None) -> list[Feature]:
    """Return the features whose names begin with an alias: t, pair, m, near."""
    if name in MARKETS:
        return list(OF_MARKET.values())
    return [each for each in EVERY.values() if each.name.startswith(f"{name}.")]


def _find(name: str) -> Feature:
    alias, _, plain = name.partition(".")
    feature = OF_MARKET.get(plain) if alias in MARKETS else EVERY.get(name)
    if feature is None:
        names = [*EVERY, *(f"{alias}.{each}" for each in OF_MARKET if alias in MARKETS)]
        near = get_close_matches(name, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "polyrules features lists all"
        raise InputError(f'unknown feature "{name}"', hint=hint)
    return feature


def _print_json(shown: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())


def _tell_alias(name: str | None) -> None:
    if name in MARKETS:
        click.echo()
        click.echo(f"{name}.NAME is each of these of {MARKETS[name]}")


def _table(features: list[Feature]) -> None:
    names = max(len(feature.name) for feature in features)
    units = max(len(feature.unit) for feature in features)
    for index, (heading, group) in enumerate(groupby(features, _heading)):
        if index:
            click.echo()
        click.echo(heading)
        for feature in group:
            line = f"  {feature.name:{names}}  {feature.unit:{units}}  {feature.doc}"
            click.echo(line)


def _heading(feature: Feature) -> str:
    entity, dot, _ = feature.name.partition(".")
    feed = feature.feed.value
    return f"{entity}: {BESIDE[entity]}" if dot else f"{feed}: {FEEDS[feed]}"


def _card(feature: Feature, name: str) -> None:
    click.echo(f"{name} [{feature.unit}]")
    click.echo(f"  {feature.doc}")
    alias = name.partition(".")[0] if name != feature.name else ""
    rows = [
        ("of", MARKETS.get(alias, "")),
        ("feed", f"{feature.feed.value}: {FEEDS[feature.feed.value]}"),
        ("formula", feature.formula),
        ("words", ", ".join(feature.values)),
        ("missing", _missing(feature)),
    ]
    for label, text in rows:
        if text:
            click.echo(f"  {label:8} {text}")


def _missing(feature: Feature) -> str:
    if feature.max_age is None:
        return "while its feed is not there"
    age = feature.max_age / SECONDS
    return f"while its feed is not there, or older than {age:g} seconds"


def _plain(feature: Feature) -> dict[str, object]:
    age = feature.max_age
    return {
        "name": feature.name,
        "unit": feature.unit,
        "feed": feature.feed.value,
        "doc": feature.doc,
        "formula": feature.formula,
        "max_age_seconds": None if age is None else age / SECONDS,
        "values": list(feature.values),
    }
