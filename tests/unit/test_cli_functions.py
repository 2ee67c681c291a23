import json
from collections.abc import Callable

from click.testing import Result

from polyrules.language.functions import FUNCTIONS, GROUPS, WINDOWS

Cli = Callable[..., Result]


def test_every_function_is_listed_with_how_it_is_written(cli: Cli) -> None:
    result = cli("functions")

    listed = len(FUNCTIONS) + len(WINDOWS) + len(GROUPS)
    assert len(result.stdout.splitlines()) == listed
    assert "clamp(x, low, high)" in result.stdout


def test_one_function_is_explained(cli: Cli) -> None:
    listed = json.loads(cli("functions", "zscore", "--json").stdout)

    assert listed["looks_back"]
    assert cli("functions", "zscore").stdout.startswith("zscore(")


def test_an_unknown_function_gets_a_suggestion(cli: Cli) -> None:
    result = cli("functions", "betwen")

    assert result.exit_code == 2
    assert 'did you mean "between"?' in result.stderr
