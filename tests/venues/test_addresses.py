"""Addresses of wallets: what is wrong with one, and whose trades it leads to."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.errors import UnexpectedReply
from polyrules.venues.http.failures import Asked, Refused
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.wallets.addresses import (
    advice_on,
    checksummed,
    problem_with,
    wallet_of,
)

# The examples of EIP-55.
RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OTHERS = (
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)


class Gamma:
    """Answers every question alike."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Mapping[str, str] | None]] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        self.asked.append((path, params))
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, bytes):
            return self.answer
        return json.dumps(self.answer).encode()


def refused(status: int) -> Refused:
    asked = Asked(host="gamma", method="GET", path="/public-profile")
    return Refused(asked, status, "")


@pytest.mark.parametrize("address", [RIGHT, *OTHERS])
def test_an_address_with_the_right_checksum_is_fine(address: str) -> None:
    assert problem_with(address) == ""


def test_an_address_in_one_case_carries_no_checksum_and_is_fine() -> None:
    assert problem_with(RIGHT.lower()) == ""
    assert problem_with("0x" + RIGHT[2:].upper()) == ""


def test_a_mistyped_digit_in_mixed_case_is_found_and_the_right_spelling_told() -> None:
    mistyped = RIGHT[:-1] + "D"

    assert problem_with(mistyped) == (
        "its upper and lower case do not fit its checksum: a digit is wrong, or it "
        f"should be {RIGHT}"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty, expected 0x and 40 digits"),
        ("  ", "is empty, expected 0x and 40 digits"),
        (f" {RIGHT}", "has spaces around it"),
        (RIGHT[2:], "has no 0x before its 40 digits"),
        ("0X" + RIGHT[2:], "begins with 0X, expected 0x"),
        (RIGHT[:-1], "has 39 digits after 0x, expected 40"),
        (RIGHT + "1", "has 41 digits after 0x, expected 40"),
        (
            "0x5aAeb6o53F3E94C9b9A09f33669435E7Ef1BeAed",
            "has 'o' at digit 7 after 0x, expected 0-9 or a-f",
        ),
        ("0x" + "0" * 40, "is the zero address, which nobody owns"),
        ("whale.eth", "is no address: expected 0x and 40 digits of 0-9 and a-f"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(text: str, said: str) -> None:
    assert problem_with(text) == said


def test_a_private_key_pasted_as_an_address_is_never_repeated() -> None:
    key = "0x" + "4c0883a69102937d6231471b5dbb6204" * 2

    said = problem_with(key)

    assert "private key" in said
    assert key[2:] not in said
    assert problem_with(key[2:]) == "has no 0x before its 64 digits"


@given(st.text(max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(problem_with(text), str)


@given(st.binary(min_size=20, max_size=20).filter(any))
def test_every_address_is_fine_once_it_is_spelled_right(raw: bytes) -> None:
    address = checksummed("0x" + raw.hex())

    assert problem_with(address) == ""
    assert address.lower() == "0x" + raw.hex()


def test_a_wallet_is_its_own() -> None:
    gamma = Gamma({"proxyWallet": RIGHT.lower(), "name": "Theo4", "bio": None})

    profile = asyncio.run(wallet_of(gamma, RIGHT))

    assert (profile.wallet, profile.name, profile.advice) == (
        RIGHT.lower(),
        "Theo4",
        "",
    )
    assert gamma.asked == [("/public-profile", {"address": RIGHT})]


def test_a_signer_is_told_apart_from_the_wallet_that_trades() -> None:
    gamma = Gamma({"proxyWallet": OTHERS[0]})

    profile = asyncio.run(wallet_of(gamma, RIGHT))

    assert profile.wallet == OTHERS[0]
    assert profile.advice == (
        f"{RIGHT} is a signer; its trades are under {OTHERS[0]}: write that"
    )


class Register:
    """Knows the owners of some addresses."""

    async def get(self, _: str, params: Mapping[str, str] | None = None) -> bytes:
        address = (params or {})["address"]
        if address == OTHERS[1]:
            raise refused(429)
        wallet = OTHERS[0] if address == RIGHT else address
        return json.dumps({"proxyWallet": wallet}).encode()


def test_of_several_addresses_only_those_that_mislead_are_told() -> None:
    health = Health()

    told = asyncio.run(advice_on(Register(), [RIGHT, *OTHERS], health))

    assert told == [
        f"{RIGHT} is a signer; its trades are under {OTHERS[0]}: write that"
    ]
    assert health.counts["wallet_profiles", "Refused"] == 1


@pytest.mark.parametrize("answer", [refused(404), {}, {"proxyWallet": None}])
def test_an_address_nobody_knows_is_said_to_be_unknown(answer: object) -> None:
    profile = asyncio.run(wallet_of(Gamma(answer), RIGHT))

    assert profile.wallet == ""
    assert profile.advice.startswith(f"the venue knows no profile of {RIGHT}")


@pytest.mark.parametrize(
    "answer", [refused(400), b"<html>", [], None, {"proxyWallet": 7}, b"\xff"]
)
def test_an_answer_that_is_no_profile_is_an_error(answer: object) -> None:
    with pytest.raises((UnexpectedReply, Refused)):
        asyncio.run(wallet_of(Gamma(answer), RIGHT))
