import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from polyrules.language.load import load

DOCUMENTS = (
    "README.md",
    "docs/strategy-guide.md",
    "docs/guide/1-first-strategy.md",
    "docs/guide/2-expressions.md",
    "docs/guide/3-rows.md",
    "docs/guide/4-actions.md",
    "docs/guide/5-tests.md",
    "docs/guide/6-lint-and-share.md",
    "docs/guide/mistakes.md",
)


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


def test_what_the_page_of_mistakes_calls_mended_is_clean(
    root: Path, printing: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (root / "docs" / "guide" / "mistakes.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    mended = []

    for block in printing.BLOCK.finditer(text):
        printing._write(block)
        if text[: block.start()].rstrip().endswith("Mended:"):
            strategy = load(Path("mine.yaml").read_text("utf-8"), path="mine.yaml")
            mended.append(strategy.id)

    assert mended == ["mine"] * 10


def test_the_parts_of_a_file_are_replaced_and_stand_in_their_order(
    printing: ModuleType,
) -> None:
    text = "polyrules: 1\nrules:\n  - a\nschedule: 1\n"

    assert printing.with_parts(text, "rules:\n  - b\nparams: 2\n") == (
        "polyrules: 1\nparams: 2\nrules:\n  - b\nschedule: 1\n"
    )


def test_a_line_of_dots_stands_for_what_was_left_out(printing: ModuleType) -> None:
    assert printing.matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert printing.matches("a\n...\n", "a\n")
    assert not printing.matches("a\n...\nd\n", "a\nb\n")
    assert not printing.matches("a\n", "a\nb\n")


def test_the_id_of_a_run_may_differ_and_nothing_else(printing: ModuleType) -> None:
    shown = "run 20260302-120000-0a1b2c  finished\n"

    assert printing.matches(shown, "run 20270101-000000-ffffff  finished\n")
    assert not printing.matches(shown, "run 20270101-000000-ffffff  failed\n")
