"""The size budget and the naming rules of docs/contributing.md, checked on every file of the product.

A breach is discussed and named here with a reason, with a limit of its own so that it cannot grow on unseen.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hygiene import faults

CHECKOUT = Path(__file__).resolve().parent.parent
APP = CHECKOUT / "app"
FILES = sorted(APP.rglob("*.py"))
FILE_LINES, CLASS_LINES, FUNCTION_LINES, FUNCTION_P95 = 400, 250, 50, 35
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

# "path::name": (its own limit, why)
EXCEPTIONS = {
    "runferry/recorder/run.py::Run": (280, "the public Run: each method is W&B's, and hands on in a few lines"),
    "runferry/sync/run_sync.py::RunSync": (
        320,
        "one run's turn: read, send, judge, settle; what people see of it is to be split off",
    ),
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Each file's path below the source root, and its syntax tree."""
    for path in FILES:
        yield path.relative_to(APP).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def lengths(kinds: type[ast.AST] | tuple[type[ast.AST], ...]) -> dict[str, int]:
    """Lines of each definition of these kinds, by `path::name`; the longest where a name comes twice."""
    found: dict[str, int] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                name = f"{path}::{node.name}"  # type: ignore[attr-defined]
                lines = node.end_lineno - node.lineno + 1  # type: ignore[attr-defined]
                found[name] = max(found.get(name, 0), lines)
    return found


def beyond(found: dict[str, int], limit: int) -> dict[str, int]:
    """What is longer than allowed."""
    return {name: lines for name, lines in found.items() if lines > EXCEPTIONS.get(name, (limit,))[0]}


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 100


def test_files_are_short() -> None:
    found = {path.relative_to(APP).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert beyond(found, FILE_LINES) == {}


def test_classes_are_short() -> None:
    assert beyond(lengths(ast.ClassDef), CLASS_LINES) == {}


def test_functions_are_short() -> None:
    found = lengths((ast.FunctionDef, ast.AsyncFunctionDef))
    assert beyond(found, FUNCTION_LINES) == {}
    ordered = sorted(found.values())
    assert ordered[int(len(ordered) * 0.95)] <= FUNCTION_P95


def test_no_exception_outlives_its_reason() -> None:
    classes, functions = lengths(ast.ClassDef), lengths((ast.FunctionDef, ast.AsyncFunctionDef))
    needless = [
        name for name in EXCEPTIONS if classes.get(name, 0) <= CLASS_LINES and functions.get(name, 0) <= FUNCTION_LINES
    ]
    assert needless == []


def test_no_import_is_relative() -> None:
    relative = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path, _ in trees() if VAGUE & set(Path(path).with_suffix("").parts)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(APP).as_posix())
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_committed_file_is_clean() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    files = [CHECKOUT / name for name in listed.split("\0") if name and (CHECKOUT / name).is_file()]
    assert len(files) > 200
    assert {path.as_posix(): found for path in files if (found := faults(path))} == {}
