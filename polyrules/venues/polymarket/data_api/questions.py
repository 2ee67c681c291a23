"""Questions to the Data API, version 1: who traded, who holds what, who won.

Bare arrays of camelCase rows, and `null` where there are none. A row that does not fit
is left out and counted, the others stay. Offsets end at 10,000, so what lies beyond is
not seen: whoever asks is told that the rows are not all. Unknown activity types are
kept as their text. A user is always the wallet that holds the shares, never its signer.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.data_api.rows import (
    Activity,
    ClosedPosition,
    Holders,
    Leader,
    Position,
    Rows,
    Value,
)
from polyrules.venues.polymarket.wire import convert, decimal

T = TypeVar("T")

OFFSET_MOST = 10_000
LEADERS_OFFSET_MOST = 1_000
PAGE = 500
TRADES_PAGE = 1_000
SMALL_PAGE = 50  # of closed positions and of the leaderboard
CLAMPED_TO = 50  # a venue that cuts a page short cuts it to a multiple of this
SHOWN = 120  # characters of a reply that an error quotes


class Getter(Protocol):
    """What is needed of HTTP: `polyrules.venues.http.rest.Rest` has it."""

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a reply.

        Raises:
            VenueError: There is none.
        """
        ...


class DataApi:
    """Questions to the Data API.

    Args:
        rest: Its host.
        health: Counts rows that were refused ("data_api", "row_refused").
    """

    def __init__(self, rest: Getter, health: Health) -> None:
        self._rest = rest
        self._health = health

    async def activity(
        self,
        user: str,
        *,
        start: int | None = None,
        end: int | None = None,
        types: Sequence[str] = (),
        markets: Sequence[str] = (),
        at_most: int | None = None,
    ) -> Rows[Activity]:
        """Return what a wallet did, the newest first.

        Args:
            user: The wallet.
            start: Not before this [seconds UTC].
            end: Not after this [seconds UTC].
            types: Only these, such as TRADE, REDEEM; all if there are none.
            markets: Only of these condition ids; of all if there are none.
            at_most: Rows wanted; None: all that the venue lets see.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        asked = {
            "user": user,
            "start": start,
            "end": end,
            "type": ",".join(types),
            "market": ",".join(markets),
            "sortBy": "TIMESTAMP",
            "sortDirection": "DESC",
        }
        return await self._pages("/activity", asked, Activity, PAGE, at_most=at_most)

    async def trades(
        self,
        *,
        user: str = "",
        markets: Sequence[str] = (),
        taker_only: bool = False,
        usd_min: Decimal | None = None,
        at_most: int | None = None,
    ) -> Rows[Activity]:
        """Return trades of a wallet or of markets, as the venue's cache has them.

        It may be minutes old; `activity` is fresher. The venue hides what makers did
        unless told otherwise, so it is always told.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        asked = {
            "user": user,
            "market": ",".join(markets),
            "takerOnly": str(taker_only).lower(),
            "filterType": "CASH" if usd_min is not None else "",
            "filterAmount": "" if usd_min is None else str(usd_min),
        }
        page = TRADES_PAGE
        return await self._pages("/trades", asked, Activity, page, at_most=at_most)

    async def positions(
        self,
        user: str,
        *,
        markets: Sequence[str] = (),
        redeemable: bool | None = None,
        size_min: Decimal = Decimal(0),
        at_most: int | None = None,
    ) -> Rows[Position]:
        """Return what a wallet holds. The venue hides less than 1 share unless told.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        asked = {
            "user": user,
            "market": ",".join(markets),
            "sizeThreshold": str(size_min),
            "redeemable": "" if redeemable is None else str(redeemable).lower(),
        }
        return await self._pages("/positions", asked, Position, PAGE, at_most=at_most)

    async def closed_positions(
        self, user: str, *, at_most: int | None = None
    ) -> Rows[ClosedPosition]:
        """Return what a wallet held, the latest closed first.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        # By itself the venue puts the most profitable first: every page but the last
        # would show winners only.
        asked = {"user": user, "sortBy": "TIMESTAMP", "sortDirection": "DESC"}
        return await self._pages(
            "/closed-positions", asked, ClosedPosition, SMALL_PAGE, at_most=at_most
        )

    async def holders(self, market: str, limit: int = 20) -> list[Holders]:
        """Return the largest holders of a market's tokens; none may be there yet.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        asked = {"market": market, "limit": str(limit)}
        return (await self._page("/holders", asked, Holders))[0]

    async def leaderboard(
        self,
        *,
        category: str = "OVERALL",
        period: str = "MONTH",
        order: str = "PNL",
        at_most: int = SMALL_PAGE,
    ) -> list[Leader]:
        """Return the leading wallets, the first first.

        Args:
            category: OVERALL, POLITICS, SPORTS, CRYPTO, …
            period: DAY, WEEK, MONTH or ALL.
            order: PNL or VOL.
            at_most: Rows wanted; the venue ends at 1,050.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        asked = {"category": category, "timePeriod": period, "orderBy": order}
        read = await self._pages(
            *("/v1/leaderboard", asked, Leader, SMALL_PAGE),
            at_most=at_most,
            offset_most=LEADERS_OFFSET_MOST,
        )
        return read.rows

    async def value(self, user: str) -> float | None:
        """Return what a wallet's positions are worth [usd], None if nobody says.

        Raises:
            VenueError: The venue did not answer, or not with a list.
        """
        rows, _ = await self._page("/value", {"user": user}, Value)
        told = decimal(rows[0].value) if rows else None
        return None if told is None else float(told)

    async def _pages(
        self,
        path: str,
        asked: Mapping[str, str | int | None],
        shape: type[T],
        limit: int,
        *,
        at_most: int | None = None,
        offset_most: int = OFFSET_MOST,
    ) -> Rows[T]:
        rows: list[T] = []
        offset = 0
        while offset <= offset_most:
            wanted = limit if at_most is None else min(limit, at_most - offset)
            more = {**asked, "limit": wanted, "offset": offset}
            page, told = await self._page(path, _said(more), shape)
            rows += page
            offset += told
            if told < wanted and (told % CLAMPED_TO or not told):
                return Rows(rows=rows)
            if at_most is not None and offset >= at_most:
                return Rows(rows=rows, complete=False)
        self._health.count("data_api", "rows_beyond_reach")
        return Rows(rows=rows, complete=False)

    async def _page(
        self, path: str, asked: Mapping[str, str], shape: type[T]
    ) -> tuple[list[T], int]:
        """Return the rows that fit, and how many the venue sent."""
        told = array(await self._rest.get(path, asked), path)
        return self._fitting(told, shape), len(told)

    def _fitting(self, told: list[Any], shape: type[T]) -> list[T]:
        rows: list[T] = []
        for row in told:
            try:
                rows.append(convert(row, shape))
            except UnexpectedReply:
                self._health.count("data_api", "row_refused")
        return rows


def array(body: bytes, path: str) -> list[Any]:
    """Return the rows of a reply; `null` and nothing at all are no rows.

    Raises:
        UnexpectedReply: It is no JSON, or no list.
    """
    if not body.strip():
        return []
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnexpectedReply(f"{path} answered no JSON: {body[:SHOWN]!r}") from None
    if told is None:
        return []
    if not isinstance(told, list):
        raise UnexpectedReply(f"{path} answered no list: {body[:SHOWN]!r}")
    return told


def _said(asked: Mapping[str, str | int | None]) -> dict[str, str]:
    """Return the parameters that say something."""
    return {
        name: str(value) for name, value in asked.items() if value not in (None, "")
    }
