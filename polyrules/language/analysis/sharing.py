"""What others need to know of a strategy before they trust it with their money."""

import re
from collections.abc import Iterator

from polyrules.errors import Severity
from polyrules.language.analysis.subject import Find, Subject

LOSES = re.compile(r"\b(?:los(?:e|es|s|ses|ing)|risk(?:s|y)?)\b", re.IGNORECASE)
FIRST_VERSION = re.compile(r"0\.0\.0\b")


def silent_on_losses(subject: Subject) -> Iterator[Find]:
    """Yield descriptions that do not say when the strategy loses."""
    description = subject.strategy.description
    hint = "say what it bets on, and when it loses"
    if not description.strip():
        yield Find(("strategy",), "there is no description", hint, on_key=True)
    elif not LOSES.search(description):
        at = ("strategy", "description")
        message = "the description does not say when it loses"
        yield Find(at, message, hint, on_key=True)


def unsigned(subject: Subject) -> Iterator[Find]:
    """Yield what a shared file lacks: license, version, author."""
    about = subject.data["strategy"]
    if not str(about.get("license") or "").strip():
        hint = "add license: MIT, or yours"
        message = "there is no license: nobody may use it"
        yield Find(("strategy",), message, hint, on_key=True)
    if FIRST_VERSION.match(str(about["version"])):
        hint = "begin with 0.1.0"
        yield Find(("strategy", "version"), "version 0.0.0 is none", hint)
    if "author" not in about:
        hint = "add author: {name: ...}"
        message = "nobody signs for it"
        yield Find(("strategy",), message, hint, on_key=True, severity=Severity.INFO)


def vague_params(subject: Subject) -> Iterator[Find]:
    """Yield params without a meaning or a range."""
    for param in subject.strategy.params:
        lacks = [] if param.doc.strip() else ["doc"]
        if isinstance(param.default, float):
            ends = (("min", param.min), ("max", param.max))
            lacks += [key for key, end in ends if end is None]
        if lacks:
            message = f'param "{param.name}" has no {" and no ".join(lacks)}'
            hint = "whoever sets it must know what it means and how far it may go"
            yield Find(("params", param.name), message, hint, on_key=True)
