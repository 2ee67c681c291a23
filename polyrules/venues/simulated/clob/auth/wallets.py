"""The wallets that belong to a key: its own address and those its contracts get.

Each is the CREATE2 address of a factory, salted with the key's address, so a signer
and a signature type name one wallet.

Source: polymarket-client 0.14.0 (wallet derivation), Polygon mainnet addresses.
"""

from polyrules.venues.simulated.clob.auth.signatures import keccak

EOA, PROXY, SAFE, DEPOSIT = 0, 1, 2, 3  # signature types

_PROXY_FACTORY = bytes.fromhex("aB45c5A4B0c941a2F231C04C3f49182e1A254052")
_PROXY_LOGIC = bytes.fromhex("44e999d5c2F66Ef0861317f9A4805AC2e90aEB4f")
_SAFE_FACTORY = bytes.fromhex("aacFeEa03eb1561C4e67d661e40682Bd20E3541b")
_SAFE_CODE = bytes.fromhex(
    "2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
)
_DEPOSIT_FACTORY = bytes.fromhex("00000000000Fb5C9ADea0298D729A0CB3823Cc07")
_DEPOSIT_LOGIC = bytes.fromhex("58CA52ebe0DadfdF531Cde7062e76746de4Db1eB")
_DEPOSIT_BEACON = bytes.fromhex("7A18EDfe055488A3128f01F563e5B479D92ffc3a")
# The creation codes of the proxies, in the order in which the pieces are joined.
_PROXY_HEAD = bytes.fromhex("3d3d606380380380913d393d73")
_PROXY_MIDDLE = bytes.fromhex(
    "5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73"
)
_PROXY_TAIL = bytes.fromhex("5af43d82803e903d91602b57fd5bf352e831dd") + (
    (32).to_bytes(32, "big") + bytes(32)
)
_UUPS_HEAD = 0x61003D3D8160233D3973
_UUPS_TAIL = bytes.fromhex(
    "60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
    "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"
)
_BEACON_HEAD = 0x6100523D8160233D3973
_BEACON_TAIL = bytes.fromhex(
    "60195155f3363d3d373d3d363d602036600436635c60da"
    "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
    "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
)


def wallets(signer: str) -> dict[str, int]:
    """Return the wallets of a key by address, each with its signature type.

    The key's own address is first; all are in lower case. A deposit wallet may be of
    an older or a newer make; both are of type 3.
    """
    key = bytes.fromhex(signer.removeprefix("0x"))
    code = _PROXY_HEAD + _PROXY_FACTORY + _PROXY_MIDDLE + _PROXY_LOGIC + _PROXY_TAIL
    made = {
        _create(_PROXY_FACTORY, keccak(key), keccak(code)): PROXY,
        _create(_SAFE_FACTORY, keccak(key.rjust(32, b"\0")), _SAFE_CODE): SAFE,
        _deposit(key, _BEACON_HEAD, _DEPOSIT_BEACON, _BEACON_TAIL): DEPOSIT,
        _deposit(key, _UUPS_HEAD, _DEPOSIT_LOGIC, _UUPS_TAIL): DEPOSIT,
    }
    return {"0x" + key.hex(): EOA, **made}


def _deposit(key: bytes, head: int, logic: bytes, tail: bytes) -> str:
    args = _DEPOSIT_FACTORY.rjust(32, b"\0") + key.rjust(32, b"\0")
    size = head + (len(args) << 56)  # the code states the length of its arguments
    code = size.to_bytes(10, "big") + logic + tail + args
    return _create(_DEPOSIT_FACTORY, keccak(args), keccak(code))


def _create(factory: bytes, salt: bytes, code_hash: bytes) -> str:
    return "0x" + keccak(b"\xff" + factory + salt + code_hash)[12:].hex()
