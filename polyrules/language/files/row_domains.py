"""What `universe` and `inputs` say of the rows: read, and compared with each other."""

from collections.abc import Mapping
from typing import Any

from polyrules.documents.document import Document
from polyrules.documents.quantities import parse_duration
from polyrules.language.files.texts import Texts
from polyrules.language.rows import DOMAINS, NEEDS, Rows
from polyrules.language.strategy import Input

NOT_THESE_ROWS = "PS018"
MISSING = "PS002"
UNKNOWN = "PS015"
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "series": ("round",),
    "family": ("pair",),
    "adjacent": ("pair",),
    "kinds": ("basket",),
    "within": ("trade",),
    "needs": ("market", "round"),
    "source": ("market", "round", "trade"),
}
SETS = {"market": "market_set", "round": "market_set", "trade": "wallet_set"}


def read_rows(document: Document) -> Rows:
    """Return the rows of a strategy; what is wrong in the file is left out."""
    wrong = document.wrong()
    data = document.data.get("universe")
    told: dict[str, Any] = {
        key: value
        for key, value in (data.items() if isinstance(data, dict) else ())
        if ("universe", key) not in wrong
    }
    each = told.get("each")
    if not isinstance(each, str) or each not in DOMAINS:
        return Rows(needs=NEEDS)  # an unknown row has every name: it is told already
    needs = told.get("needs")
    kinds = told.get("kinds")
    limit = told.get("limit")
    top = limit.get("top") if isinstance(limit, dict) else None
    rows_max = told.get("max_rows")
    within = told.get("within")
    return Rows(
        each=each,
        needs=tuple(n for n in needs if n in NEEDS) if isinstance(needs, list) else (),
        source=str(told.get("source") or ""),
        series=str(told.get("series") or ""),
        adjacent=told.get("adjacent") is True,
        kinds=tuple(kinds) if isinstance(kinds, list) else Rows().kinds,
        within=(parse_duration(within) or 0) if isinstance(within, str) else 0,
        rows_max=rows_max if isinstance(rows_max, int) else DOMAINS[each].rows_max,
        top=top if isinstance(top, int) else None,
    )


def read_inputs(texts: Texts) -> tuple[Input, ...]:
    """Return the inputs that a file declares."""
    declared = texts.value("inputs") or {}
    return tuple(
        Input(name=name, type=body["type"], doc=body.get("doc", ""))
        for name, body in declared.items()
        if isinstance(body, dict) and body.get("type") in ("wallet_set", "market_set")
    )


def check_rows(texts: Texts, inputs: tuple[Input, ...]) -> None:
    """Tell what `universe` says that does not go with its rows, or with the inputs.

    Problems: PS018 a key of other rows, PS002 a key that is needed, PS015 no such
    input.
    """
    each = texts.rows.each
    for key, domains in KEYS_OF.items():
        if texts.value("universe", key) is not None and each not in domains:
            message = f"{key} belongs to each: {' or '.join(domains)}, not to {each}"
            at = ("universe", key)
            texts.tell(at, NOT_THESE_ROWS, message, "delete it", on_key=True)
    if each == "trade":
        _check_trades(texts)
    source = texts.rows.source
    known = {each.name: each.type for each in inputs}
    if source and each in SETS and known.get(source) != SETS[each]:
        message = f'there is no input "{source}" of type {SETS[each]}'
        hint = texts.did_you_mean(source, known) or "declare it under inputs"
        texts.tell(("universe", "source"), UNKNOWN, message, hint)


def _check_trades(texts: Texts) -> None:
    for key, hint in (
        ("within", "say how old a trade may be, e.g. within: 15m"),
        ("source", "name a wallet_set of inputs, e.g. source: watchlist"),
    ):
        at = ("universe", key)
        if texts.value(*at) is None and not texts.is_wrong(at):
            message = f'missing key "{key}": rows of each: trade need it'
            texts.tell(("universe", "each"), MISSING, message, hint)
