"""Addresses of wallets: whether one is well written, and whose trades it leads to.

A text of 64 digits may be a private key, so what is wrong with it is said without
repeating it.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from Crypto.Hash import keccak

from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.failures import Refused
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.data_api.questions import SHOWN, Getter
from polyrules.venues.polymarket.wire import convert

DIGITS = 40
_SECRET_DIGITS = 64
_CARRIES_CASE = 8  # a hash digit from here on wants its letter in upper case
_HEX = re.compile(r"[0-9a-fA-F]*")
_NOT_FOUND = 404


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue knows of an address.

    Attributes:
        address: The address asked for.
        wallet: The wallet that trades, "" where the venue knows none.
        name: What its owner calls himself.
        advice: What to write instead of the address, "" if it is right.
    """

    address: str
    wallet: str = ""
    name: str = ""
    advice: str = ""


class WireProfile(msgspec.Struct, rename="camel"):
    """Gamma's /public-profile, as far as we read it."""

    proxy_wallet: str | None = None
    name: str | None = None
    pseudonym: str | None = None


def problem_with(text: str) -> str:
    """Say what is wrong with an address and what would be right; "" if nothing is.

    In mixed case the letters carry a checksum (EIP-55), and it must fit.
    """
    body = text.removeprefix("0x")
    if body == text:
        return _without_prefix(text)
    if not _HEX.fullmatch(body):
        return _with_a_stranger(body)
    if len(body) == _SECRET_DIGITS:
        return (
            "has 64 digits after 0x, which is a transaction or a private key; an "
            "address has 40 (if it is a key, keep it out of this file)"
        )
    if len(body) != DIGITS:
        return f"has {len(body)} digits after 0x, expected {DIGITS}"
    if not body.strip("0"):
        return "is the zero address, which nobody owns"
    right = checksummed(text)
    if body not in (body.lower(), body.upper()) and text != right:
        return (
            "its upper and lower case do not fit its checksum: a digit is wrong, or "
            f"it should be {right}"
        )
    return ""


def checksummed(address: str) -> str:
    """Return an address of 0x and 40 digits with the case its checksum wants."""
    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    cased = (
        digit.upper() if int(wanted, 16) >= _CARRIES_CASE else digit
        for digit, wanted in zip(digits, digest, strict=False)
    )
    return "0x" + "".join(cased)


async def wallet_of(rest_gamma: Getter, address: str) -> Profile:
    """Ask which wallet trades for an address.

    A signer owns a wallet under another address, and it is the wallet that trades: a
    signer's own list of trades is empty for ever.

    Raises:
        VenueError: The venue did not answer, or not with a profile.
    """
    try:
        body = await rest_gamma.get("/public-profile", {"address": address})
    except Refused as error:
        if error.status == _NOT_FOUND:
            return Profile(address=address, advice=_unknown(address))
        raise
    wire = convert(_object(body), WireProfile)
    wallet, name = wire.proxy_wallet or "", wire.name or wire.pseudonym or ""
    if not wallet:
        advice = _unknown(address)
    elif wallet.lower() != address.lower():
        advice = f"{address} is a signer; its trades are under {wallet}: write that"
    else:
        advice = ""
    return Profile(address=address, wallet=wallet, name=name, advice=advice)


async def advice_on(
    rest_gamma: Getter, wallets: Iterable[str], health: Health
) -> list[str]:
    """Return what to say of addresses that are to be watched, by address.

    Args:
        rest_gamma: Who to ask; all at once.
        wallets: The addresses, written rightly.
        health: Counts those that nobody could tell of ("wallet_profiles", …).
    """
    profiles: dict[str, Profile] = {}

    async def ask(address: str) -> None:
        try:
            profiles[address] = await wallet_of(rest_gamma, address)
        except VenueError as error:
            health.count("wallet_profiles", type(error).__name__)

    async with asyncio.TaskGroup() as asking:
        for address in wallets:
            asking.create_task(ask(address))
    return [told.advice for _, told in sorted(profiles.items()) if told.advice]


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnexpectedReply(
            f"/public-profile answered no object: {body[:SHOWN]!r}"
        ) from None


def _unknown(address: str) -> str:
    return f"the venue knows no profile of {address}: is it a wallet that trades there?"


def _without_prefix(text: str) -> str:
    if not text.strip():
        return f"is empty, expected 0x and {DIGITS} digits"
    if text.strip() != text:
        return "has spaces around it"
    if text[:2] == "0X":
        return "begins with 0X, expected 0x"
    if _HEX.fullmatch(text):
        return f"has no 0x before its {len(text)} digits"
    return f"is no address: expected 0x and {DIGITS} digits of 0-9 and a-f"


def _with_a_stranger(body: str) -> str:
    place = next(index for index, digit in enumerate(body) if not _HEX.fullmatch(digit))
    return f"has {body[place]!r} at digit {place + 1} after 0x, expected 0-9 or a-f"
