"""Raw payloads of the venue, in files, onto a tape.

Kinds are told apart by their keys. Books, level changes, trades and ticks stand at
their own timestamps. A listing seldom has one: its market stands at the first moment
of the other payloads, or at its creation if that is later, what it says of the moment
(volume, prices) at the time it was last changed, and what it knows of the answer when
trading had closed, never earlier.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from polyrules.errors import InputError, UnexpectedReply
from polyrules.venues.polymarket import gamma, wire
from polyrules.venues.tape.json_files import Value, is_json, objects
from polyrules.venues.tape.left_out import LeftOut
from polyrules.venues.tape.listings import Listings
from polyrules.venues.tape.manifest import FORMAT, Manifest, source
from polyrules.venues.tape.writer import TapeWriter

Payload = dict[str, Any]
Progress = Callable[[str, int], None]  # file name, payloads read since the last call
STEP = 1000  # payloads between two words of progress
TAGS_MAX = 50
DEPTH_MAX = 4  # the venue wraps three deep: page, event, market
WRAPPED_IN = {"page": "data", "group": "markets", "groups": "events"}

# The first row whose keys are all there tells the kind; `event_type` goes before.
KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("price_change", frozenset({"market", "price_changes"})),
    ("price_change", frozenset({"market", "asset_id", "changes"})),
    ("book", frozenset({"market", "asset_id", "bids", "asks"})),
    ("tick_size_change", frozenset({"market", "new_tick_size"})),
    ("account", frozenset({"market", "asset_id", "owner"})),
    ("account", frozenset({"market", "asset_id", "maker_address"})),
    ("last_trade_price", frozenset({"market", "asset_id", "price", "size", "side"})),
    ("best_bid_ask", frozenset({"market", "asset_id", "best_bid", "best_ask"})),
    ("market_resolved", frozenset({"market", "winning_asset_id"})),
    ("new_market", frozenset({"market", "assets_ids", "outcomes"})),
    ("wallet", frozenset({"proxyWallet"})),
    ("gamma_market", frozenset({"conditionId", "clobTokenIds"})),
    ("gamma_market", frozenset({"conditionId", "outcomes"})),
    ("clob_market", frozenset({"c", "t"})),
    ("rest_market", frozenset({"condition_id", "tokens"})),
    ("page", frozenset({"data", "next_cursor"})),
    ("foreign_event", frozenset({"event", "markets"})),
    ("group", frozenset({"markets"})),
    ("groups", frozenset({"events"})),
)
NOT_OURS = {
    "best_bid_ask": "best_bid_ask messages are not stored: the books say more",
    "account": "a message about an account, not about a market",
    "wallet": "trades and positions of wallets: no feed takes them yet",
    "foreign_event": "an event of another venue",
}
FRAMES = {
    "book",
    "best_bid_ask",
    "new_market",
    "market_resolved",
    *wire.FRAMES,
}
ACCOUNT_TYPES = {"order", "trade"}


def import_payloads(
    files: list[Path], writer: TapeWriter, progress: Progress
) -> Manifest:
    """Read `files` and close `writer` with what they hold.

    Raises:
        InputError: A file cannot be read, is not named as JSON is, or nothing in the
            files can be used.
        TapeError: The tape cannot be written.
    """
    for file in files:
        if not is_json(file):
            raise InputError(
                f"{file}: not JSON by its name",
                hint="raw payloads are .json, .jsonl or .ndjson, plain or .gz; tables"
                " (.csv, .parquet) need --mapping",
            )
    importing = PayloadImport(writer)
    for file in files:
        waiting = 0
        for waiting, value in enumerate(objects(file, importing.left_out), start=1):
            importing.take(value)
            if waiting % STEP == 0:
                progress(file.name, STEP)
        progress(file.name, waiting % STEP)
    for event in importing.listings.events():
        writer.append(event)
    if writer.empty:
        raise importing.left_out.everything()
    return writer.close(importing.manifest(files))


class PayloadImport:
    """An import of payloads under way."""

    def __init__(self, writer: TapeWriter) -> None:
        self.left_out = LeftOut()
        self.notes: Counter[str] = Counter()
        self.listings = Listings(self.left_out, self.notes)
        self._writer = writer

    def take(self, value: Value) -> None:
        """Take one payload, or note why not."""
        place, payload = value
        for where, kind, part in unfold(place, payload):
            try:
                self._take(where, kind, part)
            except UnexpectedReply as error:
                self.left_out.add(where, str(error))

    def manifest(self, files: list[Path]) -> Manifest:
        """Return what the tape's manifest is to say of this import."""
        return Manifest(
            format=FORMAT,
            made_by="",
            title="raw payloads of Polymarket",
            sources=tuple(map(source, files)),
            stated=self.listings.stated(),
            assumptions=self.listings.assumptions(),
            left_out=self.left_out.as_counts(),
            problems=tuple(self.left_out.problems),
            notes=dict(self.notes),
        )

    def _take(self, place: str, kind: str, payload: Payload) -> None:
        if kind in wire.FRAMES:
            event = wire.event(kind, payload)
            token = payload.get("asset_id")
            self.listings.saw(event, [token] if isinstance(token, str) else [])
            self._writer.append(event)
            return
        match kind:
            case "book":
                book, frame = wire.book(payload)
                self.listings.saw_book(book, frame)
                self._writer.append(book)
            case "market_resolved":
                at, answer = wire.resolved(payload)
                self.listings.answered(at, answer, place)
            case "new_market":
                at = wire.time(payload.get("timestamp"))
                self.listings.told(gamma.from_new_market(payload, at))
            case "gamma_market":
                group, tags = payload.get(GROUP), payload.get(TAGS, ())
                size = payload.get(SIZE)
                self.listings.told(gamma.from_gamma(payload, group, tags, size))
            case "clob_market":
                self.listings.told(gamma.from_clob(payload))
            case "rest_market":
                self.listings.told(gamma.from_rest(payload))
            case _:
                raise UnexpectedReply(NOT_OURS.get(kind, UNKNOWN))


