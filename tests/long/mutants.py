"""Change the checker and the compiler in small ways, and list the changes no test sees.

    python tests/long/mutants.py functions|rest COPY

COPY is a folder to be made: the checkout is copied there and only the copy is changed.
`functions` has mutmut change functions (`pip install mutmut` beside the tests). It
changes neither what stands outside functions nor whole statements, so `rest` alters
constants and leaves out entries and statements, one at a time. Each takes about 25
minutes on one core. What survives, and why, is in docs/decisions.
"""

import argparse
import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = shutil.ignore_patterns(".*", "mutants", "__pycache__")
FILES = {  # and the tests nearest to each, asked first
    "polyrules/language/expression.py": ("tests/unit/test_reference.py",),
    "polyrules/language/expressions/check.py": (
        *("tests/unit/test_check.py", "tests/unit/test_check_hints.py"),
        "tests/unit/test_windows_checked.py",
    ),
    "polyrules/language/evaluators/compile.py": (
        *("tests/unit/test_compile.py", "tests/unit/test_plan.py"),
    ),
}
TESTS = (
    "tests/unit/test_check.py",
    "tests/unit/test_check_hints.py",
    "tests/unit/test_compile.py",
    "tests/unit/test_plan.py",
    "tests/unit/test_reference.py",
    "tests/unit/test_parse.py",
    "tests/unit/test_literals.py",
    "tests/unit/test_row.py",
    "tests/unit/test_groups.py",
    "tests/unit/test_windows_checked.py",
    "tests/golden/test_validate.py",
    "tests/unit/test_load.py",
    "tests/laws/test_expression_laws.py",
    "tests/laws/test_evaluators_agree.py",
)
SLOW = "test_evaluators_agree.py::test_the_shipped_strategies_decide_the_same"
OPTIONS = (
    *("--snapshot-warn-unused", "-p", "no:cacheprovider"),
    *("--deselect", f"tests/laws/{SLOW}"),
)
COPIED = ("polyrules", "schemas", "strategies", "examples", "docs", "README.md")
SECONDS = 300  # a change may end in a loop

Mutant = tuple[str, ast.Module]


def configured() -> str:
    """Return the settings of mutmut, as a table of pyproject.toml."""
    return "\n".join(
        [
            "\n[tool.mutmut]",
            f"source_paths = {list(FILES)}",
            f"also_copy = {list(COPIED)}",
            f"pytest_add_cli_args = {list(OPTIONS)}",
            f"pytest_add_cli_args_test_selection = {list(TESTS)}\n",
        ]
    )


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that stand in no function, no docstring and no `__all__`."""
    for node in ast.iter_child_nodes(tree):
        named = ast.unparse(node) if isinstance(node, ast.Assign) else ""
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.FunctionDef) or is_text or named.startswith("__all__"):
            continue
        yield node
        yield from outside_functions(node)


def altered(value: object) -> object:
    """Return a constant that is not this one."""
    match value:
        case bool():
            return not value
        case str():
            return f"{value}X"
        case int() | float():
            return value + 1
        case _:
            return "X"


def tables(tree: ast.Module) -> Iterator[str]:
    """Change what stands outside functions, one thing at a time; yield what it was."""
    for node in list(outside_functions(tree)):
        match node:
            case ast.Constant(value=value) if value is not ...:
                node.value = altered(value)  # type: ignore[assignment]  # any of them
                yield f"{node.lineno}: {value!r} -> {node.value!r}"
                node.value = value
            case ast.Dict(keys=keys, values=values):
                for index, key in enumerate(list(keys)):
                    node.keys = [*keys[:index], *keys[index + 1 :]]
                    node.values = [*values[:index], *values[index + 1 :]]
                    yield f"{node.lineno}: without {key and ast.unparse(key)}"
                node.keys, node.values = keys, values
            case _:
                pass


def statements(tree: ast.Module) -> Iterator[str]:
    """Leave out one statement of a function at a time; yield which it was."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for owner in [n for each in functions for n in ast.walk(each)]:
        for block in (getattr(owner, "body", None), getattr(owner, "orelse", None)):
            if isinstance(block, list):
                yield from _without_one(block)


def _without_one(block: list[ast.stmt]) -> Iterator[str]:
    for index, statement in enumerate(block):
        text = ast.unparse(statement).splitlines()[0]
        if text[0] in "'\"":  # a docstring
            continue
        block[index] = ast.copy_location(ast.Pass(), statement)
        yield f"{statement.lineno}: without {text}"
        block[index] = statement


def mutants(source: str) -> Iterator[Mutant]:
    """Yield each change to a module that mutmut does not make, and the module."""
    tree = ast.parse(source)
    for changes in (tables, statements):
        for change in changes(tree):
            yield change, ast.fix_missing_locations(deepcopy(tree))


def is_seen(copy: Path, tests: Sequence[str]) -> bool:
    """Tell whether a test fails in the copy, or does not end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", *OPTIONS, *tests]
    try:
        run = subprocess.run(  # noqa: S603  our own tests
            command, cwd=copy, check=False, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return True
    return run.returncode != 0


def functions(copy: Path) -> None:
    """Let mutmut change functions, and print what survives."""
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(configured())
    for command in (["run", "--max-children", "1"], ["results"]):
        mutmut = [sys.executable, "-m", "mutmut", *command]
        subprocess.run(mutmut, cwd=copy, check=False)  # noqa: S603  by hand


def rest(copy: Path) -> None:
    """Make the changes mutmut does not make, and print what survives."""
    for name, nearest in FILES.items():
        path = copy / name
        source = path.read_text("utf-8")
        made = survived = 0
        for change, tree in mutants(source):
            path.write_text(ast.unparse(tree), "utf-8")
            made += 1
            if not is_seen(copy, nearest) and not is_seen(copy, TESTS):
                survived += 1
                sys.stdout.write(f"{name}:{change}\n")
                sys.stdout.flush()
        path.write_text(source, "utf-8")
        sys.stdout.write(f"{name}: {made - survived} of {made} seen\n")


def main() -> None:
    """Make the copy, and change it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("part", choices=("functions", "rest"))
    parser.add_argument("copy", type=Path)
    asked = parser.parse_args()
    shutil.copytree(ROOT, asked.copy, ignore=SKIPPED)
    functions(asked.copy) if asked.part == "functions" else rest(asked.copy)


if __name__ == "__main__":
    main()
