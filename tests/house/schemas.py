"""The JSON Schemas of our files, as the code says them.

python tests/house/schemas.py            say which files differ; exit 1 if any
python tests/house/schemas.py --write    write them
"""

import json
import sys
from pathlib import Path

from polyrules import config
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.files.schema_extension import EXTENSION_SCHEMA
from polyrules.venues.tape import mapping

FOLDER = Path(__file__).parents[2] / "schemas"


def generated() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    return {
        "desk.v1.json": json.dumps(config.schema(), indent=1) + "\n",
        "extension.v1.json": json.dumps(EXTENSION_SCHEMA, indent=1, ensure_ascii=False)
        + "\n",
        "mapping.v1.json": mapping.schema().decode(),
        "strategy.v1.json": json.dumps(STRATEGY_SCHEMA, indent=1, ensure_ascii=False)
        + "\n",
    }


def main() -> None:
    """Compare, or write."""
    differing = [
        name
        for name, text in generated().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]
    for name in differing:
        sys.stdout.write(f"{name} differs\n")
        if "--write" in sys.argv:
            (FOLDER / name).write_text(generated()[name], "utf-8")
    sys.exit(bool(differing) and "--write" not in sys.argv)


if __name__ == "__main__":
    main()
