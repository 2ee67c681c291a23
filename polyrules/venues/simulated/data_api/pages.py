"""The pages of the simulated Data API, version 1: bare arrays behind a cache.

Answers are as old as the venue's cache lets them be: `/activity` 15 seconds, `/trades`
five minutes, so that following a wallet by the wrong page shows. What is asked wrongly
is refused with 400 and its reason; a page beyond the last one is an empty array.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

import msgspec
from aiohttp import web

from polyrules.clock import Clock
from polyrules.domain.money import ONE
from polyrules.venues.simulated.data_api import shapes
from polyrules.venues.simulated.data_api.accounts import Account, Fill, Position
from polyrules.venues.simulated.data_api.ledger import Ledger
from polyrules.venues.simulated.data_api.queries import (
    BadQueryError,
    Query,
    in_order,
    newest,
    number_of,
    order_of,
    page_of,
    user_of,
    whole_of,
    words_of,
)
from polyrules.venues.simulated.data_api.shapes import Row

SECOND = 1_000_000
AGES = {  # seconds an answer is kept
    "/activity": 15,
    "/trades": 300,
    "/positions": 5,
    "/closed-positions": 5,
    "/holders": 60,
    "/value": 5,
    "/traded": 60,
    "/oi": 300,
    "/v1/leaderboard": 60,
}
KEPT_MAX = 500  # answers of one page
# By what was asked: since when, and the body; oldest first.
Kept = dict[frozenset[tuple[str, str]], tuple[int, bytes]]


class DataApi:
    """Answers by path and query.

    Args:
        ledger: What there is to tell.
        clock: The venue's time.
        begin: Before which the past of wallets lies [microseconds UTC].
        ages: Seconds an answer of a path is kept, instead of the venue's.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        begin: int,
        ages: Mapping[str, int] | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._begin = begin
        self._ages = {**AGES, **(ages or {})}
        self._kept: dict[str, Kept] = {path: {} for path in self._ages}
        self._pages: dict[str, Callable[[Query, int], object]] = {
            "/activity": self.activity,
            "/trades": self.trades,
            "/positions": self.positions,
            "/closed-positions": self.closed_positions,
            "/holders": self.holders,
            "/value": self.value,
            "/traded": self.traded,
            "/oi": self.open_interest,
            "/v1/leaderboard": self.leaderboard,
        }

    def routes(self, prefix: str = "/data") -> list[web.RouteDef]:
        """Return the routes, all GET."""
        return [web.get(prefix + path, self._serve(path)) for path in self._pages] + [
            web.get(prefix + "/", _is_ok)
        ]

    def _serve(self, path: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            try:
                age, body = self.answer(path, request.query)
            except BadQueryError as error:
                return web.json_response({"error": str(error)}, status=400)
            headers = {
                "Age": str(age),
                "Cache-Control": f"public, max-age={self._ages[path]}",
            }
            return web.Response(
                body=body, content_type="application/json", headers=headers
            )

        return serve

    def answer(self, path: str, query: Query) -> tuple[int, bytes]:
        """Return the age [s] and the body of what is asked.

        Raises:
            BadQueryError: It was asked wrongly.
        """
        now = self._clock.now()
        kept, asked = self._kept[path], frozenset(query.items())
        while kept and self._is_old(path, next(iter(kept.values()))[0], now):
            del kept[next(iter(kept))]
        if asked not in kept:
            body = msgspec.json.encode(self._pages[path](query, now))
            if len(kept) >= KEPT_MAX:
                del kept[next(iter(kept))]
            kept[asked] = (now, body)
        at, body = kept[asked]
        return (now - at) // SECOND, body

    def _is_old(self, path: str, at: int, now: int) -> bool:
        return now - at >= self._ages[path] * SECOND

    # Pages

    def activity(self, query: Query, now: int) -> list[Row]:
        """Return what a wallet did, newest first."""
        wallet = user_of(query)
        kinds = words_of(query, "type")
        start, end = whole_of(query, "start", 0), whole_of(query, "end", now // SECOND)
        rows = [
            row
            for row in self._fills(query, now, wallet)
            if start <= row.at // SECOND <= end and (not kinds or row.kind in kinds)
        ]
        rows.sort(key=order_of(query))
        told = [shapes.activity(self._ledger, row) for row in rows]
        told += self._past(wallet, kinds, start, end)
        if query.get("sortDirection", "DESC").upper() == "ASC":
            told.reverse()
        return page_of(told, query, default=100, most=500)

    def _past(
        self, wallet: str, kinds: tuple[str, ...], start: int, end: int
    ) -> list[Row]:
        """Return what a wallet traded before the begin, newest first."""
        profile = self._ledger.profiles.get(wallet)
        if profile is None or (kinds and "TRADE" not in kinds):
            return []
        rows = (
            shapes.bought(profile, each, self._begin) for each in range(profile.settled)
        )
        return [row for row in rows if start <= row["timestamp"] <= end]

    def trades(self, query: Query, now: int) -> list[Row]:
        """Return trades, newest first: of takers only, unless asked otherwise."""
        wallet = user_of(query) if "user" in query else None
        takers = query.get("takerOnly", "true").lower() != "false"
        least = number_of(query, "filterAmount", 0.0)
        by_cash = query.get("filterType", "CASH").upper() == "CASH"
        rows = [
            row
            for row in self._fills(query, now, wallet)
            if row.side is not None
            and (row.taker or not takers)
            and (row.usd if by_cash else row.size) >= least * ONE
        ]
        rows.sort(key=newest)
        told = (shapes.trade(self._ledger, row) for row in rows)
        return page_of(told, query, default=100, most=10_000)

    def _fills(self, query: Query, now: int, wallet: str | None) -> Iterator[Fill]:
        """Yield the rows that may be seen by now and that a query does not exclude."""
        markets = words_of(query, "market")
        side = query.get("side", "").upper()
        for market in markets or (None,):
            for row in self._ledger.fills(wallet=wallet, market=market):
                told = row.side.value if row.side else ""
                if row.shown <= now and side in ("", told):
                    yield row

    def positions(self, query: Query, _now: int) -> list[Row]:
        """Return what a wallet holds; less than `sizeThreshold` shares are left out."""
        least = number_of(query, "sizeThreshold", 1.0)
        redeemable = query.get("redeemable", "").lower() == "true"
        mergeable = query.get("mergeable", "").lower() == "true"
        account = self._account(query)
        rows = [
            row
            for held in self._held(query, account.positions.values())
            if held.size > 0
            and held.size >= least * ONE
            and (row := shapes.position(self._ledger, account, held))
            and (row["redeemable"] or not redeemable)
            and (row["mergeable"] or not mergeable)
        ]
        return page_of(in_order(rows, query, "CURRENT"), query, default=100, most=500)

    def closed_positions(self, query: Query, _now: int) -> list[Row]:
        """Return what a wallet held once, newest first, its past included."""
        account = self._account(query)
        rows = [
            shapes.closed(self._ledger, account, held)
            for held in self._held(query, reversed(account.closed))
        ]
        profile = self._ledger.profiles.get(account.wallet)
        if profile is not None and not words_of(query, "market"):
            numbers = range(profile.settled)
            rows += [shapes.past(profile, each, self._begin) for each in numbers]
        return page_of(rows, query, default=10, most=50)

    def holders(self, query: Query, _now: int) -> list[Row] | None:
        """Return the largest holders of markets by token; null where there are none."""
        markets = words_of(query, "market")
        if not markets:
            raise BadQueryError("required query param 'market' not provided")
        most = min(whole_of(query, "limit", 20), 500)
        told: list[Row] = []
        for market in markets:
            listed = self._ledger.listed.get(market)
            for token in (listed.yes, listed.no) if listed else ():
                found = self._ledger.holders(token)[:most]
                rows = [shapes.holder(self._ledger, *each) for each in found]
                if rows:
                    told.append({"token": token, "holders": rows})
        return told or None

    def value(self, query: Query, _now: int) -> list[Row]:
        """Return what a wallet's positions are worth [usd]."""
        account = self._account(query)
        worth = sum(
            held.size * self._ledger.worth(held.token) // ONE
            for held in self._held(query, account.positions.values())
        )
        return [{"user": account.wallet, "value": round(worth / ONE, 6)}]

    def traded(self, query: Query, _now: int) -> Row:
        """Return how many markets a wallet traded in."""
        account = self._account(query)
        return {"user": account.wallet, "traded": account.traded}

    def open_interest(self, query: Query, _now: int) -> list[Row]:
        """Return how much money stands in markets [usd]."""
        told = []
        for market in words_of(query, "market"):
            listed = self._ledger.listed.get(market)
            held = self._ledger.holders(listed.yes) if listed else []
            shares = sum(position.size for _, position in held)
            told.append({"market": market, "value": round(shares / ONE, 6)})
        return told

    def leaderboard(self, query: Query, _now: int) -> list[Row]:
        """Return the wallets with the greatest profit, or volume."""
        by_volume = query.get("orderBy", "PNL").upper() == "VOL"
        accounts = list(self._ledger.accounts.values())
        if "user" in query:
            accounts = [self._account(query)]
        ranked = sorted(
            accounts,
            key=lambda each: shapes.standing(self._ledger, each)[not by_volume],
            reverse=True,
        )
        told = (
            shapes.leader(self._ledger, account, rank)
            for rank, account in enumerate(ranked, start=1)
        )
        return page_of(told, query, default=25, most=50, offset_max=1_000)

    def _account(self, query: Query) -> Account:
        wallet = user_of(query)
        return self._ledger.accounts.get(wallet) or Account(wallet)

    @staticmethod
    def _held(query: Query, held: Iterable[Position]) -> Iterator[Position]:
        markets = words_of(query, "market")
        return (each for each in held if not markets or each.market in markets)


async def _is_ok(_request: web.Request) -> web.Response:
    return web.json_response({"data": "OK"})
