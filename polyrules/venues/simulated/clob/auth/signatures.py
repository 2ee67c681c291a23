"""Who signed: EIP-712 digests of logins and orders, and the address behind them.

Everything signed has fields of 32 bytes only, so the encoding is written out here;
keccak and the recovery come from eth_account, imported when first needed.

Source: py-clob-client-v2 1.2.1 and polymarket-client 0.14.0, which sign the same.
"""

from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec

from polyrules.errors import VenueError

CHAIN = 137
EXCHANGE = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE = "0xe2222d279d744050d28e00520010520000310F59"
ATTEST = "This message attests that I control the given wallet"
DEPOSIT_WALLET = 3  # the signature type whose signatures are wrapped by ERC-7739
_SIGNATURE = 65  # bytes of r, s and v

_DOMAIN = (
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_LOGIN_DOMAIN = "EIP712Domain(string name,string version,uint256 chainId)"
_LOGIN = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"
_ORDER = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,"
    "uint256 makerAmount,uint256 takerAmount,uint8 side,uint8 signatureType,"
    "uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
_WRAPPED = (
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
    f"address verifyingContract,bytes32 salt){_ORDER}"
)


class SignedOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The order of a `POST /order` body, as its owner signed it (wire shape, v2)."""

    salt: int | str
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: str
    signature_type: int
    timestamp: str
    signature: str
    expiration: str = "0"
    metadata: str = ""
    builder: str = ""


class Digest(NamedTuple):
    """What is signed: the domain's separator and the hash of the message."""

    domain: bytes
    message: bytes


def login(address: str, timestamp: str, nonce: int) -> Digest:
    """Return what a wallet signs to get its API keys (L1)."""
    domain = _hash(
        _text(_LOGIN_DOMAIN), _text("ClobAuthDomain"), _text("1"), _number(CHAIN)
    )
    parts = (_address(address), _text(timestamp), _number(nonce), _text(ATTEST))
    return Digest(domain, _hash(_text(_LOGIN), *parts))


def order(signed: SignedOrder, *, neg_risk: bool) -> Digest:
    """Return what an owner signs to place an order.

    Raises:
        ValueError: A field of the order is no number, address, or 32 bytes.
    """
    parts = (
        _number(int(signed.salt)),
        _address(signed.maker),
        _address(signed.signer),
        _number(int(signed.token_id)),
        _number(int(signed.maker_amount)),
        _number(int(signed.taker_amount)),
        _number({"BUY": 0, "SELL": 1}[signed.side]),
        _number(signed.signature_type),
        _number(int(signed.timestamp)),
        _bytes32(signed.metadata),
        _bytes32(signed.builder),
    )
    return Digest(_exchange(neg_risk=neg_risk), _hash(_text(_ORDER), *parts))


def order_id(digest: Digest) -> str:
    """Return the hash of an order, by which the venue names it."""
    return "0x" + _keccak(b"\x19\x01" + digest.domain + digest.message).hex()


def signer(digest: Digest, signature: str) -> str | None:
    """Return the address that signed, in lower case; None if the signature is none."""
    raw = _raw(signature)
    if raw is None or len(raw) != _SIGNATURE:
        return None
    return _recover(digest, raw)


def wallet_signer(digest: Digest, wallet: str, signature: str) -> str | None:
    """Return who signed for a deposit wallet: the key behind the ERC-7739 wrapping."""
    raw = _raw(signature)
    if raw is None or raw[_SIGNATURE:] != _trailer(digest):
        return None
    parts = (_text("DepositWallet"), _text("1"), _number(CHAIN), _address(wallet))
    wrapped = _hash(_text(_WRAPPED), digest.message, *parts, bytes(32))
    return _recover(Digest(digest.domain, wrapped), raw[:_SIGNATURE])


def keccak(data: bytes) -> bytes:
    """Return keccak-256, as the chain computes it."""
    return _keccak(data)


def _trailer(digest: Digest) -> bytes:
    """Return what ERC-7739 appends, so that a contract can check what was signed."""
    kind = _ORDER.encode()
    return digest.domain + digest.message + kind + len(kind).to_bytes(2, "big")


@cache
def _exchange(*, neg_risk: bool) -> bytes:
    contract = NEG_RISK_EXCHANGE if neg_risk else EXCHANGE
    name = _text("Polymarket CTF Exchange")
    return _hash(_text(_DOMAIN), name, _text("2"), _number(CHAIN), _address(contract))


def _recover(digest: Digest, raw: bytes) -> str | None:
    live = _live()
    message = live.message(version=b"\x01", header=digest.domain, body=digest.message)
    try:
        found: str = live.account.recover_message(message, signature=raw)
    except live.errors:
        return None
    return found.lower()


class _Live(NamedTuple):
    """What is borrowed from the libraries of the extra `live`."""

    account: Any
    message: Any
    keccak: Any
    errors: tuple[type[Exception], ...]


@cache
def _live() -> _Live:
    try:
        from eth_account import Account  # noqa: PLC0415 - half a second, rarely needed
        from eth_account.messages import SignableMessage  # noqa: PLC0415 - the same
        from eth_keys.exceptions import BadSignature  # noqa: PLC0415 - the same
        from eth_utils.crypto import keccak as of_bytes  # noqa: PLC0415 - the same
        from eth_utils.exceptions import ValidationError  # noqa: PLC0415 - the same
    except ImportError as error:
        raise VenueError(
            f"signatures cannot be verified: {error}",
            hint="pip install 'polyrules[live]'",
        ) from error
    errors = (BadSignature, ValidationError, ValueError)
    return _Live(Account, SignableMessage, of_bytes, errors)


def _keccak(data: bytes) -> bytes:
    found: bytes = _live().keccak(data)
    return found


def _hash(*parts: bytes) -> bytes:
    return _keccak(b"".join(parts))


@lru_cache(maxsize=64)
def _text(text: str) -> bytes:
    return _keccak(text.encode())


def _number(number: int) -> bytes:
    if not 0 <= number < 1 << 256:
        raise ValueError(f"a number of 256 bits was expected, was {number}")
    return number.to_bytes(32, "big")


def _address(address: str) -> bytes:
    raw = _raw(address)
    if raw is None or len(raw) != 20:  # noqa: PLR2004 - the length of an address
        raise ValueError(f"an address was expected, was {address}")
    return raw.rjust(32, b"\0")


def _bytes32(text: str) -> bytes:
    raw = _raw(text) if text else b""
    if raw is None or len(raw) > 32:  # noqa: PLR2004 - as the name says
        raise ValueError(f"32 bytes in hexadecimal were expected, was {text}")
    return raw.rjust(32, b"\0")


def _raw(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return None
