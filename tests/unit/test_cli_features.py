import json
from collections.abc import Callable

from click.testing import Result

Cli = Callable[..., Result]


def test_the_table_groups_features_by_their_feed(cli: Cli) -> None:
    result = cli("features")

    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "book: from the order book"
    assert lines[1].split(maxsplit=2) == [
        "best_bid",
        "prob",
        "Highest price anyone pays for YES.",
    ]
    assert "gamma: from the venue's listing" in lines


def test_one_feature_is_told_with_all_there_is_to_it(cli: Cli) -> None:
    result = cli("features", "spread")

    assert result.output == (
        "spread [prob]\n"
        "  Best ask minus best bid.\n"
        "  feed     book: from the order book\n"
        "  formula  best_ask - best_bid\n"
        "  missing  while its feed is not there, or older than 300 seconds\n"
    )


def test_the_words_of_an_enum_are_listed(cli: Cli) -> None:
    result = cli("features", "category")

    assert "  words    politics, sports, crypto," in result.output


def test_json_holds_the_same(cli: Cli) -> None:
    one = json.loads(cli("features", "hours_to_close", "--json").output)
    everything = json.loads(cli("features", "--json").output)

    assert one == {
        "name": "hours_to_close",
        "unit": "hours",
        "feed": "clock",
        "doc": "Time to the end; negative after it.",
        "formula": "end - now",
        "max_age_seconds": None,
        "values": [],
    }
    assert one in everything
    assert len(everything) >= 65


def test_an_unknown_feature_is_told_what_was_probably_meant(cli: Cli) -> None:
    result = cli("features", "spraed")

    assert result.exit_code == 2
    assert result.stderr == (
        'error: unknown feature "spraed"\nhint: did you mean "spread"?\n'
    )


def test_a_feature_of_one_market_of_a_pair_says_of_which(cli: Cli) -> None:
    result = cli("features", "near.best_ask")

    assert result.output == (
        "near.best_ask [prob]\n"
        "  Lowest price anyone sells YES for.\n"
        "  of       the earlier market of a pair; rows of each: pair\n"
        "  feed     book: from the order book\n"
        "  missing  while its feed is not there, or older than 300 seconds\n"
    )


def test_a_misspelt_feature_of_a_market_is_told_with_its_alias(cli: Cli) -> None:
    result = cli("features", "far.bst_ask")

    assert result.exit_code == 2
    assert result.stderr == (
        'error: unknown feature "far.bst_ask"\nhint: did you mean "far.best_ask"?\n'
    )


def test_what_no_row_has_behind_an_alias_is_unknown(cli: Cli) -> None:
    assert cli("features", "near.spot.price").exit_code == 2


def test_a_group_is_listed_by_its_name(cli: Cli) -> None:
    lines = cli("features", "pair").output.splitlines()

    assert lines[0].startswith("pair: of two deadlines")
    assert [line.split()[0] for line in lines[1:]] == ["pair.gap", "pair.confidence"]


def test_the_group_of_a_market_is_every_feature_of_a_market(cli: Cli) -> None:
    result = cli("features", "m")

    assert "  best_ask " in result.output
    assert "spot.price" not in result.output
    assert result.output.endswith(
        "\nm.NAME is each of these of the market of a wallet's trade; rows of each:"
        " trade\n"
    )
