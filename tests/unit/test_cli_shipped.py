from pathlib import Path

import pytest

from polyrules.cli.shipped import SIZE_MAX, read_text, resolve, shipped_ids
from polyrules.errors import InputError


def test_the_shipped_strategies_are_known_by_their_ids() -> None:
    assert shipped_ids() == (
        "arbitrage",
        "btc_15m_momentum",
        "dca",
        "grid",
        "live_arbitrage",
        "longshot_no",
        "longshot_yes",
        "market_maker",
        "mean_reversion",
        "mirror_whale",
        "spread_capture",
        "statistical_edge",
        "term_structure",
    )


def test_an_id_finds_the_shipped_file() -> None:
    label, text = resolve("longshot_yes")

    assert label == "longshot_yes.yaml"
    assert "  id: longshot_yes\n" in text


def test_a_file_of_that_name_wins_over_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("longshot_yes").write_text("mine", "utf-8")

    assert resolve("longshot_yes") == ("longshot_yes", "mine")


def test_a_path_is_called_as_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xef\xbb\xbfpolyrules: 1\n")

    assert resolve(str(file)) == (str(file), "polyrules: 1\n")


def test_a_misspelled_id_is_told_what_was_probably_meant() -> None:
    with pytest.raises(InputError) as caught:
        resolve("longshot_yse")

    assert str(caught.value) == (
        "longshot_yse: no such file, and no shipped strategy of that name"
    )
    assert caught.value.hint == (
        'did you mean "longshot_yes"? '
        "shipped: arbitrage, btc_15m_momentum, dca, grid, live_arbitrage, longshot_no, "
        "longshot_yes, market_maker, mean_reversion, mirror_whale, spread_capture, "
        "statistical_edge, term_structure"
    )


def test_a_name_that_no_file_can_have_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no such file"):
        resolve("a\0b")
    with pytest.raises(InputError, match="no such file"):
        resolve("a" * 5000)


def test_a_directory_is_no_strategy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory, expected a file"):
        resolve(str(tmp_path))


def test_a_file_that_is_not_utf_8_is_named_with_its_first_bad_byte(
    tmp_path: Path,
) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"title: caf\xe9")

    with pytest.raises(InputError, match="is not UTF-8: byte 0xe9 at 10"):
        read_text(file)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    file.write_bytes(b"#" * (SIZE_MAX + 1))

    with pytest.raises(InputError, match="is larger than 256 KiB"):
        read_text(file)


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or directory"):
        read_text(tmp_path / "gone.yaml")
