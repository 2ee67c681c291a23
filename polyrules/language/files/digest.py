"""The name of what a strategy means, whatever its file looks like.

Comments, layout, order of keys, descriptions and tests are left out; everything that
can change a decision or its words is in. Settings of the user are not part of it.
"""

import re
from typing import Any

import msgspec

from polyrules.domain.ids import digest_of

TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[\w.]+|\S")
ABOUT = ("version", "title", "author", "license", "status", "description", "tags")
REMARKS = ("doc", "step", "sweep")  # of a param: for people, and for searching


def digest(data: dict[str, Any]) -> str:
    """Return 32 hexadecimal digits over the meaning of a strategy's parsed file.

    Args:
        data: The whole file as read; it must have passed all checks.
    """
    kept = {
        key: value
        for key, value in data.items()
        if key != "tests" and not key.startswith("x-")
    }
    kept["strategy"] = _without(data["strategy"], (*ABOUT, "requires"))
    kept["params"] = {
        name: _without(body, REMARKS) for name, body in data.get("params", {}).items()
    }
    encoded = msgspec.json.encode(_canonical(kept), order="sorted")
    return digest_of("strategy", encoded.decode())


def extended(data: dict[str, Any], base: str) -> str:
    """Return 32 hexadecimal digits over the meaning of a file that extends another.

    Args:
        data: The whole file as read; it must have passed all checks.
        base: Digest of what it extends; what that is called is not part of it.
    """
    kept: dict[str, Any] = {key: data.get(key, {}) for key in ("params", "risk")}
    kept["strategy"] = _without(data["strategy"], (*ABOUT, "requires"))
    encoded = msgspec.json.encode(_canonical(kept), order="sorted")
    return digest_of("extends", base, encoded.decode())


def _without(body: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def _canonical(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(value, dict):
        found = {name: _canonical(item, name) for name, item in value.items()}
        return {name: item for name, item in found.items() if item not in ([], {})}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, int | float):
        # as an expression has it: 1, 1.0 and "1" are one constant
        return f"{float(value)!r}" if not isinstance(value, bool) else f"{value}"
    if key == "reason":
        return value
    return " ".join(_number(token) for token in TOKEN.findall(str(value)))


def _number(token: str) -> str:
    try:
        return f"{float(token)!r}" if token[0].isdigit() or token[0] == "." else token
    except ValueError:  # 15m, 1.0.0
        return token
