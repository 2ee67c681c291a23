"""`polyrules tape` at the command line: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from polyrules.venues.tape import tables
from polyrules.venues.tape.manifest import Manifest
from polyrules.venues.tape.reader import Tape

Cli = Callable[..., Result]
NOON = 1_767_268_800

MAPPING = """
polyrules_mapping: 1
title: three markets of an invented table
tables:
  - rows: price_series
    market: slug
    at: {column: t, unit: s}
    price: p
  - rows: outcomes
    market: slug
    at: {column: t, unit: s}
    payout_yes: o
constants: {tick: 0.001, fee_rate: 0}
assume:
  book: {spread: 0.002, depth: 500}
  book_stands: 30m
  tick_interval: 10m
  resolution_delay: 10m
  flag_prices: {below: 0.002, above: 0.998}
notes: [Nothing here was recorded.]
"""
ROWS = "\n".join(
    [
        "t,slug,p,o",
        *(f"{NOON + 600 * n},rain,0.{30 + n}," for n in range(9)),
        f"{NOON + 5400},rain,0.0005,0",
        *(f"{NOON + 600 * n},snow,0.{60 + n}," for n in range(9)),
        f"{NOON + 5400},snow,0.9995,1",
        f"{NOON},hail,0.5,",
        f"{NOON},hail,0.5,",
        f"{NOON + 7200},hail,0.52,",
        f"{NOON + 7200},hail,nan,",
    ]
)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table and its mapping, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "prices.csv").write_text(ROWS, "utf-8")
    return tmp_path


@pytest.fixture
def tape(table: Path, cli: Cli) -> Path:
    """The tape made of it."""
    result = cli(
        "tape", "import", "prices.csv", "--mapping", "mapping.yaml", "--out", "t"
    )
    assert result.exit_code == 0
    return table / "t"


def test_import_says_what_it_took_and_what_it_left(
    table: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    result = cli("tape", "import", ".", "--mapping", "mapping.yaml", "--out", "t")

    assert result.exit_code == 0
    assert result.output == snapshot
    assert Tape.open(table / "t").manifest.sources[0].name == "prices.csv"


def test_info_shows_what_is_on_a_tape(
    tape: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    result = cli("tape", "info", "t")

    assert result.exit_code == 0
    hashless = result.output.replace(Tape.open(tape).content_hash, "HASH")
    assert hashless == snapshot


def test_check_lists_findings_and_ends_with_1(
    tape: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    result = cli("tape", "check", tape.name, "--calibration", "--lead", "20m")

    assert result.exit_code == 1
    assert result.output == snapshot


def test_check_ends_with_0_where_nothing_is_odd(table: Path, cli: Cli) -> None:
    clean = f"t,slug,p,o\n{NOON},a,0.5,\n{NOON + 600},a,0.6,\n{NOON + 900},a,0.7,1\n"
    (table / "prices.csv").write_text(clean, "utf-8")
    cli("tape", "import", "prices.csv", "--mapping", "mapping.yaml", "--out", "t")

    result = cli("tape", "check", "t")

    assert result.exit_code == 0
    assert result.output.endswith("no findings\n")


def test_info_and_check_speak_json(tape: Path, cli: Cli) -> None:
    info = json.loads(cli("tape", "info", tape.name, "--json").output)
    check = json.loads(
        cli("tape", "check", tape.name, "--calibration", "--json").output
    )

    assert info["manifest"]["counts"]["BookChanged"] == 22
    assert info["seen"]["answers"] == {"yes": 1, "no": 1, "half": 0, "open": 1}
    assert check["findings"]["one-sided books"] == 2
    assert check["calibration"]["lead"] == 3_600_000_000


def test_a_changed_file_is_found(tape: Path, cli: Cli) -> None:
    file = next(tape.glob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[10] ^= 0xFF
    file.write_bytes(data)

    result = cli("tape", "check", "t")

    assert result.exit_code in {1, 2}
    assert file.name in result.output


def test_raw_payloads_need_no_mapping(table: Path, cli: Cli) -> None:
    book = {
        "market": "0xc",
        "asset_id": "1",
        "timestamp": "1772279170123",
        "bids": [],
        "asks": [{"price": "0.5", "size": "1"}],
    }
    (table / "raw").mkdir()
    (table / "raw" / "books.json").write_text(
        json.dumps([book, {"no": "book"}]), "utf-8"
    )
    (table / "raw" / "README.md").write_text("words", "utf-8")

    result = cli("tape", "import", "raw", "--out", "t")

    assert result.exit_code == 0
    assert "skipped README.md" in result.output
    assert "t: 2 events (1 BookChanged, 1 MarketListed)" in result.output
    assert "books.json[1]: a payload of no kind we know" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "prices.csv", "--out", "t"), "not JSON by its name"),
        (("import", "nowhere", "--out", "t"), "nowhere: no such file or directory"),
        (("import", ".", "--out", "t"), "nothing to import in this directory"),
        (
            ("import", "prices.csv", "--mapping", "none.yaml", "--out", "t"),
            "none.yaml: cannot be read, No such file or directory",
        ),
        (
            ("import", "prices.csv", "--mapping", "prices.csv", "--out", "t"),
            "error: prices.csv",
        ),
        (
            ("import", "prices.csv", "--mapping", "mapping.yaml", "--out", "."),
            "something is here already",
        ),
        (("info", "nowhere"), "nowhere: no such tape"),
        (("check", "."), "not a tape, it has no manifest.json"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_leaves_nothing(
    table: Path, cli: Cli, arguments: tuple[str, ...], told: str
) -> None:
    before = sorted(table.iterdir())

    result = cli("tape", *arguments)

    assert result.exit_code == 2
    assert told in result.output
    assert sorted(table.iterdir()) == before


def test_a_lead_that_is_no_length_of_time_is_told(tape: Path, cli: Cli) -> None:
    result = cli("tape", "check", tape.name, "--calibration", "--lead", "soon")

    assert result.exit_code == 2
    assert "soon is no length of time; try 1h, 30m or 90s" in result.output


def test_an_interrupted_import_leaves_no_half_tape(
    table: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Manifest:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables.TableImport, "manifest", interrupted)
    before = sorted(table.iterdir())

    result = cli(
        "tape", "import", "prices.csv", "--mapping", "mapping.yaml", "--out", "t"
    )

    assert result.exit_code == 130
    assert sorted(table.iterdir()) == before
