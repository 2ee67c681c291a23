"""The desk: what the operator allows and where things are. Read once, then frozen.

A desk is a YAML file. Nothing in it is needed: what it does not say has a default, and
without a file the defaults hold. It carries no secret. A password comes from the
environment (`${NAME}`), and is never shown.
"""

from polyrules.config.desk import (
    DEFAULT_JOURNAL,
    Collection,
    Desk,
    DeskClock,
    DeskStrategy,
    Secret,
    default_desk,
)
from polyrules.config.keys import (
    LIMITS,
    collection_values,
    desk_yaml,
    duration_text,
    schema,
)
from polyrules.config.reading import load_desk, parse_desk, read_journal

__all__ = [
    "DEFAULT_JOURNAL",
    "LIMITS",
    "Collection",
    "Desk",
    "DeskClock",
    "DeskStrategy",
    "Secret",
    "collection_values",
    "default_desk",
    "desk_yaml",
    "duration_text",
    "load_desk",
    "parse_desk",
    "read_journal",
    "schema",
]
