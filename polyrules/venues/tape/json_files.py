"""JSON values of files: one whole value, or one a line, plain or gzipped.

A torn line or file costs itself only: what could be read before and after goes on. One
value is held in memory as a whole, so its length has a limit (`WHOLE`), packed or not;
a file of lines has none.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from polyrules.errors import InputError
from polyrules.venues.tape.left_out import LeftOut

SUFFIXES = (".json", ".jsonl", ".ndjson")
LINES = (".jsonl", ".ndjson")
GZIP = ".gz"
WHOLE = 256_000_000  # bytes of one JSON value, unpacked
TORN = "not JSON, or torn"
TORN_GZIP = "gzipped data that ends early or is damaged"

Value = tuple[str, dict[str, Any]]  # place, JSON object


def is_json(file: Path) -> bool:
    """Tell whether the name of `file` says that it holds JSON."""
    return file.name.removesuffix(GZIP).endswith(SUFFIXES)


def objects(file: Path, left_out: LeftOut) -> Iterator[Value]:
    """Yield every JSON object of `file` with its place; arrays are taken apart.

    Raises:
        InputError: The file cannot be opened, or one value is longer than `WHOLE`.
    """
    try:
        if file.name.removesuffix(GZIP).endswith(LINES):
            yield from _by_line(file, _lines(file, left_out), left_out)
        else:
            yield from _whole(file, left_out)
    except OSError as error:
        raise InputError(f"{file}: cannot be read, {error.strerror}") from error


def _whole(file: Path, left_out: LeftOut) -> Iterator[Value]:
    text = bytearray()
    for line in _lines(file, left_out):
        text += line
        if len(text) > WHOLE:
            raise _too_long(file)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Some call a file of lines .json; if no line is a value, it is one torn value.
        tally = LeftOut()
        found = list(_by_line(file, iter(text.splitlines()), tally))
        if not found:
            left_out.add(file.name, TORN)
            return
        left_out.take(tally)
        yield from found
    else:
        yield from _apart(value, file.name, left_out)


def _by_line(
    file: Path, lines: Iterator[bytes | bytearray], left_out: LeftOut
) -> Iterator[Value]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{file.name}:{number}"
        try:
            value = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            left_out.add(place, TORN)
            continue
        yield from _apart(value, place, left_out)


def _apart(value: Any, place: str, left_out: LeftOut) -> Iterator[Value]:  # noqa: ANN401 - any JSON
    """Yield the objects of a value: itself, or those of its array."""
    if not isinstance(value, list):
        value = [value]
        places = iter([place])
    else:
        places = (f"{place}[{index}]" for index in range(len(value)))
    for where, each in zip(places, value, strict=True):
        if isinstance(each, dict):
            yield where, each
        else:
            left_out.add(where, "a JSON value that is no object")


def _lines(file: Path, left_out: LeftOut) -> Iterator[bytes]:
    if not file.name.endswith(GZIP):
        with file.open("rb") as plain:
            yield from _up_to_the_limit(plain, file)
        return
    with gzip.open(file, "rb") as packed:
        try:
            yield from _up_to_the_limit(packed, file)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            left_out.add(file.name, TORN_GZIP)


def _up_to_the_limit(source: IO[bytes] | gzip.GzipFile, file: Path) -> Iterator[bytes]:
    while line := source.readline(WHOLE + 1):
        if len(line) > WHOLE:
            raise _too_long(file)
        yield line


def _too_long(file: Path) -> InputError:
    return InputError(
        f"{file}: more than {WHOLE:,} bytes in one piece",
        hint="split it, or write one value a line and name the file .jsonl",
    )
