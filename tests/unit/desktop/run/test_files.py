"""The table of files."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from runferry.desktop.look.icons import icon
from runferry.desktop.run.file_words import FILE, file_rows
from runferry.desktop.run.files import Files
from runferry.engine.file_states import FileDetail, FileState

FILES = (
    FileDetail("output.log", 48_213, FileState.AT_END, "made from the log when the run ends"),
    FileDetail("config.yaml", 812, FileState.SENT),
    FileDetail("model.ckpt", 2_300_000_000, FileState.KEPT, "left out by the pattern *.ckpt"),
    FileDetail("Old.txt", None, FileState.GONE, "it is not there any more"),
)


@pytest.fixture
def files(qtbot: QtBot) -> Files:
    files = Files()
    qtbot.addWidget(files)
    files.resize(700, 300)
    with qtbot.waitExposed(files):
        files.show()
    return files


def table(files: Files) -> list[list[str]]:
    model = files.model
    return [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]


def names(files: Files) -> list[str]:
    return [row[0] for row in table(files)]


def test_every_state_has_a_shape_and_a_word_of_its_own(qapp: object) -> None:
    assert set(FILE) == set(FileState)
    assert len({look.word for look in FILE.values()}) == len(FILE)
    for look in FILE.values():
        assert not icon(look.shape, look.tone).isNull()


def test_names_sizes_states_and_reasons(files: Files) -> None:
    QAbstractItemModelTester(files.model, QAbstractItemModelTester.FailureReportingMode.Fatal, files)
    files.show_files(file_rows(FILES))
    assert table(files) == [
        ["config.yaml", "812 B", "Sent", ""],
        ["model.ckpt", "2.3 GB", "Kept here", "left out by the pattern *.ckpt"],
        ["Old.txt", "—", "Gone", "it is not there any more"],
        ["output.log", "48 kB", "Sent at the end", "made from the log when the run ends"],
    ]
    assert files._total.text() == "4 files · 2.3 GB"
    assert isinstance(files.model.index(0, 2).data(Qt.ItemDataRole.DecorationRole), QIcon)
    assert files.model.index(1, 1).data(Qt.ItemDataRole.ToolTipRole) == "2,300,000,000 bytes"


def test_empty_and_nothing_found(files: Files) -> None:
    assert files._message.isVisible()
    assert files._message.text() == "This run has no files."
    files.show_files(file_rows(FILES))
    QTest.keyClick(files.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert files.search.hasFocus()
    files.search.setText("ckpt pattern")
    assert names(files) == ["model.ckpt"]
    files.search.setText("zzz")
    assert files._message.text() == "No file matches the search."
    QTest.keyClick(files.search, Qt.Key.Key_Escape)
    assert len(names(files)) == 4
    assert files.view.hasFocus()


def test_sorting(files: Files) -> None:
    files.show_files(file_rows(FILES))
    files.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(files) == ["model.ckpt", "output.log", "config.yaml", "Old.txt"]
    files.view.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert [row[2] for row in table(files)] == ["Gone", "Kept here", "Sent", "Sent at the end"]


def test_the_chosen_file_stays_chosen(files: Files, qtbot: QtBot) -> None:
    files.show_files(file_rows(FILES))
    files.view.selectRow(names(files).index("model.ckpt"))
    with qtbot.assertNotEmitted(files.model.modelReset):
        files.show_files(file_rows([*FILES[:1], FileDetail("config.yaml", 900, FileState.DUE), *FILES[2:]]))
    assert table(files)[0][:3] == ["config.yaml", "900 B", "To be sent"]
    files.show_files(file_rows([FileDetail("a.txt", 1, FileState.DUE), *FILES]))
    assert files.chosen is not None
    assert files.chosen.name == "model.ckpt"
    assert [one.row() for one in files.view.selectionModel().selectedRows()] == [names(files).index("model.ckpt")]


def test_opening_and_showing_are_asked_for(files: Files, qtbot: QtBot) -> None:
    files.show_files(file_rows(FILES))
    assert not files.open_action.isEnabled()
    files.view.setFocus()
    files.view.selectRow(0)
    with qtbot.waitSignal(files.opened) as told:
        QTest.keyClick(files.view, Qt.Key.Key_Return)
    assert told.args == ["config.yaml"]
    with qtbot.waitSignal(files.show_wanted) as told:
        QTest.keyClick(files.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert told.args == ["config.yaml"]
    QTest.keyClick(files.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "config.yaml"
    place = files.view.visualRect(files.model.index(1, 0)).center()
    with qtbot.waitSignal(files.opened) as told:
        QTest.mouseClick(files.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(files.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == ["model.ckpt"]


def test_what_is_gone_cannot_be_opened(files: Files, qtbot: QtBot) -> None:
    files.show_files(file_rows(FILES))
    files.view.selectRow(names(files).index("Old.txt"))
    assert not files.open_action.isEnabled()
    assert files.show_action.isEnabled()
    with qtbot.assertNotEmitted(files.opened):
        files._open()
