"""API keys: who has which, and whether a request was signed with one (L2).

A key is a pure function of the wallet and the nonce, so that it can be derived again.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from polyrules.venues.simulated.clob.auth.wallets import wallets


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """The API key of a wallet's signer.

    `wallets` are the addresses whose orders it may place, with their signature types.
    """

    address: str
    name: str
    secret: str
    passphrase: str
    wallets: dict[str, int]

    def __repr__(self) -> str:
        """Return it without its secrets."""
        return f"Key({self.name}, {self.address})"

    def wallet(self, signature_type: int) -> str:
        """Return the wallet of a signature type."""
        found = [each for each, kind in self.wallets.items() if kind == signature_type]
        return found[0] if found else self.address


class Keys:
    """All API keys by name, and whose wallet belongs to which."""

    def __init__(self) -> None:
        self._by_name: dict[str, Key] = {}
        self._by_wallet: dict[str, Key] = {}

    def create(self, address: str, nonce: int) -> Key | None:
        """Make a signer's key; None if there is one for this nonce."""
        key = _made(address, nonce)
        if key.name in self._by_name:
            return None
        self._by_name[key.name] = key
        self._by_wallet |= dict.fromkeys(key.wallets, key)
        return key

    def derive(self, address: str, nonce: int) -> Key | None:
        """Return the key made for this nonce before; None if there is none."""
        return self._by_name.get(_made(address, nonce).name)

    def of(self, address: str) -> list[Key]:
        """Return all keys of a signer."""
        return [key for key in self._by_name.values() if key.address == address]

    def delete(self, key: Key) -> None:
        """Forget a key."""
        self._by_name.pop(key.name, None)

    def find(self, name: str) -> Key | None:
        """Return a key by its name."""
        return self._by_name.get(name)

    def owner(self, wallet: str) -> str:
        """Return the name of a wallet's key, or what stands for it if it has none."""
        key = self._by_wallet.get(wallet)
        if key is not None:
            return key.name
        return _uuid(hashlib.blake2b(wallet.encode(), digest_size=16).hexdigest())

    def signed(
        self, headers: Mapping[str, str], method: str, path: str, body: bytes
    ) -> Key | None:
        """Return the key whose secret signed a request; None if none did."""
        key = self._by_name.get(headers.get("POLY_API_KEY", ""))
        if key is None or headers.get("POLY_PASSPHRASE") != key.passphrase:
            return None
        if headers.get("POLY_ADDRESS", "").lower() != key.address:
            return None
        text = f"{headers.get('POLY_TIMESTAMP', '')}{method}{path}".encode() + body
        wanted = signature(key.secret, text)
        given = headers.get("POLY_SIGNATURE", "")
        return key if hmac.compare_digest(wanted.encode(), given.encode()) else None


def signature(secret: str, text: bytes) -> str:
    """Return what signs a request: urlsafe base64 of HMAC-SHA256."""
    made = hmac.new(base64.urlsafe_b64decode(secret), text, hashlib.sha256)
    return base64.urlsafe_b64encode(made.digest()).decode()


def _made(address: str, nonce: int) -> Key:
    seed = f"{address} {nonce}".encode()
    raw = hashlib.blake2b(seed, digest_size=64).digest()
    return Key(
        address=address,
        name=_uuid(raw[:16].hex()),
        secret=base64.urlsafe_b64encode(raw[16:48]).decode(),
        passphrase=hashlib.sha256(raw[48:]).hexdigest(),
        wallets=wallets(address),
    )


def _uuid(digits: str) -> str:
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])
    return "-".join(parts)
