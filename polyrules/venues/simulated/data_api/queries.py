"""What is asked of the Data API: the words of a query, checked as the venue does."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from polyrules.venues.simulated.data_api.accounts import Fill
from polyrules.venues.simulated.data_api.shapes import Row

SECOND = 1_000_000
OFFSET_MAX = 10_000
ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
SORTS = {
    "CURRENT": "currentValue",
    "INITIAL": "initialValue",
    "TOKENS": "size",
    "CASHPNL": "cashPnl",
    "PERCENTPNL": "percentPnl",
    "TITLE": "title",
    "RESOLVING": "endDate",
    "PRICE": "curPrice",
    "AVGPRICE": "avgPrice",
}
Query = Mapping[str, str]


class BadQueryError(Exception):
    """What was asked cannot be answered; says why."""


def user_of(query: Query) -> str:
    """Return the wallet that is asked about, in lower case.

    Raises:
        BadQueryError: It is none.
    """
    user = query.get("user", "")
    if not user:
        raise BadQueryError("required query param 'user' not provided")
    if ADDRESS.fullmatch(user) is None:
        raise BadQueryError(f"invalid user address: {user[:80]}")
    return user.lower()


def words_of(query: Query, key: str) -> tuple[str, ...]:
    """Return the words of a list with commas."""
    return tuple(word for word in query.get(key, "").split(",") if word)


def whole_of(query: Query, key: str, default: int) -> int:
    """Return a whole number, or the default where nothing is said.

    Raises:
        BadQueryError: It is none.
    """
    text = query.get(key, "")
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,12}", text):
        raise BadQueryError(f"invalid query param '{key}': {text[:80]}")
    return int(text)


def number_of(query: Query, key: str, default: float) -> float:
    """Return a number, or the default where nothing is said.

    Raises:
        BadQueryError: It is none.
    """
    text = query.get(key, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,12})?", text):
        raise BadQueryError(f"invalid query param '{key}': {text[:80]}")
    return float(text)


def newest(row: Fill) -> tuple[int, str]:
    """Sort fills newest first; within a second in any order."""
    return -(row.at // SECOND), row.transaction


def order_of(query: Query) -> Callable[[Fill], tuple[int, str]]:
    """Return how a query sorts fills."""
    by = query.get("sortBy", "TIMESTAMP").upper()
    if by == "CASH":
        return lambda row: (-row.usd, row.transaction)
    if by == "TOKENS":
        return lambda row: (-row.size, row.transaction)
    return newest


def in_order(rows: list[Row], query: Query, default: str) -> list[Row]:
    """Return rows as a query sorts them.

    Raises:
        BadQueryError: It is none.
    """
    by = SORTS.get(query.get("sortBy", default).upper())
    if by is None:
        raise BadQueryError(f"invalid query param 'sortBy': {query['sortBy'][:80]}")
    falling = query.get("sortDirection", "DESC").upper() != "ASC"
    return sorted(rows, key=lambda row: (row[by], row["asset"]), reverse=falling)


def page_of(
    rows: Iterable[Row],
    query: Query,
    *,
    default: int,
    most: int,
    offset_max: int = OFFSET_MAX,
) -> list[Row]:
    """Return the page of rows a query asks for, at most `most` of them.

    Raises:
        BadQueryError: It is none.
    """
    offset = whole_of(query, "offset", 0)
    if offset > offset_max:
        raise BadQueryError(f"max historical offset of {offset_max} exceeded")
    limit = min(whole_of(query, "limit", default), most)
    return list(islice(rows, offset, offset + limit))
