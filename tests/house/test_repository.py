import re
from collections.abc import Iterator
from pathlib import Path

OURS = ("polyrules", "strategies", "schemas", "examples", "tests", "docs", ".ci")
TEXTS = {".py", ".md", ".yaml", ".json", ".toml", ".txt", ".ambr", ".cfg", ""}
# spelled in pieces, or this file would find itself
MACHINE = re.compile("/" + r"(?:work|root|tmp|home|Users|opt)/[A-Za-z0-9_.]")
URL = re.compile(r"[a-z]+://")


def texts(root: Path) -> Iterator[Path]:
    yield from (path for path in root.glob("*") if path.suffix in {".md", ".toml"})
    for folder in OURS:
        for path in sorted((root / folder).rglob("*")):
            if (
                path.is_file()
                and path.suffix in TEXTS
                and "__pycache__" not in path.parts
            ):
                yield path


def test_no_file_names_a_path_of_the_machine_it_was_written_on(root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in texts(root)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if MACHINE.search(line)
    ]

    assert found == []


def test_the_constraints_pin_versions_and_name_no_url(root: Path) -> None:
    lines = (root / "constraints.txt").read_text("utf-8").splitlines()

    assert [line for line in lines if URL.search(line) or "--" in line] == []
    assert [line for line in lines if "==" not in line] == []


def test_the_constraints_cover_every_direct_dependency(root: Path) -> None:
    project = (root / "pyproject.toml").read_text("utf-8")
    _, _, listed = project.partition("dependencies = [")
    listed, _, _ = listed.partition("[project.scripts]")
    wanted = {
        name.lower()
        for name in re.findall(r'^    "([A-Za-z0-9-]+)', listed, re.MULTILINE)
    }
    lines = (root / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines}

    assert wanted - pinned == {"polyrules"}


def test_every_exemption_from_a_lint_rule_has_its_reason(root: Path) -> None:
    bare = re.compile(r"#\s*(?:noqa(?::[ A-Z0-9,]+)?|type:\s*ignore(?:\[[^]]*\])?)\s*$")

    found = [
        f"{path.relative_to(root)}:{number}"
        for path in texts(root)
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if bare.search(line)
    ]

    assert found == []
