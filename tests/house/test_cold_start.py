import subprocess
import sys

HEAVY = (
    "jsonschema",
    "msgspec",
    "numpy",
    "polars",
    "rich",
    "simpleeval",
    "sqlalchemy",
    "yaml",
)

ASK_FOR_HELP = """
import sys
from polyrules.cli import polyrules
polyrules.main(["--help"], prog_name="polyrules", standalone_mode=False)
print("loaded:", *sorted(sys.modules))
"""


def test_help_loads_nothing_heavy() -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", ASK_FOR_HELP], capture_output=True, text=True, check=True
    )

    help_text, _, loaded = ran.stdout.partition("loaded:")
    assert "Usage: polyrules" in help_text
    assert set(HEAVY) & set(loaded.split()) == set()
    assert "polyrules.errors" not in loaded.split()
