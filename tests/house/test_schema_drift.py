"""The schema file for editors is what the code says.

After a change of the language: `python tests/house/test_schema_drift.py` writes it.
"""

import json
from pathlib import Path

from jsonschema import Draft7Validator

from polyrules.features.catalog import CATALOG
from polyrules.language.files.schema import STRATEGY_SCHEMA

FILE = "schemas/strategy.v1.json"


def generated() -> str:
    return json.dumps(STRATEGY_SCHEMA, indent=1, ensure_ascii=False) + "\n"


def test_the_schema_file_is_what_the_code_says(root: Path) -> None:
    assert (root / FILE).read_text("utf-8") == generated()


def test_the_schema_is_valid_draft_07() -> None:
    schema_of_schemas = Draft7Validator(Draft7Validator.META_SCHEMA)

    assert list(schema_of_schemas.iter_errors(STRATEGY_SCHEMA)) == []


def test_editors_are_offered_every_feature() -> None:
    offered = STRATEGY_SCHEMA["definitions"]["expression"]["defaultSnippets"]

    assert set(CATALOG) <= {each["label"] for each in offered}
    assert all(each["description"] for each in offered)


def test_every_key_is_described_for_editors() -> None:
    silent: list[str] = []
    pending = [("", STRATEGY_SCHEMA)]
    while pending:
        name, schema = pending.pop()
        for key, child in schema.get("properties", {}).items():
            if "enum" in child and set(child) == {"enum"}:
                continue  # the test of an if: no editor shows it
            if "description" not in child:
                silent.append(f"{name}.{key}")
            pending.append((f"{name}.{key}", child))
        children = [schema.get("items"), schema.get("additionalProperties")]
        children += [
            branch["then"] for branch in schema.get("allOf", []) if "then" in branch
        ]
        pending += [(name, child) for child in children if isinstance(child, dict)]

    assert silent == []


if __name__ == "__main__":
    (Path(__file__).parents[2] / FILE).write_text(generated(), "utf-8")
