"""Foreign text in the window: never markup, nothing that turns the reading direction, no lines that are not there.

Qt guesses whether a text is markup wherever it is not told, tray menus take `&` for a mark of a key, and daemons of
notifications read markup in what they are given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QObject, Qt
from PySide6.QtWidgets import QStyledItemDelegate
from pytestqt.qtbot import QtBot

from runferry.desktop import text
from runferry.desktop.drop.words import name_of
from runferry.desktop.parts.cell_text import InertDelegate
from runferry.desktop.parts.edges import EdgeDelegate
from runferry.desktop.parts.labels import Elided, Label, PlainLabel
from runferry.desktop.parts.tips import plain, without_markup
from runferry.desktop.run.cells import Cells
from runferry.desktop.runs.columns import run_name
from runferry.desktop.system.grouping import Note
from runferry.desktop.system.news import NewsFinder, NewsKind
from runferry.desktop.system.notifier import _arguments
from runferry.desktop.tray.menu import TrayMenu, Wishes
from runferry.status import RunState, SyncState
from support.scripted import a_run, an_update

EVIL = "<b>bold</b>&amp;<img src='http://evil.invalid/x'>\x1b[31m\u202e\udcff"
INERT = "<b>bold</b>&amp;<img src='http://evil.invalid/x'>\\x1b[31m\\u202e\\xff"
DESKTOP = Path(text.__file__).resolve().parent


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the window's code: file and line, the call, the name that is called."""
    for path in sorted(DESKTOP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield f"{path.relative_to(DESKTOP).as_posix()}:{node.lineno}", node, name


def is_safe_tip(node: ast.expr) -> bool:
    """Text of ours without values in it, or what `plain` and its like gave."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("plain", "without_markup") or (node.func.id == "tr" and not node.keywords)
    return isinstance(node, ast.Attribute) and node.attr == "_tip"  # the tray's, made so


def test_no_widget_guesses_what_a_text_is() -> None:
    wrong = []
    for place, call, name in calls():
        if name in ("QMessageBox", "QErrorMessage", "QTextBrowser", "setHtml", "insertHtml", "QWhatsThis"):
            wrong.append(f"{place} {name}")
        if name == "QLabel":
            wrong.append(f"{place}: PlainLabel, or Label")
        if name == "setToolTip" and not is_safe_tip(call.args[0]):
            wrong.append(f"{place}: setToolTip takes plain(…)")
        if name == "showText" and not is_safe_tip(call.args[1]):
            wrong.append(f"{place}: showText takes plain(…)")
    assert wrong == []


def test_delegates_that_leave_the_writing_to_the_style_are_inert() -> None:
    bases = {
        node.name
        for path in DESKTOP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and any(getattr(one, "id", "") == "QStyledItemDelegate" for one in node.bases)
    }
    assert bases == {"InertDelegate", "RunDelegate", "DropDelegate"}  # the last two draw by themselves


def test_tooltips_of_models_are_plain() -> None:
    """A model gives its tooltips in `data`; each line that answers for the role says `plain`."""
    wrong = []
    for path in sorted(DESKTOP.rglob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            if (
                "ToolTipRole" in line
                and "plain(" not in line + lines[number + 1]
                and "_tooltip(" not in lines[number + 1]
            ):
                wrong.append(f"{path.relative_to(DESKTOP).as_posix()}:{number + 1}")
    assert wrong == []


def test_delegates_write_plainly(qtbot: QtBot) -> None:
    parent = QObject()
    kinds = (InertDelegate, EdgeDelegate, Cells)
    assert [kind(parent).displayText(EVIL, QLocale.c()) for kind in kinds] == [INERT] * 3
    assert QStyledItemDelegate(parent).displayText("\u202e", QLocale.c()) == "\u202e"  # what it is there for


@pytest.mark.parametrize("kind", [PlainLabel, Label, Elided])
def test_labels(qtbot: QtBot, kind: type[PlainLabel]) -> None:
    label = kind(EVIL)
    qtbot.addWidget(label)
    assert (label.text(), label.textFormat()) == (INERT, Qt.TextFormat.PlainText)
    label.setText(f"two\nlines {EVIL}")
    assert label.text() == f"two\nlines {INERT}"
    label.setText(text.breakable("/a/very/long/path/that/may/break/anywhere"))
    assert text.unbroken(label.text()) == "/a/very/long/path/that/may/break/anywhere"


def test_tooltips_show_the_text_itself() -> None:
    assert "<b>" not in plain(EVIL)
    assert "&lt;b&gt;" in plain(EVIL)
    assert without_markup(EVIL) == INERT.replace("<", "‹")


def test_names_of_runs_are_one_harmless_line() -> None:
    run = a_run(1, name=f"{EVIL}\nforged\t1")
    assert run_name(run) == f"{INERT}\\nforged\\t1"


def test_the_tray_menu(qtbot: QtBot) -> None:
    menu = TrayMenu(Wishes(**{name: lambda *_: None for name in Wishes.__dataclass_fields__}))
    run = a_run(1, name="a & b\t\u202e", metric="R&D\x07 1", run_state=RunState.RUNNING, state=SyncState.SENT)
    menu.show_update(an_update(run))
    (entry,) = (one.text() for one in menu.live.actions() if one.isVisible())
    assert entry.startswith("a && b\\t\\u202e")
    assert entry.endswith("R&&D\\x07 1")


def test_notifications(qtbot: QtBot) -> None:
    finder = NewsFinder(0.0, [])
    finder.take((), [a_run(1, name=EVIL, run_state=RunState.RUNNING)])
    (news,) = finder.take((), [a_run(1, name=EVIL, run_state=RunState.FINISHED)])
    assert EVIL not in news.title
    note = Note(NewsKind.FINISHED, f"{EVIL}", EVIL, ("key",), False)
    for can, body in (
        (set(), INERT),
        ({"body-markup"}, INERT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")),
    ):
        told = _arguments(note, 0, can)
        assert (told[3], told[4]) == (INERT, body)


def test_names_in_the_sheet_of_a_drop() -> None:
    class Found:
        name, run_id, path = EVIL, "", ""

    class Row:
        found = Found()

    assert name_of(Row()) == INERT  # type: ignore[arg-type]
