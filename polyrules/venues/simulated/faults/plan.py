"""A file of faults: what shall go wrong, when, on one page.

    polyrules_faults: 1
    faults:
    - {fault: freeze, service: market_channel, from: 5m, for: 90s}
    - {fault: status, service: gamma, status: 429, retry_after: 2, share: 0.5}

A file that is wrong is refused as a whole, with every mistake and its line.
"""

from pathlib import Path
from typing import Any

import msgspec

from polyrules.documents.document import Document
from polyrules.documents.source import read_yaml
from polyrules.errors import InputError
from polyrules.venues.simulated.faults.kinds import Fault, Ghost, Restart

VERSION = 1
HEAD = {"polyrules_faults", "faults"}
NAMES = (
    "freeze, drop, duplicate, reorder, garble, lag, cut, status, slow, html,"
    " lost_answer, restart, cancel_only, tick, skew, dispute, geoblock or ghost"
)
# msgspec names the wrong word but not the right ones.
EXPECTED = {
    "fault": NAMES,
    "service": "market_channel, user_channel or rtds for a fault of frames; gamma,"
    " clob, data or geoblock for one of requests",
    "status": "400, 401, 404, 425, 429, 500, 502, 503 or 504 (html: 200, 403, 502,"
    " 503, 521)",
    "from": "a length of time such as 90s",
    "for": "a length of time such as 90s",
    "delay": "a length of time such as 3s",
    "within": "a length of time such as 2s",
    "down": "a length of time such as 90s",
    "post_only": "a length of time such as 2m",
    "country": "two capital letters such as US",
    "tick": "0.1, 0.01, 0.005, 0.0025, 0.001 or 0.0001, in quotes",
}


def plan(file: Path) -> tuple[Fault, ...]:
    """Read a file of faults (YAML or JSON), in its order.

    Raises:
        InputError: It cannot be read, or says what no fault is; every mistake is told
            with its line and what was expected.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{file}: cannot be read, {reason}") from error
    document = read_yaml(text, str(file))
    if document.problems or not document.complete:
        raise InputError("\n".join(map(str, document.problems)))
    said = _listed(document)
    faults, wrong = [], []
    for index, each in enumerate(said):
        try:
            faults.append(fault_of(each))
        except InputError as error:
            line = document.line(("faults", index))
            wrong.append(f"{file}:{line}: faults[{index}]: {error.message}")
    if wrong:
        raise InputError("\n".join(wrong))
    return tuple(faults)


def fault_of(said: Any) -> Fault:  # noqa: ANN401 - any JSON or YAML value
    """Return the fault that a mapping describes.

    Raises:
        InputError: It describes none; says which key, and what was expected.
    """
    try:
        fault: Fault = msgspec.convert(said, type=Fault)
    except msgspec.ValidationError as error:
        raise InputError(_told(error, said)) from error
    if isinstance(fault, Restart) and fault.length is not None:
        raise InputError("restart: for: not allowed, it lasts down and post_only")
    if isinstance(fault, Ghost) and not 0 < fault.failed + fault.retried <= 1:
        raise InputError(
            "ghost: failed and retried: expected shares that are together above 0 and"
            f" at most 1, were {fault.failed:g} and {fault.retried:g}"
        )
    return fault


def _listed(document: Document) -> list[Any]:
    data = document.data
    head = data if isinstance(data, dict) else {}
    found = head.get("polyrules_faults")
    if found != VERSION:
        shown = "nothing" if found is None else found
        raise InputError(
            f"{document.path}:1: polyrules_faults: expected {VERSION}, was {shown}",
            hint="a file of faults begins with `polyrules_faults: 1`",
        )
    for key in head.keys() - HEAD:
        line = document.line((key,))
        raise InputError(f"{document.path}:{line}: unknown key {key}, expected faults")
    said = head.get("faults")
    if not isinstance(said, list):
        raise InputError(f"{document.path}: faults: expected a list of faults")
    return said


def _told(error: msgspec.ValidationError, said: object) -> str:
    what, _, where = str(error).partition(" - at ")
    key = where.strip("`").removeprefix("$").removeprefix(".")
    what = what[:1].lower() + what[1:]
    if not isinstance(said, dict):
        return f"expected a mapping such as {{fault: freeze, …}}, was {said!r}"
    if "missing required field `fault`" in what:
        return f"fault: missing, expected {NAMES}"
    expected = EXPECTED.get(key)
    if expected is not None and "field" not in what:
        return f"{key}: expected {expected}; was {said.get(key)!r}"
    name = said.get("fault", "")
    told = f"{key}: {what}" if key else what
    return f"{name}: {told}" if name else told
