"""From the wire to the exchange: is the order theirs, signed, in round amounts?"""

import msgspec

from polyrules.domain.moments import SECOND
from polyrules.domain.money import ONE, Side, from_micros
from polyrules.venues.simulated.clob.auth import signatures
from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.clob.auth.signatures import SignedOrder
from polyrules.venues.simulated.clob.auth.wallets import DEPOSIT, EOA, PROXY
from polyrules.venues.simulated.clob.calls import Refusal, whole
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.words import NewOrder, TimeInForce

CENT = ONE // 100  # the steps of 0.01 and 0.0001 in which amounts may come
FINE = ONE // 10_000
IMMEDIATE = (TimeInForce.FOK, TimeInForce.FAK)
_MOST = 1 << 63  # micro-units; a larger amount is no amount


class Posted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /order` (wire shape)."""

    order: msgspec.Raw
    owner: str
    order_type: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    defer_exec: bool = False


class _Old(msgspec.Struct, rename="camel"):
    """What only orders of the first version carry."""

    fee_rate_bps: str | int | None = None
    nonce: str | int | None = None


def accept(exchange: Exchange, key: Key, posted: Posted) -> NewOrder:
    """Return what a posted order asks of the exchange.

    Raises:
        Refusal: It is not the caller's, not signed, or its amounts do not fit.
    """
    signed = _read(posted.order)
    if posted.owner != key.name:
        raise Refusal(400, "the order owner has to be the owner of the API KEY")
    pit = exchange.pit(signed.token_id)
    if pit is None or pit.payout is not None:
        raise Refusal(404, "No orderbook exists for the requested token id")
    name = _check_signature(signed, key, neg_risk=pit.listed.neg_risk)
    given, wanted = _amount(signed.maker_amount), _amount(signed.taker_amount)
    side = Side(signed.side)
    usd, shares = (given, wanted) if side is Side.BUY else (wanted, given)
    order = _order(posted, signed, name, usd, shares)
    _check_amounts(exchange, pit, order, usd, shares)
    return order


def _read(raw: msgspec.Raw) -> SignedOrder:
    """Return the signed order of a body; orders of the first version are refused."""
    try:
        signed = msgspec.json.decode(raw, type=SignedOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if _is_old(raw):
            words = "invalid order version, please use the latest clob-client"
            raise Refusal(400, words) from error
        raise Refusal(400, "Invalid order payload") from error
    if signed.side not in ("BUY", "SELL"):
        raise Refusal(400, "Invalid order payload")
    return signed


def _is_old(raw: msgspec.Raw) -> bool:
    try:
        old = msgspec.json.decode(raw, type=_Old)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return old.nonce is not None or old.fee_rate_bps is not None


def _check_signature(signed: SignedOrder, key: Key, *, neg_risk: bool) -> str:
    """Return the order's hash, having checked who signed it for which wallet."""
    try:
        digest = signatures.order(signed, neg_risk=neg_risk)
    except ValueError as error:
        raise Refusal(400, "Invalid order payload") from error
    kind, maker, signer = signed.signature_type, signed.maker.lower(), signed.signer
    if kind == DEPOSIT:
        found = signatures.wallet_signer(digest, signed.signer, signed.signature)
        whose = signer.lower() == maker and maker in key.wallets
    else:
        found = signatures.signer(digest, signed.signature)
        whose = signer.lower() == key.address
    if not whose:
        words = "the order signer address has to be the address of the API KEY"
        raise Refusal(400, words)
    if found != key.address:
        kinds = {EOA: "invalid signature", PROXY: "invalid POLY_PROXY signature"}
        raise Refusal(400, kinds.get(kind, "invalid signature"))
    if key.wallets.get(maker) != kind:
        words = "maker address not allowed, please use the deposit wallet flow"
        raise Refusal(400, words)
    return signatures.order_id(digest)


def _order(
    posted: Posted, signed: SignedOrder, name: str, usd: int, shares: int
) -> NewOrder:
    """Return the order in the exchange's words; amounts above 0 are known."""
    side, immediate = Side(signed.side), posted.order_type in IMMEDIATE
    exact = usd * ONE
    price = exact // shares if side is Side.BUY else -(-exact // shares)
    expiration = whole(signed.expiration or "0")
    if expiration is None:
        raise Refusal(400, "invalid expiration")
    return NewOrder(
        owner=signed.maker.lower(),
        token=signed.token_id,
        side=side,
        price=price,
        size=shares,
        time_in_force=posted.order_type,
        post_only=posted.post_only,
        expiration=expiration * SECOND,
        spend=usd if immediate and side is Side.BUY else None,
        id=name,
    )


def _check_amounts(
    exchange: Exchange, pit: Pit, order: NewOrder, usd: int, shares: int
) -> None:
    """Refuse amounts with more decimals than the venue takes.

    Source: venue errors; a resting order's price has to be exact, its size in cents of
    a share; what trades at once pays whole cents.
    """
    if order.time_in_force in IMMEDIATE:
        _check_market_amounts(order.side, usd, shares)
        return
    if shares % CENT:
        decimals = len(f"{from_micros(shares):f}".partition(".")[2])
        why = f"Size ({from_micros(shares):f}) has {decimals} decimal places."
        raise _invalid(order, f"{why} Maximum lot size is 2")
    if usd * ONE % shares:
        exact = usd * ONE / shares / ONE
        tick = from_micros(pit.tick)
        why = f"Price ({exact}) breaks minimum tick size rule: {tick:f}"
        raise _invalid(order, why)
    crosses = exchange.crosses(order.token, order.side, order.price)
    if order.side is Side.BUY and usd % CENT and crosses and not order.post_only:
        _check_market_amounts(order.side, usd, shares)


def _check_market_amounts(side: Side, usd: int, shares: int) -> None:
    given, wanted = (usd, shares) if side is Side.BUY else (shares, usd)
    if given % CENT or wanted % FINE:
        word = "buy" if side is Side.BUY else "sell"
        raise Refusal(
            400,
            f"invalid amounts, the market {word} orders maker amount supports a max "
            "accuracy of 2 decimals, taker amount a max of 4 decimals",
        )


def _invalid(order: NewOrder, why: str) -> Refusal:
    return Refusal(400, f"order {order.id} is invalid. {why}")


def _amount(text: str) -> int:
    """Return an amount of the wire [micro-units], above 0."""
    found = whole(text)
    if not found or found >= _MOST:
        raise Refusal(400, "Invalid order payload")
    return found
