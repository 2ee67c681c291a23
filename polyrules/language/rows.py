"""What a row may be: the domains a strategy can be asked about, and the names in each.

The menu is fixed, so that the cost of a file is known before it runs and every name has
a type. A row speaks of one market, of two, or of a whole event; `near.best_ask` is the
best ask of the market that the row calls near.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from polyrules.features.catalog import CATALOG, ROW_FEATURES, Feature
from polyrules.language.expression import Kind, Type

NEEDS = ("odds", "game", "spot")


class Domain(NamedTuple):
    """What the rows of a domain consist of.

    Attributes:
        doc: What a row is.
        markets: Aliases of the markets in a row; "" is a market without one.
        own: What the row has of its own: an entry of ROW_FEATURES, or "".
        entities: What always stands beside its market: round, spot.
        rows_max: Rows at most, unless the file says fewer.
    """

    doc: str
    markets: tuple[str, ...] = ("",)
    own: str = ""
    entities: tuple[str, ...] = ()
    rows_max: int = 100_000


DOMAINS: Mapping[str, Domain] = {
    "market": Domain("one market"),
    "pair": Domain(
        "two markets of one question, near with the earlier deadline, far with the"
        " later",
        markets=("near", "far"),
        own="pair",
        rows_max=20_000,
    ),
    "event": Domain(
        "all markets of an event", markets=(), own="event", rows_max=20_000
    ),
    "basket": Domain(
        "tokens of which a known number pays", markets=(), own="basket", rows_max=50_000
    ),
    "trade": Domain(
        "a recent trade of a wallet, t, and its market, m",
        markets=("m",),
        own="t",
        rows_max=5_000,
    ),
    "round": Domain(
        "the current market of a series of rounds",
        entities=("round", "spot"),
        rows_max=1_000,
    ),
}


class Rows(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rows of one strategy.

    Attributes:
        each: A key of DOMAINS.
        needs: What else stands beside a market: odds, game, spot.
        source: The input (wallets, or markets) that rows are taken from; "" for all.
        series: Of rounds: the series, e.g. btc_updown_15m; "" for all.
        adjacent: Of pairs: only neighbours of a family.
        kinds: Of baskets: binary, neg_risk.
        within: Of trades: how old they may be [microseconds].
        rows_max: Rows at one evaluation; more are cut, and counted.
        top: How many rows stay of the universe, the highest of `limit.by` first.
    """

    each: str = "market"
    needs: tuple[str, ...] = ()
    source: str = ""
    series: str = ""
    adjacent: bool = False
    kinds: tuple[str, ...] = ("binary", "neg_risk")
    within: int = 0
    rows_max: int = DOMAINS["market"].rows_max
    top: int | None = None

    @property
    def domain(self) -> Domain:
        """What these rows consist of."""
        return DOMAINS[self.each]

    def split(self, name: str) -> tuple[str, str]:
        """Return the alias and the catalog's name of a feature.

        `near.best_ask` is ("near", "best_ask"); of the row's own, `pair.gap` is
        ("pair", "pair.gap"); of a market without an alias, `spot.price` is
        ("", "spot.price").
        """
        alias, dot, rest = name.partition(".")
        if dot and alias == self.domain.own:
            return alias, name
        if dot and alias in self.domain.markets:
            return alias, rest
        return "", name

    def feature(self, name: str) -> Feature:
        """Return what a name in an expression stands for.

        Raises:
            KeyError: These rows have no such feature.
        """
        alias, plain = self.split(name)
        if alias and alias == self.domain.own:
            return ROW_FEATURES[alias][plain]
        return CATALOG[plain]

    def features(self) -> Iterator[tuple[str, Feature]]:
        """Yield every name that these rows have, with its feature."""
        domain = self.domain
        beside = {*domain.entities, *self.needs}
        for alias in domain.markets:
            for name, feature in CATALOG.items():
                entity, dot, _ = name.partition(".")
                if dot and (alias or entity not in beside):
                    continue
                yield (f"{alias}.{name}" if alias else name), feature
        if domain.own:
            yield from ROW_FEATURES[domain.own].items()

    def types(self) -> dict[str, Type]:
        """Return the type of every name that these rows have."""
        return {name: type_of(feature) for name, feature in self.features()}


def type_of(feature: Feature) -> Type:
    """Return the type of a feature's values."""
    match feature.unit:
        case "bool":
            return Type(Kind.BOOL)
        case "enum":
            return Type(Kind.ENUM, values=feature.values)
        case unit:
            return Type(Kind.NUMBER, unit)
