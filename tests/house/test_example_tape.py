import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from polyrules.domain.events import BookChanged
from polyrules.venues.tape.reader import Tape

BYTES_MAX = 400_000


@pytest.fixture(scope="module")
def making(root: Path) -> ModuleType:
    place = root / "examples" / "make_tape.py"
    spec = importlib.util.spec_from_file_location("make_tape", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_tape_is_what_its_script_makes(
    root: Path, making: ModuleType
) -> None:
    tape = Tape.open(root / "examples" / "tape")

    assert list(tape.events()) == making.day()


def test_the_same_seed_makes_the_same_bytes(making: ModuleType, tmp_path: Path) -> None:
    making.write(tmp_path / "one")
    making.write(tmp_path / "two")

    one = {file.name: file.read_bytes() for file in (tmp_path / "one").iterdir()}
    two = {file.name: file.read_bytes() for file in (tmp_path / "two").iterdir()}
    assert one == two
    assert set(one) == {"events-2026-03-02.parquet", "manifest.json"}


def test_the_example_tape_is_small_and_whole(root: Path) -> None:
    folder = root / "examples" / "tape"

    assert sum(file.stat().st_size for file in folder.iterdir()) < BYTES_MAX
    assert Tape.open(folder).verify() == ()


def test_the_invented_books_are_ones_a_market_could_have(making: ModuleType) -> None:
    happened = making.day()

    books = [event for event in happened if isinstance(event, BookChanged)]
    crossed = [b for b in books if b.bids and b.asks and b.bids[0][0] >= b.asks[0][0]]
    unsorted = [
        book
        for book in books
        if any(a[0] <= b[0] for a, b in pairwise(book.bids))
        or any(a[0] >= b[0] for a, b in pairwise(book.asks))
    ]
    assert crossed == []
    assert unsorted == []
    assert all(a.at <= b.at for a, b in pairwise(happened))
