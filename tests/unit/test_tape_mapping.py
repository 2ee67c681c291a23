from pathlib import Path
from typing import Any

import pytest

from polyrules.documents.source import read_yaml
from polyrules.errors import InputError, Severity
from polyrules.venues.tape.mapping import Mapping, micros, parse, schema

PRICES: dict[str, Any] = {
    "polyrules_mapping": 1,
    "title": "prices",
    "tables": [
        {
            "rows": "price_series",
            "market": "slug",
            "at": {"column": "t", "unit": "s"},
            "price": "p",
        }
    ],
    "assume": {"book": {"spread": 0.002, "depth": 500}},
}


def with_table(**changes: object) -> dict[str, Any]:
    return {**PRICES, "tables": [{**PRICES["tables"][0], **changes}]}


@pytest.mark.parametrize("name", ["resolvedkit", "polymarket_backtest"])
def test_the_mappings_for_books_assume_no_books(root: Path, name: str) -> None:
    assert shipped(root, name).assume.book is None


@pytest.mark.parametrize("name", ["neville_prices", "sports_closing"])
def test_the_mappings_for_prices_assume_books(root: Path, name: str) -> None:
    assert shipped(root, name).assume.book is not None


def shipped(root: Path, name: str) -> Mapping:
    file = root / "examples" / "mappings" / f"{name}.yaml"
    document = read_yaml(file.read_bytes(), file.name)
    assert [p for p in document.problems if p.severity is Severity.ERROR] == []
    return parse(document.data, file.name)


def test_the_schema_of_mappings_is_what_the_code_says(root: Path) -> None:
    # After a change: write what mapping.schema() returns to this file.
    assert (root / "schemas" / "mapping.v1.json").read_bytes() == schema()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "m.yaml: expected `object`, got `array`"),
        ({**PRICES, "sheets": []}, "m.yaml: object contains unknown field `sheets`"),
        (
            {**PRICES, "tables": []},
            "m.yaml: tables: expected `array` of length >= 1",
        ),
        (
            with_table(rows="boks"),
            "m.yaml: tables[0].rows: invalid value 'boks', expected books,",
        ),
        (with_table(price=None), "m.yaml: tables[0].price: expected `str`, got `null`"),
        (
            with_table(at={"column": "t", "unit": "minutes"}),
            "m.yaml: tables[0].at.unit: invalid enum value 'minutes', expected s, ms,",
        ),
        (
            {**PRICES, "assume": {}},
            "m.yaml: tables[0]: a price series needs assume.book, which is missing",
        ),
        (
            {**PRICES, "assume": {"book": {"spread": 2, "depth": 500}}},
            "m.yaml: assume.book: spread must be in [0, 1) and depth above 0, were 2",
        ),
        (
            {**PRICES, "constants": {"tick": "0.0000001"}},
            "m.yaml: constants.tick: must have at most six decimals, was 1E-7",
        ),
        (
            {**PRICES, "constants": {"fee_rate": "nan"}},
            "m.yaml: constants.fee_rate: must have at most six decimals, was NaN",
        ),
        (
            {**PRICES, "constants": {"size_min": "1e30"}},
            "m.yaml: constants.size_min: must be at most 1e12, was 1E+30",
        ),
        (
            {**PRICES, "assume": {"book": {"spread": "nan", "depth": 5}}},
            "m.yaml: assume.book.spread: must have at most six decimals, was NaN",
        ),
        (
            {**PRICES, "constants": {"tick": 0}},
            "m.yaml: constants.tick: must be inside (0, 1), was 0",
        ),
        (
            {**PRICES, "assume": {"resolution_delay": "1234567890123d"}},
            "m.yaml: assume.resolution_delay: expected `str` matching regex",
        ),
        (
            {**PRICES, "polyrules_mapping": 2},
            "m.yaml: polyrules_mapping: invalid enum value 2, expected 1",
        ),
    ],
)
def test_a_wrong_mapping_names_the_key_and_what_was_expected(
    data: object, told: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(data, "m.yaml")

    assert caught.value.message.startswith(told)


def test_outcomes_need_one_way_to_tell_the_answer() -> None:
    table = {"rows": "outcomes", "market": "m", "at": {"column": "t"}}

    with pytest.raises(InputError, match="payout_yes or winner, one of them"):
        parse({**PRICES, "tables": [table]}, "m.yaml")


def test_news_of_one_token_needs_the_other_one_too() -> None:
    top = {"bid": "b", "bid_size": "bs", "ask": "a", "ask_size": "as"}
    table = {
        "rows": "top_of_book",
        "market": "m",
        "at": {"column": "t"},
        "yes_book": top,
        "news_of": {"column": "side", "is_yes": "up", "is_no": "down"},
    }

    with pytest.raises(InputError, match="news_of needs no_book"):
        parse({**PRICES, "tables": [table]}, "m.yaml")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("54s", 54_000_000),
        ("-1m", -60_000_000),
        ("1.5h", 5_400_000_000),
        ("250ms", 250_000),
        ("2d", 172_800_000_000),
    ],
)
def test_lengths_of_time_are_told_with_their_unit(text: str, length: int) -> None:
    assert micros(text) == length
