"""What a JSON Schema (draft-07) has against a document, told in one message a mistake.

A schema may say more than JSON Schema does, in keys that editors ignore:

* `x-code`: the code of a wrong value, instead of the general one.
* `x-expected`: what is wanted, in words: `an amount such as 25 USD`.
* `x-unit`: the unit a bare number probably lacks: `USD`, `s`, `shares`.
* `x-later`: keys, or words of an enum, that are known but not allowed, and why.

Dispatch with `if`/`then`, never `oneOf`: when that fails nobody knows what was meant.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from polyrules.documents import commas
from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import per_cent, with_unit
from polyrules.documents.words import cut, did_you_mean
from polyrules.errors import Problem

SHOWN_MAX = 40  # characters of a wrong value that a message repeats
WORDS_MAX = 12  # words of a choice that a message lists
TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}
# Blanks that look like the plain one, and are not.
BLANK = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
UNITS_NAMED = ("USD", "shares")
KEY = "PS001"
MISSING = "PS002"
TYPE = "PS003"
WORD = "PS004"
VERSION = "PS005"
FORM = "PS006"
RANGE = "PS007"
LENGTH = "PS008"
NAME = "PS009"
NO_UNIT = "PU005"


def check_shape(document: Document, schema: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Compare a document with a schema.

    Values that have a problem already are passed over, and so is a document that could
    not be read to its end.

    Args:
        document: As read by `source.read_yaml`.
        schema: Draft-07, with the additional keys named above.

    Returns:
        PS001 unknown key, PS002 missing key, PS003 wrong type, PS004 not one of the
        words, PS005 not the one value, PS006 wrong form, PS007 out of range, PS008 too
        long, short, many or few, PS009 not a name; or what `x-code` says.
    """
    if not document.complete:
        return ()
    before = document.wrong()
    problems: list[Problem] = []
    hints: dict[Path, str] = {}
    rests = commas.cut_values(document)
    for error in Draft7Validator(schema).iter_errors(document.data):
        at: Path = tuple(error.absolute_path)
        problems.extend(_cut_values(document, at, error, rests))
        if at not in before:
            problems.extend(_tell(document, at, error))
        elif later := _later(error):
            hints[at] = later
    document.explain(hints)
    return tuple(problems)


