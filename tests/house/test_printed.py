import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCUMENTS = ("README.md", "docs/strategy-guide.md")


@pytest.fixture(scope="module")
def printing(root: Path) -> ModuleType:
    place = root / "tests" / "house" / "printed.py"
    spec = importlib.util.spec_from_file_location("printed", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_show_what_the_program_prints(
    name: str, root: Path, printing: ModuleType
) -> None:
    document = root / name

    assert printing.printed(document) == document.read_text("utf-8")


def test_no_document_with_examples_is_forgotten(
    root: Path, printing: ModuleType
) -> None:
    found = {str(page.relative_to(root)) for page in printing.documents()}

    assert found == set(DOCUMENTS)


def test_a_line_of_dots_stands_for_what_was_left_out(printing: ModuleType) -> None:
    assert printing.matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert printing.matches("a\n...\n", "a\n")
    assert not printing.matches("a\n...\nd\n", "a\nb\n")
    assert not printing.matches("a\n", "a\nb\n")


def test_the_id_of_a_run_may_differ_and_nothing_else(printing: ModuleType) -> None:
    shown = "run 20260302-120000-0a1b2c  finished\n"

    assert printing.matches(shown, "run 20270101-000000-ffffff  finished\n")
    assert not printing.matches(shown, "run 20270101-000000-ffffff  failed\n")
