"""What a tape says about itself: sources, files, feeds, assumptions, problems.

The manifest is the last thing written: a directory without one is no tape. It names
its sources by file name and hash, never by a path of the machine that made the tape.
"""

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec

from polyrules.errors import TapeError

NAME = "manifest.json"
FORMAT = 1
FEEDS = ("gamma", "book", "trades", "wallets", "rtds", "odds", "game")
PROBLEMS_LISTED = 200  # every problem is counted; this many are told with their place
CHUNK = 1 << 20


Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]  # blake2b of the bytes


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file the tape was made from: its name, its bytes and their hash."""

    name: str
    bytes: int
    blake2b: Hash


class TapeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One day of the tape. `first` and `last` are times [microseconds UTC]."""

    name: str
    rows: int
    first: int
    last: int
    bytes: int
    blake2b: Hash


class FlaggedPrices(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Prices that may be from after the answer was known: up to and from [usd]."""

    below: float
    above: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of what a tape says about itself.

    Attributes:
        format: Version of the tape format.
        feeds: Feeds the tape gives, in the order of FEEDS.
        stated: How many markets state each fact of the listing, by feature name;
            besides those `start` and `end`, which the clock features read.
        tick: Interval of the clock events that a run merges in [microseconds]; None:
            as the desk says.
        max_age: Per feed, how long its last word stands [microseconds]; a feed that
            is not named keeps the catalog's own.
        assumed_books: The books are made from prices, by an assumption.
        flagged: Prices not to be trusted as prices before the answer.
        counts: Events by kind.
        left_out: How many rows or payloads were kept out, by reason.
        problems: The first of these, each with its place.
        notes: Counts worth telling that left nothing out.
        sealed: Of a tape that was recorded live, the number of the last segment of
            its log whose events are in files; None: it was imported.
    """

    format: int
    made_by: str
    title: str = ""
    sources: tuple[Source, ...] = ()
    files: tuple[TapeFile, ...] = ()
    feeds: tuple[str, ...] = ()
    stated: dict[str, int] = {}
    assumptions: tuple[str, ...] = ()
    tick: int | None = None
    max_age: dict[str, int] = {}
    assumed_books: bool = False
    flagged: FlaggedPrices | None = None
    counts: dict[str, int] = {}
    left_out: dict[str, int] = {}
    problems: tuple[str, ...] = ()
    notes: dict[str, int] = {}
    sealed: int | None = None

    @property
    def rows(self) -> int:
        """Events on the tape."""
        return sum(file.rows for file in self.files)


def read(folder: Path) -> Manifest:
    """Read the manifest of the tape at `folder`.

    Raises:
        TapeError: There is no tape, or its manifest cannot be read.
    """
    if not folder.exists():
        raise TapeError(
            f"{folder}: no such tape",
            hint="polyrules tape import SOURCE --out TAPE makes one",
        )
    path = folder / NAME
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise TapeError(
            f"{folder}: not a tape, it has no {NAME}",
            hint="name the directory that polyrules tape import wrote with --out",
        ) from None
    except OSError as error:
        raise TapeError(f"{path}: cannot be read, {error.strerror}") from error
    return _decode(text, path)


def _decode(text: bytes, path: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise TapeError(
            f"{path}: not a manifest: {error}", hint="import the tape again"
        ) from error
    if manifest.format != FORMAT:
        raise TapeError(
            f"{path}: tape format {manifest.format}, expected {FORMAT}",
            hint="import the tape again with this version of polyrules",
        )
    return manifest


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as JSON for people and programs."""
    return msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"


def hash_of(path: Path) -> str:
    """Return 32 hexadecimal digits of blake2b over the bytes of the file at `path`."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def source(path: Path) -> Source:
    """Return what a manifest says of the source file at `path`."""
    return Source(name=path.name, bytes=path.stat().st_size, blake2b=hash_of(path))
