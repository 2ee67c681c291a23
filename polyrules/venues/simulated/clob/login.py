"""Pages that make API keys of signatures (L1), and that list and delete them (L2)."""

from collections.abc import Mapping

from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.clob.auth.signatures import login, signer
from polyrules.venues.simulated.clob.calls import Call, Refusal, whole
from polyrules.venues.simulated.clob.venue import Venue

NOT_SIGNED = "Invalid L1 Request headers"


def who(headers: Mapping[str, str]) -> tuple[str, int]:
    """Return the address that signed a login, in lower case, and its nonce.

    Raises:
        Refusal: A header is missing, or somebody else signed.
    """
    address = headers.get("POLY_ADDRESS", "").lower()
    nonce = whole(headers.get("POLY_NONCE", "0"))
    if nonce is None:
        raise Refusal(401, NOT_SIGNED)
    try:
        digest = login(address, headers.get("POLY_TIMESTAMP", ""), nonce)
    except ValueError as error:
        raise Refusal(401, NOT_SIGNED) from error
    if signer(digest, headers.get("POLY_SIGNATURE", "")) != address:
        raise Refusal(401, NOT_SIGNED)
    return address, nonce


def create(venue: Venue, call: Call) -> object:
    """Make the key of a wallet."""
    key = venue.keys.create(*who(call.headers))
    if key is None:
        raise Refusal(400, "Could not create api key")
    venue.admit(key)
    return _triple(key)


def derive(venue: Venue, call: Call) -> object:
    """Show the key of a wallet again."""
    key = venue.keys.derive(*who(call.headers))
    if key is None:
        raise Refusal(400, "Could not derive api key!")
    return _triple(key)


def listed(venue: Venue, call: Call) -> object:
    """Name all keys of the caller's wallet."""
    return {"apiKeys": [key.name for key in venue.keys.of(call.signed.address)]}


def delete(venue: Venue, call: Call) -> object:
    """Delete the key the request is signed with."""
    venue.keys.delete(call.signed)
    return "OK"


def closed_only(_venue: Venue, _call: Call) -> object:
    """Tell that the wallet may open positions."""
    return {"closed_only": False}


def _triple(key: Key) -> dict[str, str]:
    return {"apiKey": key.name, "secret": key.secret, "passphrase": key.passphrase}
