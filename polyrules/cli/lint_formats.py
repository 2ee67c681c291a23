"""What `polyrules lint` found, as text, JSON, SARIF, or annotations of GitHub."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from polyrules import __version__
from polyrules.cli.problems import counted, harmless, plain, rendered
from polyrules.errors import Problem, Severity
from polyrules.language.analysis.feeds import BUDGET
from polyrules.language.analysis.lints import Profile
from polyrules.language.analysis.report import Report
from polyrules.language.codes import PAGES

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SARIF_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
GITHUB_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


class Listed(NamedTuple):
    """What was found in a file, and what was mended before."""

    report: Report
    changes: tuple[str, ...] = ()


def as_text(listed: Iterable[Listed], asked: Profile) -> str:
    """Return problems with their places, and a line on each file."""
    lines: list[str] = []
    for report, changes in listed:
        problems = report.asked(asked)
        lines += [f"{harmless(report.path)}: mended: {harmless(c)}" for c in changes]
        lines += rendered(problems)
        if problems:
            lines.append("")
        lines.append(f"{harmless(report.path)}: {_verdict(report, asked)}")
    return "\n".join(lines)


def _verdict(report: Report, asked: Profile) -> str:
    found = report.asked(asked)
    parts = [counted(found) if found else "ok"]
    if report.suppressed:
        parts.append(f"{report.suppressed} taken on purpose")
    if report.cost is not None:
        parts.append(f"about {report.cost * 1e3:.0f} of {BUDGET * 1e3:.0f} ms a cycle")
    reached = "none" if report.reached is None else report.reached.word
    parts.append(f"profile reached: {reached} (asked: {asked.word})")
    return " · ".join(parts)


def as_json(listed: Iterable[Listed], asked: Profile) -> str:
    """Return everything as JSON."""
    files = [
        {
            "path": harmless(report.path),
            "ok": report.passes(asked),
            "profile_asked": asked.word,
            "profile_reached": None if report.reached is None else report.reached.word,
            "cost_seconds": report.cost,
            "suppressed": report.suppressed,
            "mended": [harmless(change) for change in changes],
            "problems": [plain(problem) for problem in report.asked(asked)],
        }
        for report, changes in listed
    ]
    return _json({"files": files})


def as_sarif(listed: Iterable[Listed], asked: Profile) -> str:
    """Return SARIF 2.1.0, which code scanners read."""
    problems = [each for report, _ in listed for each in report.asked(asked)]
    rules = [
        {
            "id": code,
            "shortDescription": {"text": PAGES[code].title},
            "fullDescription": {"text": PAGES[code].text},
            "help": {"text": f"polyrules explain-error {code}"},
        }
        for code in sorted({problem.code for problem in problems})
    ]
    driver = {"name": "polyrules", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return _json({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(problem: Problem) -> dict[str, object]:
    hint = f" ({problem.help})" if problem.help else ""
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endColumn": max(problem.end_column, problem.column),
    }
    uri = quote(problem.path, errors="replace")
    place = {"artifactLocation": {"uri": uri}, "region": region}
    return {
        "ruleId": problem.code,
        "level": SARIF_LEVELS[problem.severity],
        "message": {"text": harmless(f"{problem.message}{hint}")},
        "locations": [{"physicalLocation": place}],
    }


def as_github(listed: Iterable[Listed], asked: Profile) -> str:
    """Return the lines that make annotations in a workflow of GitHub's."""
    problems = [each for report, _ in listed for each in report.asked(asked)]
    return "\n".join(_annotation(problem) for problem in problems)


def _annotation(problem: Problem) -> str:
    level = GITHUB_LEVELS[problem.severity]
    hint = f" ({problem.help})" if problem.help else ""
    place = (
        f"file={_property(problem.path)},line={problem.line},col={problem.column}"
        f",endColumn={max(problem.end_column, problem.column)},title={problem.code}"
    )
    return f"::{level} {place}::{_data(problem.message + hint)}"


def _data(text: str) -> str:
    # a message that ends its line could begin a command of its own
    return harmless(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


FORMATS: Mapping[str, Callable[[list[Listed], Profile], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
"""How `--format` calls them."""
