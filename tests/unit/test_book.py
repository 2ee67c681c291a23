from polyrules.domain.market import Book, mirror
from polyrules.domain.money import Side
from tests.builders import levels


def test_a_snapshot_replaces_everything_and_finds_the_best_prices() -> None:
    book = Book()
    book.show(levels(("0.48", "10")), levels(("0.52", "10")))

    book.show(levels(("0.40", "5"), ("0.45", "7")), levels(("0.61", "1")))

    assert book.bids() == [(450_000, 7_000_000), (400_000, 5_000_000)]
    assert book.best_ask == 610_000
    assert book.size_at(Side.BUY, 480_000) == 0


def test_a_level_is_set_changed_and_removed_by_size_zero() -> None:
    book = Book()
    book.show((), levels(("0.60", "0")))
    book.change(Side.SELL, 520_000, 3)
    book.change(Side.SELL, 510_000, 4)
    book.change(Side.SELL, 510_000, 9)
    book.change(Side.SELL, 520_000, 0)
    book.change(Side.SELL, 530_000, 0)

    assert book.asks() == [(510_000, 9)]


def test_a_level_of_no_size_in_a_snapshot_is_no_level() -> None:
    book = Book()
    book.show(levels(("0.90", "0"), ("0.40", "1")), ())

    assert book.best_bid == 400_000


def test_a_change_before_the_first_snapshot_is_not_believed() -> None:
    book = Book()
    book.change(Side.SELL, 800_000, 5)

    assert book.best_ask is None
    assert not book.seen


def test_the_mirror_of_a_no_ask_is_a_yes_bid_at_one_minus_its_price() -> None:
    no_asks = levels(("0.30", "5"), ("0.31", "6"))

    assert mirror(no_asks) == levels(("0.70", "5"), ("0.69", "6"))


def test_a_locked_book_counts_as_crossed_and_an_empty_side_does_not() -> None:
    book = Book()
    book.show(levels(("0.50", "1")), levels(("0.50", "1")))
    locked = book.crossed
    book.show((), levels(("0.50", "1")))

    assert locked
    assert not book.crossed
    assert book.best_bid is None
