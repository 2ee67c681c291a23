"""Pages that place and cancel orders, and the dead-man switch."""

import hashlib
from typing import Any

import msgspec

from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.clob.calls import Call, Refusal
from polyrules.venues.simulated.clob.orders.incoming import Posted, accept
from polyrules.venues.simulated.clob.pages import amount
from polyrules.venues.simulated.clob.venue import PATIENCE, Heart, Venue
from polyrules.venues.simulated.exchange.words import Mode, Placed, Refused, TradeStatus

BATCH = 15
CANCELS = 3000
Answer = dict[str, Any]


class _One(msgspec.Struct, rename={"order_id": "orderID"}):
    order_id: str = ""


class _Market(msgspec.Struct):
    market: str = ""
    asset_id: str = ""


class _Beat(msgspec.Struct):
    heartbeat_id: str | None = ""


def post(venue: Venue, call: Call) -> object:
    """Place an order."""
    return _place(venue, call.signed, call.read(Posted), call.now)


def post_many(venue: Venue, call: Call) -> object:
    """Place up to 15 orders; those refused are told inside of the answer."""
    orders = call.read(list[Posted])
    if len(orders) > BATCH:
        words = f"Too many orders in payload: {len(orders)}, max allowed: {BATCH}"
        raise Refusal(400, words)
    answers: list[Answer] = []
    for posted in orders:
        try:
            answers.append(_place(venue, call.signed, posted, call.now))
        except Refusal as refusal:
            answers.append(_answer(error=refusal.body["error"]))
    return answers


def cancel(venue: Venue, call: Call) -> object:
    """Cancel one order."""
    return _cancel(venue, call, [call.read(_One).order_id])


def cancel_many(venue: Venue, call: Call) -> object:
    """Cancel the orders named."""
    names = call.read(list[str])
    if len(names) > CANCELS:
        words = f"Too many orders in payload: {len(names)}, max allowed: {CANCELS}"
        raise Refusal(400, words)
    return _cancel(venue, call, names)


def cancel_all(venue: Venue, call: Call) -> object:
    """Cancel all orders of the caller."""
    return _cancel_where(venue, call, _Market())


def cancel_market(venue: Venue, call: Call) -> object:
    """Cancel the caller's orders of a market, or of one of its tokens."""
    return _cancel_where(venue, call, call.read(_Market))


def heartbeat(venue: Venue, call: Call) -> object:
    """Arm the dead-man switch, or keep it from firing."""
    key = call.signed
    given = call.read(_Beat).heartbeat_id or ""
    heart = venue.hearts.setdefault(key.name, Heart(key))
    if given != heart.expects:
        body = {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": heart.expects}
        raise Refusal(400, "Invalid Heartbeat ID", **body)
    seed = f"{key.name} {heart.expects} {call.now}".encode()
    heart.expects = hashlib.blake2b(seed, digest_size=16).hexdigest()
    heart.ends = call.now + PATIENCE
    return {"heartbeat_id": heart.expects}


def _place(venue: Venue, key: Key, posted: Posted, now: int) -> Answer:
    order = accept(venue.exchange, key, posted)
    answer = venue.exchange.place(order, now)
    if isinstance(answer, Refused):
        code = {"code": "post_only_mode"} if "post-only mode" in answer.message else {}
        raise Refusal(answer.status_code, answer.message, **code)
    return _placed(venue, order.owner, answer)


def _placed(venue: Venue, owner: str, placed: Placed) -> Answer:
    """Answer for an order that was taken; its transaction is named once mined."""
    mined = placed.trades and all(
        record.status in (TradeStatus.MINED, TradeStatus.CONFIRMED)
        for record in venue.exchange.history.trades_of(owner, placed.trades)
    )
    return {
        **_answer(),
        "orderID": placed.order_id,
        "status": placed.status,
        "makingAmount": amount(placed.making) if placed.trades else "",
        "takingAmount": amount(placed.taking) if placed.trades else "",
        "tradeIDs": list(placed.trades),
        "transactionsHashes": [placed.transaction] if mined else [],
    }


def _answer(error: str = "") -> Answer:
    return {
        "success": True,
        "errorMsg": error,
        "orderID": "",
        "status": "",
        "makingAmount": "",
        "takingAmount": "",
        "tradeIDs": [],
        "transactionsHashes": [],
    }


def _cancel(venue: Venue, call: Call, names: list[str]) -> Answer:
    _refuse_when_disabled(venue)
    wallets = call.signed.wallets
    done: list[str] = []
    not_done: dict[str, str] = {}
    for name in names:
        order = venue.exchange.history.find(name)
        whose = order.new.owner if order is not None else ""
        owner = whose if whose in wallets else call.signed.address
        why = venue.exchange.cancel(name, owner, call.now)
        if why is None:
            done.append(name)
        else:
            not_done[name] = why
    return {"canceled": done, "not_canceled": not_done}


def _cancel_where(venue: Venue, call: Call, where: _Market) -> Answer:
    _refuse_when_disabled(venue)
    done: list[str] = []
    not_done: dict[str, str] = {}
    for wallet in call.signed.wallets:
        ended = venue.exchange.cancel_all(
            wallet, call.now, market=where.market, token=where.asset_id
        )
        done.extend(ended.done)
        not_done |= ended.not_done
    return {"canceled": done, "not_canceled": not_done}


def _refuse_when_disabled(venue: Venue) -> None:
    if venue.exchange.mode is Mode.DISABLED:
        words = "Trading is currently disabled. Check polymarket.com for updates"
        raise Refusal(503, words)
