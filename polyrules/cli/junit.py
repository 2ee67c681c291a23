"""The results of tests as JUnit XML, the form that CI servers read."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from polyrules.cli.problems import harmless
from polyrules.cli.test_text import Tested, failure
from polyrules.language.testing.suite import Ran


def as_junit(tested: Iterable[Tested], under: Iterable[tuple[str, str]]) -> bytes:
    """Return the results of all files as an XML document.

    Args:
        tested: The files.
        under: Path and message of every file that is under a threshold.
    """
    root = ET.Element("testsuites", name="polyrules")
    files, short = list(tested), list(under)
    for file in files:
        messages = [message for path, message in short if path == file.path]
        _add_file(root, file, messages)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_file(root: ET.Element, file: Tested, under: list[str]) -> None:
    suite = ET.SubElement(root, "testsuite", name=harmless(file.name))
    suite.set("file", harmless(file.path))
    suite.set("tests", str(len(file.ran) + len(under) + bool(file.problems)))
    suite.set("failures", str(file.failed + len(under)))
    suite.set("errors", str(int(bool(file.problems))))
    if file.problems:
        case = _case(suite, file, "the strategy can be loaded")
        problems = [harmless(str(problem)) for problem in file.problems]
        error = ET.SubElement(case, "error", message=problems[0])
        error.text = "\n".join(problems)
    for ran in file.ran:
        _add_test(suite, file, ran)
    for message in under:
        case = _case(suite, file, "the threshold is reached")
        ET.SubElement(case, "failure", message=harmless(message))


def _add_test(suite: ET.Element, file: Tested, ran: Ran) -> None:
    case = _case(suite, file, harmless(ran.result.case.name))
    case.set("file", harmless(ran.path))
    case.set("line", str(ran.result.case.line))
    if not ran.result.passed:
        first = ran.result.mismatches[0]
        message = f"expected {first.key}={first.expected}, got {first.got}"
        found = ET.SubElement(case, "failure", message=harmless(message))
        found.text = "\n".join(failure(ran))


def _case(suite: ET.Element, file: Tested, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=harmless(file.name), name=name)
