import json
from pathlib import Path

import yaml
from jsonschema import Draft7Validator

from polyrules.config import desk_yaml, schema


def test_the_schema_of_desks_is_what_the_code_says(root: Path) -> None:
    written = json.loads((root / "schemas" / "desk.v1.json").read_text("utf-8"))

    assert written == schema(), "python tests/house/schemas.py --write"


def test_the_desk_that_init_writes_fits_its_schema(root: Path) -> None:
    written = json.loads((root / "schemas" / "desk.v1.json").read_text("utf-8"))

    errors = [*Draft7Validator(written).iter_errors(yaml.safe_load(desk_yaml()))]

    Draft7Validator.check_schema(written)
    assert errors == []
