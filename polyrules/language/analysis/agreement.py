"""Rows that a market can have: features that are computed from others agree with them.

Values drawn for each feature alone may contradict each other: a mid of 0.5 beside an
ask of 0.2. The prices of a book can be made to agree here; of what else is computed
from features of its feed it is only told that it may contradict them.
"""

from collections.abc import Iterator, Mapping

from polyrules.domain.money import snap
from polyrules.features.catalog import CATALOG, PRICE_SPREAD_MAX
from polyrules.language.evaluators.reference import Row

GAPS = (0.01, 0.02, 0.05, 0.001)  # spreads that are tried beside the drawn one
FINE = 3  # decimals of the prices that are tried
LEAST, MOST = 0.002, 0.998


def tied(row: Row) -> bool:
    """Tell whether values of a row may contradict each other."""
    feeds = [CATALOG[name].feed for name in row if name in CATALOG]
    return any(
        CATALOG[name].formula
        and not name.endswith("_age")
        and feeds.count(CATALOG[name].feed) > 1
        for name in row
        if name in CATALOG
    )


def agreed(row: Row) -> Iterator[Row]:
    """Yield rows like this one whose prices are those of one book.

    None where other features of the row may contradict each other, or it has no price
    of a book.
    """
    prices = row.keys() & _book(LEAST, MOST).keys()
    rest = {name: value for name, value in row.items() if name not in prices}
    if not prices or tied(rest):
        return
    for ask in _asks(row):
        drawn = row.get("spread")
        for gap in (*((drawn,) if isinstance(drawn, float) else ()), *GAPS):
            book = _book(max(round(ask - gap, FINE + 1), 0.001), ask)
            yield {**rest, **{name: book[name] for name in sorted(prices)}}


def _asks(row: Row) -> Iterator[float]:
    """Yield asks that the prices of a row speak of."""
    for name in ("best_ask", "mid", "price", "best_bid", "no_best_bid", "no_best_ask"):
        value = row.get(name)
        if isinstance(value, float):
            ask = 1.0 - value if name.startswith("no_") else value
            yield min(max(round(ask, FINE), LEAST), MOST)


def _book(bid: float, ask: float) -> Mapping[str, float]:
    """Return the prices of a book by name."""
    mid, spread = snap((bid + ask) / 2.0), snap(ask - bid)
    found = {
        "best_bid": bid,
        "best_ask": ask,
        "no_best_bid": snap(1.0 - ask),
        "no_best_ask": snap(1.0 - bid),
        "mid": mid,
        "spread": spread,
    }
    return found | ({"price": mid} if spread <= PRICE_SPREAD_MAX else {})
