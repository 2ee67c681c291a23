"""Write the desk's JSON Schema out, or say whether the file is what the code says.

python tests/house/schemas.py [--write]
"""

import sys
from pathlib import Path

import msgspec

from polyrules.config import schema

PLACE = Path(__file__).parents[2] / "schemas" / "desk.v1.json"


def generated() -> str:
    """Return the schema of a desk file as its file has it."""
    return msgspec.json.format(msgspec.json.encode(schema())).decode() + "\n"


def main() -> None:
    """Compare, or write."""
    if "--write" in sys.argv:
        PLACE.write_text(generated(), "utf-8")
    sys.exit(PLACE.read_text("utf-8") != generated())


if __name__ == "__main__":
    main()
