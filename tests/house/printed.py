"""The console blocks of our documents, and what the program prints instead.

    python tests/house/printed.py            say which blocks differ; exit 1 if any
    python tests/house/printed.py --write    write what the program prints
    python tests/house/printed.py README.md  only this document

A block is fenced as `console`; each line `$ polyrules ...` is run in an empty folder
that holds the checkout's examples, strategies and tests, all blocks of a document in
order. A line `...` stands for any number of lines. A line `# exit 1` after the output
states the exit code where it is not 0.

A block fenced as `yaml` may be a file that later commands find. The line before it is a
comment that nobody sees on the page:

    <!-- file: mine.yaml -->         the block is the file
    <!-- part of: mine.yaml -->      its keys take the place of the file's, or are added
    <!-- continues: 1-first.md -->   the files of that page, as they are at its end
"""

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from polyrules.cli import polyrules
from polyrules.language.formatting.order import PARTS

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:^<!-- (?P<how>file|part of): (?P<name>[\w.-]+) -->\n)?"
    r"^```(?P<kind>console|yaml)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
CONTINUES = re.compile(r"^<!-- continues: ([\w.-]+) -->$", re.MULTILINE)
KEY = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
ANYTHING = "..."
RUN_ID = re.compile(r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{6}\b")  # holds the wall clock


def documents() -> tuple[Path, ...]:
    """Return the documents whose blocks are held to what the program prints."""
    docs = ROOT / "docs"
    guide = sorted((docs / "guide").glob("*.md"))
    pages = [ROOT / "README.md", *sorted(docs.glob("*.md")), *guide]
    return tuple(page for page in pages if "```console\n" in page.read_text("utf-8"))


def printed(document: Path) -> str:
    """Return the text of `document` with its blocks as the program prints them."""
    came_from = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("examples", "strategies", "tests"):
            (Path(folder) / name).symlink_to(ROOT / name)
        os.chdir(folder)
        try:
            _begin(document)
            return BLOCK.sub(_carried_out, document.read_text("utf-8"))
        finally:
            os.chdir(came_from)


def _begin(document: Path) -> None:
    """Write the files of the pages that a document continues."""
    for earlier in CONTINUES.findall(document.read_text("utf-8")):
        page = document.parent / earlier
        _begin(page)
        for block in BLOCK.finditer(page.read_text("utf-8")):
            _write(block)


def _carried_out(block: re.Match[str]) -> str:
    _write(block)
    if block["kind"] == "yaml":
        return block[0]
    return f"```console\n{''.join(_run(block['text']))}```"


def _write(block: re.Match[str]) -> None:
    if block["how"] == "file":
        Path(block["name"]).write_text(block["text"], "utf-8")
    elif block["how"] == "part of":
        path = Path(block["name"])
        path.write_text(with_parts(path.read_text("utf-8"), block["text"]), "utf-8")


def with_parts(text: str, parts: str) -> str:
    """Return the text of a strategy with other values of some keys, all in order."""
    split = [part for part in (*KEY.split(text), *KEY.split(parts)) if part]
    found = {part.partition(":")[0]: part.rstrip("\n") + "\n" for part in split}
    return "".join(found[key] for key in sorted(found, key=PARTS.index))


def _run(block: str) -> Iterator[str]:
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        if not part:
            continue
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command.removeprefix("$ "), comments=True)
        assert program == "polyrules", f"only polyrules runs here: {command}"
        result = CliRunner().invoke(polyrules, arguments, prog_name="polyrules")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception  # a bug of ours
        said = result.output
        if said and not said.endswith("\n"):
            said += "\n"
        if result.exit_code:
            said += f"# exit {result.exit_code}\n"
        yield f"{command}\n"
        yield shown if matches(shown, said) else said


def matches(shown: str, said: str) -> bool:
    """Tell whether `shown` is `said`, with `...` lines for whatever was left out.

    The id of a run may differ.
    """
    pieces = (
        r"(?:.*\n)*?" if line == ANYTHING else re.escape(line) + r"\n"
        for line in RUN_ID.sub("RUN", shown).splitlines()
    )
    return re.fullmatch("".join(pieces), RUN_ID.sub("RUN", said)) is not None


def main() -> None:
    """Compare, or write."""
    differing = 0
    named = [Path(word).resolve() for word in sys.argv[1:] if word != "--write"]
    for document in named or documents():
        text = printed(document)
        if text == document.read_text("utf-8"):
            continue
        differing += 1
        sys.stdout.write(f"{document.relative_to(ROOT)} differs\n")
        if "--write" in sys.argv:
            document.write_text(text, "utf-8")
    sys.exit(bool(differing) and "--write" not in sys.argv)


if __name__ == "__main__":
    main()