UNKNOWN = "a payload of no kind we know"
# No key of the venue begins like these.
GROUP, TAGS, SIZE = "\0group", "\0tags", "\0size"


def kind_of(payload: Payload) -> str:
    """Return the kind of a payload, by its `event_type` or else by its keys."""
    said = payload.get("event_type")
    if isinstance(said, str):
        if said in ACCOUNT_TYPES:
            return "account"
        return said if said in FRAMES else "unknown"
    keys = payload.keys()
    return next((kind for kind, wanted in KINDS if wanted <= keys), "unknown")


def unfold(
    place: str, payload: Payload, depth: int = 0
) -> Iterator[tuple[str, str, Payload]]:
    """Yield (place, kind, payload) of a payload, or of those it wraps."""
    kind = kind_of(payload)
    inner = WRAPPED_IN.get(kind)
    if inner is None or depth > DEPTH_MAX:
        yield place, kind, payload
        return
    wrapped = payload[inner]
    if not isinstance(wrapped, list):
        yield place, "unknown", payload
        return
    for index, part in enumerate(wrapped):
        where = f"{place}.{inner}[{index}]"
        if not isinstance(part, dict):
            yield where, "unknown", {}
            continue
        if kind == "group":
            part = {**part, **_event_of(payload, len(wrapped))}  # noqa: PLW2901 - with its event
        yield from unfold(where, part, depth + 1)


def _event_of(group: Payload, size: int) -> Payload:
    return {GROUP: _slug(group), TAGS: _tags(group), SIZE: size}


def _slug(group: Payload) -> str | None:
    slug = group.get("slug")
    return slug if isinstance(slug, str) else None


def _tags(group: Payload) -> tuple[str, ...]:
    tags = group.get("tags")
    if not isinstance(tags, list):
        return ()
    slugs = (tag.get("slug") for tag in tags[:TAGS_MAX] if isinstance(tag, dict))
    return tuple(slug for slug in slugs if isinstance(slug, str))
