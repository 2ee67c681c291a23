"""The results of tests for scripts."""

from collections.abc import Iterable

import msgspec

from polyrules.cli.problems import harmless
from polyrules.cli.test_text import Tested, survivors
from polyrules.documents.document import Document
from polyrules.language.testing.coverage import Coverage
from polyrules.language.testing.mutate import Score
from polyrules.language.testing.suite import Ran


def as_json(tested: Iterable[Tested]) -> str:
    """Return the results of all files as JSON."""
    files = [_file(file) for file in tested]
    return msgspec.json.format(msgspec.json.encode({"files": files})).decode()


def _file(file: Tested) -> dict[str, object]:
    found: dict[str, object] = {
        "path": harmless(file.path),
        "ok": not (file.failed or file.problems),
        "passed": file.passed,
        "failed": file.failed,
        "problems": [harmless(str(problem)) for problem in file.problems],
        "tests": [_test(ran) for ran in file.ran],
    }
    if file.coverage is not None:
        found["coverage"] = _coverage(file.coverage)
    if file.score is not None and file.document is not None:
        found["mutation"] = _mutation(file.score, file.document)
    return found


def _test(ran: Ran) -> dict[str, object]:
    result = ran.result
    found: dict[str, object] = {
        "name": harmless(result.case.name),
        "path": harmless(ran.path),
        "line": result.case.line,
        "ok": result.passed,
        "mismatches": _harmless(msgspec.to_builtins(result.mismatches)),
        "conditions": _harmless(msgspec.to_builtins(result.tables)),
    }
    if ran.samples:
        found["samples"] = _harmless(ran.samples)
    return found


def _coverage(coverage: Coverage) -> dict[str, object]:
    return {
        "percent": round(coverage.percent, 1),
        "conditions": _harmless(msgspec.to_builtins(coverage.conditions)),
    }


def _mutation(score: Score, document: Document) -> dict[str, object]:
    return {
        "percent": round(score.percent, 1),
        "killed": score.killed,
        "total": score.total,
        "survivors": [
            {
                "kind": mutant.kind,
                "change": harmless(mutant.change),
                "path": harmless(problem.path),
                "line": problem.line,
                "column": problem.column,
                "end_column": problem.end_column,
            }
            for problem, mutant in survivors(score, document)
        ],
    }


def _harmless(value: object) -> object:
    """Return plain data with every text in it harmless."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(str(key)): _harmless(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(each) for each in value]
    return value