def shown(value: object) -> str:
    """Return a value as a message shows it: quoted text, short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    text = BLANK.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))
    short = cut(text, SHOWN_MAX)
    return f'"{short}"' if isinstance(value, str) else short


def _tell(document: Document, at: Path, error: ValidationError) -> list[Problem]:
    rule = str(error.validator)
    if rule == "additionalProperties":
        return _unknown_keys(document, at, error)
    if rule == "required":
        return _missing_keys(document, at, error)
    if rule == "propertyNames" or "propertyNames" in error.absolute_schema_path:
        is_told = document.is_wrong((*at, str(error.instance)))
        return [] if is_told else [_bad_name(document, at, error)]
    if document.is_wrong(at):
        return []
    document.mark_wrong(at)
    told = _wrong_value(at, error)
    return [document.problem(at, told.code, told.message, hint=told.hint)]


def _cut_values(
    document: Document, at: Path, error: ValidationError, rests: dict[Path, Path]
) -> list[Problem]:
    """Tell, once, each value whose rest is what is wrong, and pass over the rest."""
    keys: Any = error.instance
    extra = keys if error.validator == "additionalProperties" else ()
    name = error.instance if "propertyNames" in error.absolute_schema_path else ""
    wrong = [at, (*at, name), *((*at, key) for key in extra)]
    problems = []
    for value in dict.fromkeys(rests[each] for each in wrong if each in rests):
        if not document.is_wrong(value):
            document.mark_wrong(value)
            message = f'{_name(value)} ends at a comma: "{cut(document.raw(value))}"'
            problems.append(document.problem(value, FORM, message, hint=commas.HINT))
        for rest, of in rests.items():
            if of == value:
                document.mark_wrong(rest)
    return problems


def _later(error: ValidationError) -> str:
    """Return why a word of a choice is known and not allowed, "" if it is neither."""
    known: Mapping[str, str] = _schema(error).get("x-later", {})
    return known.get(str(error.instance), "") if error.validator == "enum" else ""


def _unknown_keys(
    document: Document, at: Path, error: ValidationError
) -> list[Problem]:
    schema = _schema(error)
    known = [str(key) for key in schema.get("properties", {})]
    patterns = [re.compile(text) for text in schema.get("patternProperties", ())]
    instance: Any = error.instance
    extra = [
        key
        for key in instance
        if key not in known and not any(pattern.search(key) for pattern in patterns)
    ]
    later: Mapping[str, str] = schema.get("x-later", {})
    problems = []
    for key in extra:
        where = f" in {_name(at)}" if at else ""
        hint = later.get(key) or did_you_mean(key, known)
        hint = hint or f"known here: {_listed(known)}"
        place = (*at, key)
        if document.is_wrong(place):
            continue  # a merge key, say: told when it was read
        document.mark_wrong(place)
        message = f'unknown key "{cut(key)}"{where}'
        problems.append(document.problem(place, KEY, message, hint=hint, on_key=True))
    return problems


def _missing_keys(
    document: Document, at: Path, error: ValidationError
) -> list[Problem]:
    # jsonschema reports each missing key by itself, and names it in its message only
    wanted: Any = error.validator_value
    missing = [key for key in wanted if error.message.startswith(f"{key!r} ")]
    where = _name(at)
    for key in missing:
        document.mark_wrong((*at, key))
    return [
        document.problem(
            at,
            MISSING,
            f'{where} has no "{key}"',
            hint=_wanted_key(_schema(error), key),
            on_key=True,
        )
        for key in missing
    ]


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _wanted_key(schema: Mapping[str, Any], key: str) -> str:
    said = schema.get("properties", {}).get(key, {})
    text: str = said.get("description", "") if isinstance(said, dict) else ""
    return f"{key}: {text[:1].lower()}{text[1:]}" if text else ""


def _bad_name(document: Document, at: Path, error: ValidationError) -> Problem:
    name = str(error.instance)
    place = (*at, name)
    document.mark_wrong(place)
    return document.problem(
        place,
        NAME,
        f"{shown(name)} is not a name",
        hint="lower-case letters, digits and _, a letter first, 48 at most",
        on_key=True,
    )


class _Told(NamedTuple):
    """What is said of a wrong value."""

    code: str
    message: str
    hint: str = ""


def _wrong_value(at: Path, error: ValidationError) -> _Told:
    schema, rule = _schema(error), str(error.validator)
    limit: Any = error.validator_value
    found: Any = error.instance
    name, own = _name(at), schema.get("x-code")
    if rule == "enum" and len(at) > 1 and isinstance(at[-1], int):
        name = _name(at[:-1])  # which entry it is, the place shows
    if rule in ("type", "pattern"):
        return _wrong_kind(name, rule, limit, found, schema)
    if rule == "const":
        return _Told(VERSION, f"{name} must be {shown(limit)}, found {shown(found)}")
    if rule == "enum":
        return _wrong_word(name, [str(word) for word in limit], found, schema)
    if rule in BOUNDS:
        message = f"{name} must be {BOUNDS[rule]} {limit}, found {shown(found)}"
        return _Told(own or RANGE, message, _as_share(found, schema))
    if rule in LENGTHS:
        size = len(found)
        return _Told(LENGTH, f"{name} {LENGTHS[rule].format(limit=limit, size=size)}")
    return _Told(own or FORM, f"{name}: {error.message}")


def _wrong_kind(
    name: str, rule: str, limit: object, found: object, schema: Mapping[str, Any]
) -> _Told:
    own, wanted = schema.get("x-code"), schema.get("x-expected")
    code = own or (TYPE if rule == "type" else FORM)
    unit = schema.get("x-unit", "")
    # "1e9 USD" has its unit: what is wrong with it is the number, and not ours to guess
    has_unit = unit in UNITS_NAMED and unit in str(found)
    meant = with_unit(found, unit) if unit and not has_unit else ""
    if meant:
        lack = "needs a unit" if own == NO_UNIT else f"must be {wanted}"
        message = f"{name} {lack}, found {shown(found)}"
        return _Told(own or FORM, message, f"did you mean {meant}?")
    if wanted is None and rule == "type":
        types = limit if isinstance(limit, list) else [limit]
        wanted = " or ".join(TYPES[str(type_)] for type_ in types)
    if found is None:
        return _Told(code, f"{name} is empty, expected {wanted}")
    if wanted is None:
        return _Told(code, f"{name} must match {limit}, found {shown(found)}")
    return _Told(code, f"{name} must be {wanted}, found {_kind(found)}")


BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
LENGTHS = {
    "minLength": "is too short: at least {limit} characters, found {size}",
    "maxLength": "is too long: at most {limit} characters, found {size}",
    "minItems": "has too few entries: at least {limit}, found {size}",
    "maxItems": "has too many entries: at most {limit}, found {size}",
    "minProperties": "has too few keys: at least {limit}, found {size}",
    "maxProperties": "has too many keys: at most {limit}, found {size}",
    "uniqueItems": "has an entry twice",
}


def _wrong_word(
    name: str, words: list[str], found: object, schema: Mapping[str, Any]
) -> _Told:
    later: Mapping[str, str] = schema.get("x-later", {})
    hint = later.get(str(found)) or did_you_mean(str(found), words)
    message = f"{shown(found)} is not a value of {name} ({_listed(words)})"
    return _Told(schema.get("x-code", WORD), message, hint)


def _as_share(found: object, schema: Mapping[str, Any]) -> str:
    limit = schema.get("maximum", schema.get("exclusiveMaximum"))
    if limit != 1 or not isinstance(found, int | float):
        return ""
    return per_cent(found)


def _kind(found: object) -> str:
    if isinstance(found, bool | dict | list):
        return shown(found)
    return f"the {'text' if isinstance(found, str) else 'number'} {shown(found)}"


def _name(at: Path) -> str:
    """Return the words for a place: `when`, `entry 1 of rules`, `the file`."""
    if not at:
        return "the file"
    if isinstance(at[-1], int):
        of = f" of {_name(at[:-1])}" if len(at) > 1 else ""
        return f"entry {at[-1] + 1}{of}"
    return cut(at[-1])


def _listed(words: Sequence[str]) -> str:
    more = ", ..." if len(words) > WORDS_MAX else ""
    return ", ".join(words[:WORDS_MAX]) + more
