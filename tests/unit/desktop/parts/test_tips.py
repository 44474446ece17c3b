"""No name of a run, a server or a file is ever taken for markup in a tooltip."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import runferry.desktop
from runferry.desktop.parts.buttons import IconButton
from runferry.desktop.parts.labels import Elided, Shape
from runferry.desktop.parts.tips import plain
from runferry.desktop.run.metric_menu import MetricModel
from runferry.desktop.runs.columns import COLUMNS
from runferry.desktop.runs.model import RunsModel
from runferry.status import SyncState
from support.scripted import a_run

PACKAGE = Path(runferry.desktop.__file__).parent
BAD = "<b>loss</b> & more"
ESCAPED = "&lt;b&gt;loss&lt;/b&gt; &amp; more"
TRAY = "tray/icon.py"  # no widget's tooltip: a panel's, and no markup in Qt's way to it


def is_safe(node: ast.expr) -> bool:
    """Escaped, or words of ours with nothing put in."""
    if isinstance(node, ast.Constant):
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in ("plain", "_tooltip") or (node.func.id == "tr" and len(node.args) == 1 and not node.keywords)


def tooltips(tree: ast.AST) -> Iterator[ast.expr]:
    """What is given out as one: to `setToolTip`, with the role, and by models that are asked for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "setToolTip":
                yield node.args[0]
            elif any(_names_role(one) for one in node.args):
                yield node.args[-2]
        elif isinstance(node, ast.If) and _names_role(node.test):
            yield from (one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value)
        elif isinstance(node, ast.IfExp) and _names_role(node.test):
            yield node.body


def _names_role(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "ToolTipRole" for one in ast.walk(node))


def test_every_tooltip_is_escaped_where_it_is_made() -> None:
    found: list[str] = []
    seen = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        for one in tooltips(ast.parse(path.read_text())):
            seen += 1
            if place != TRAY and not is_safe(one):
                found.append(f"{place}:{one.lineno}: {ast.unparse(one)}")
    assert found == []
    assert seen > 20


@pytest.mark.parametrize(
    "line",
    [
        "self.setToolTip(run.name)",
        "self.setToolTip(tr('{n} runs', n=name))",
        "box.setItemData(1, name, Qt.ItemDataRole.ToolTipRole)",
        "if role == Qt.ItemDataRole.ToolTipRole:\n    name = 1\nelse:\n    x = 2\n",
        "def data(role):\n    if role in (A, Qt.ItemDataRole.ToolTipRole):\n        return name",
        "x = name if role == Qt.ItemDataRole.ToolTipRole else None",
    ],
)
def test_the_sweep_finds_what_is_not(line: str) -> None:
    found = [one for one in tooltips(ast.parse(line)) if not is_safe(one)]
    assert bool(found) is ("name = 1" not in line)


@pytest.mark.parametrize("column", ["name", "project", "server", "state"])
def test_the_list_of_runs_shows_foreign_text_as_it_is(column: str) -> None:
    error = {"title": BAD, "message": "", "todo": ""}
    run = a_run(1, name=BAD, project=BAD, server=BAD, error=error, state=SyncState.PROBLEM)
    model = RunsModel()
    model.take((run,), ())
    number = [one.name for one in COLUMNS].index(column)
    assert ESCAPED in model.data(model.index(0, number), Qt.ItemDataRole.ToolTipRole)


def test_tooltips_show_names_as_they_are(qtbot: QtBot) -> None:
    label, shape, button = Elided(BAD), Shape(), IconButton("copy", BAD)
    shape.show_shape("check", shape._tone, BAD)
    for one in (label, shape, button):
        qtbot.addWidget(one)
        assert ESCAPED in one.toolTip()
    label.setText("plain words")
    assert label.toolTip() == "plain words"
    model = MetricModel(6)
    model.set_names([BAD], [])
    index = model.index(0, 0)
    assert model.data(index) == BAD
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) == plain(BAD)
