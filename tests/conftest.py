"""What all tests share: where things are, and how a law is tried."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from polyrules.cli import polyrules

# The same examples on every machine; long hunts are commands under tests/bench.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recorded data beside the checkout; without it the test is skipped."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the checkout: real data is not shipped")
    return folder


@pytest.fixture
def cli() -> Callable[..., Result]:
    """Run polyrules in this process: `cli("validate", "mine.yaml")`."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(polyrules, arguments, prog_name="polyrules")

    return run
