"""What plain words mean in our YAML, and PyYAML's complaints in plain words.

The types are those of YAML 1.2's core schema, without 0x and 0o.
"""

import math
import re
from typing import Any, NamedTuple

import yaml

from polyrules.documents.words import cut

INT_DIGITS_MAX = 18  # longer ones are floats: nothing we count needs more

NULL = {"", "~", "null", "Null", "NULL"}
BOOL = {word: word.lower() == "true" for word in ("true", "True", "TRUE")}
BOOL |= dict.fromkeys(("false", "False", "FALSE"), False)
INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
)
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# what YAML 1.1 takes for a bool, or for a number in base 60
OLD_BOOL = re.compile(r"y|Y|n|N|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")


def ambiguity(text: str) -> tuple[str, str] | None:
    """Tell what YAML 1.1 would make of a plain word that is text for us.

    Returns:
        What is wrong and what to do, or None where all readers agree.
    """
    if OLD_BOOL.fullmatch(text):
        message = f"{text} is a bool for other readers of YAML, and text for us"
        return message, f'write "{text}" in quotes, or true or false'
    if BASE_60.fullmatch(text):
        message = f"{cut(text)} is a number in base 60 for other readers of YAML"
        return message, f'write "{cut(text)}" in quotes'
    return None


def core_value(text: str) -> Any:  # noqa: ANN401 - YAML's own set of types
    """Return what a plain scalar means; not finite numbers are NaN."""
    if text in NULL:
        return None
    if text in BOOL:
        return BOOL[text]
    if INT.fullmatch(text) and len(text) <= INT_DIGITS_MAX:
        return int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    if NOT_FINITE.fullmatch(text):
        return math.nan
    return text


class Words(NamedTuple):
    """A complaint of PyYAML's, and how we say it."""

    theirs: str
    message: str
    hint: str


COMPLAINTS = (
    Words("character '\\t'", "a tab where YAML wants spaces", "indent with spaces"),
    Words(
        "mapping values are not allowed",
        'a second ": " where one value was expected',
        'quote a text that contains ": ", and check the indentation',
    ),
    Words(
        "could not find expected ':'",
        'a word alone where "key: value" was expected',
        "write a colon and a space behind the key, and check the indentation",
    ),
    Words(
        "unexpected end of stream",
        "a quote is opened and never closed",
        "close it, or check the line where it opens",
    ),
    Words(
        "expected ',' or '}'",
        'a "{" is not closed, or a "," is missing',
        'quote texts that contain ",", ": " or "{"',
    ),
    Words(
        "expected ',' or ']'",
        'a "[" is not closed, or a "," is missing',
        'quote texts that contain "," or ": "',
    ),
    Words(
        "expected <block end>",
        "this does not belong here: the indentation differs from the lines above",
        "put keys of one mapping, and items of one list, in one column",
    ),
    Words(
        "cannot start any token",
        "a value cannot begin with this character",
        "put the text in quotes",
    ),
)


def in_our_words(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """Return what a syntax error comes to, and what to do about it."""
    said = f"{error.context or ''} {error.problem or ''}"
    for complaint in COMPLAINTS:
        if complaint.theirs in said:
            return complaint.message, complaint.hint
    return f"not YAML: {error.problem or error.context or 'unreadable'}", ""
