import re
from pathlib import Path

import pytest

from polyrules.cli.bases import find_base
from polyrules.config.reading import parse_desk
from polyrules.errors import ConfigError
from polyrules.features.catalog import Feed
from polyrules.language.analysis.report import look_at
from polyrules.language.codes import PAGES, Page
from tests.lint_files import BASE, whole

CODE = re.compile(r"\bP[A-Z]\d{3}\b")
# Too long to print; tests/bad and tests/unit show them.
SKETCHED = {"PC001", "PS024", "PC002", "PS017", "PW004"}
LACKING = {"PL010": frozenset({Feed.GAMMA})}


def codes_in(page: Page, example: str) -> set[str]:
    if page.code.startswith("PD"):
        try:
            parse_desk(example, path="desk.yaml", environment={})
        except ConfigError as error:
            return set(CODE.findall(str(error)))
        return set()
    lacking = LACKING.get(page.code, frozenset())
    report = look_at(whole(example), "example.yaml", lacking=lacking, find=find_base)
    return {problem.code for problem in report.problems}


def test_the_base_of_all_examples_has_no_find() -> None:
    assert look_at(BASE, "base.yaml").problems == ()


def test_every_code_of_the_program_has_a_page(root: Path) -> None:
    files = [
        file
        for file in (root / "polyrules").rglob("*.py")
        if file.parent.name != "codes"
    ]
    used = {code for file in files for code in CODE.findall(file.read_text("utf-8"))}

    assert used - PAGES.keys() == set()
    assert PAGES.keys() - used == set()


@pytest.mark.parametrize("code", sorted(PAGES.keys() - SKETCHED))
def test_the_wrong_example_of_a_page_has_its_code_and_the_right_one_not(
    code: str,
) -> None:
    page = PAGES[code]

    assert code in codes_in(page, page.wrong)
    assert code not in codes_in(page, page.right)


@pytest.mark.parametrize("code", sorted(PAGES.keys() - SKETCHED))
def test_the_right_example_of_a_page_has_no_error(code: str) -> None:
    page = PAGES[code]

    found = codes_in(page, page.right)

    assert {each for each in found if each[:2] not in ("PL", "PC")} == set()
    assert "PL012" not in found


@pytest.mark.parametrize("code", sorted(SKETCHED))
def test_a_code_with_a_sketch_only_has_a_file_that_shows_it(
    code: str, root: Path
) -> None:
    shown = {file.stem[:5].upper() for file in (root / "tests/bad").glob("*.yaml")}
    tests = [file.read_text("utf-8") for file in (root / "tests/unit").glob("*.py")]

    assert code in shown or any(code in text for text in tests)


@pytest.mark.parametrize("code", PAGES)
def test_a_page_is_filed_under_its_code_and_fits_a_terminal(code: str) -> None:
    page = PAGES[code]

    assert page.code == code
    assert page.title[0].islower() or page.title[0] in "xY"
    assert not page.title.endswith(".")
    lines = [*page.text.splitlines(), f"{code}  {page.title}"]
    assert max(map(len, lines)) <= 88
