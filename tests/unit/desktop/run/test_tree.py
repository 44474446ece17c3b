"""Config and summary as a tree: found, copied, and left as it is while it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from runferry.desktop.run.tree import KeyValueTree
from runferry.desktop.run.tree_nodes import Finder, copied, same_keys, value_words

DATA: dict[str, Any] = {
    "lr": 3e-4,
    "optimizer": {"name": "adamw", "betas": [0.9, 0.999], "schedule": {"kind": "cosine", "warmup": 500}},
    "augment": [{"flip": True}, {"crop": [224, 224]}],
    "notes": "one\ntwo",
    "none": None,
    "empty": {},
}


@pytest.fixture
def tree(qtbot: QtBot) -> KeyValueTree:
    tree = KeyValueTree("config", "This run logged no config.")
    qtbot.addWidget(tree)
    tree.resize(500, 400)
    with qtbot.waitExposed(tree):
        tree.show()
    return tree


def rows(model: QAbstractItemModel, parent: QModelIndex | None = None, indent: str = "") -> list[str]:
    """All rows as `name: value`, indented."""
    parent = parent or QModelIndex()
    found = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        found.append(f"{indent}{index.data()}: {model.index(row, 1, parent).data()}")
        found += rows(model, index, indent + " ")
    return found


def seen(tree: KeyValueTree) -> list[str]:
    """Names of the rows that can be seen, from above."""
    found, index = [], tree.view.indexAt(QPoint(5, 5))
    while index.isValid():
        found.append(index.data())
        index = tree.view.indexBelow(index)
    return found


def test_it_shows_nested_data(tree: KeyValueTree) -> None:
    QAbstractItemModelTester(tree.model, QAbstractItemModelTester.FailureReportingMode.Fatal, tree)
    tree.show_data(DATA)
    assert rows(tree.model) == [
        "lr: 0.0003",
        "optimizer: {3}",
        " name: adamw",
        " betas: [0.9, 0.999]",
        " schedule: {2}",
        "  kind: cosine",
        "  warmup: 500",
        "augment: [2]",
        " 0: {1}",
        "  flip: true",
        " 1: {1}",
        "  crop: [224, 224]",
        "notes: one ⏎ two",
        "none: null",
        "empty: {}",
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (0.1 + 0.2, "0.30000000000000004"),
        (False, "false"),
        ([], "[]"),
        ([None, "a", True], "[null, a, true]"),
        (list(range(1000)), "[" + ", ".join(map(str, range(40))) + ", … 1,000 in all]"),
        ("x" * 5000, "x" * 2000 + "…"),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert value_words(value) == words


def test_without_data_it_says_so(tree: KeyValueTree) -> None:
    assert tree._message.isVisible()
    assert tree._message.text() == "This run logged no config."
    tree.show_data({"a": 1})
    assert tree.view.isVisible()
    tree.show_data({})
    assert tree._message.isVisible()


def test_a_search_keeps_what_is_above_and_opens_it(tree: KeyValueTree) -> None:
    tree.show_data(DATA)
    QTest.keyClick(tree.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert tree.search.hasFocus()
    QTest.keyClicks(tree.search, "optimizer co")
    assert rows(tree.model) == ["optimizer: {3}", " schedule: {2}", "  kind: cosine"]
    assert seen(tree) == ["optimizer", "schedule", "kind"]
    assert tree.model.found == 1
    tree.search.setText("224")
    assert seen(tree) == ["augment", "1", "crop"]
    tree.search.setText("nowhere")
    assert tree._message.text() == "Nothing has this in its name or value."
    QTest.keyClick(tree.search, Qt.Key.Key_Escape)
    assert tree.view.hasFocus()
    assert len(seen(tree)) == 6


def test_new_values_change_their_cells_alone(tree: KeyValueTree, qtbot: QtBot) -> None:
    tree.show_data(DATA)
    tree.view.expandAll()
    chosen = tree.model.index_of(("optimizer", "schedule", "warmup"))
    tree.view.setCurrentIndex(chosen)
    new = json.loads(json.dumps(DATA))
    new["optimizer"]["schedule"]["warmup"] = 501
    with (
        qtbot.assertNotEmitted(tree.model.modelReset),
        qtbot.waitSignal(tree.model.dataChanged) as told,
    ):
        tree.show_data(new)
    assert told.args[0].data() == "501"
    assert tree.view.currentIndex() == chosen
    with qtbot.assertNotEmitted(tree.model.dataChanged):
        tree.show_data(json.loads(json.dumps(new)))


def test_what_is_open_and_chosen_survives_new_names(tree: KeyValueTree) -> None:
    tree.resize(500, 250)
    many = {f"key {number:03}": number for number in range(100)}
    tree.show_data({**many, **DATA})
    for path in (("optimizer",), ("optimizer", "schedule")):
        tree.view.setExpanded(tree.model.index_of(path), True)
    tree.view.setCurrentIndex(tree.model.index_of(("optimizer", "schedule", "kind")))
    tree.view.scrollTo(tree.model.index_of(("key 080",)), tree.view.ScrollHint.PositionAtTop)
    assert seen(tree)[0] == "key 080"
    tree.show_data({"first": 0, **many, **DATA})
    assert seen(tree)[0] == "key 080"
    assert tree.view.currentIndex().data() == "kind"
    assert "warmup" in seen(tree)
    tree.search.setText("lr")
    tree.search.clear()
    assert tree.view.isExpanded(tree.model.index_of(("optimizer", "schedule")))
    assert not tree.view.isExpanded(tree.model.index_of(("augment",)))
    tree.view.setExpanded(tree.model.index_of(("optimizer",)), False)
    tree.show_data(DATA)
    assert not tree.view.isExpanded(tree.model.index_of(("optimizer",)))


def test_a_search_goes_on_while_data_change(tree: KeyValueTree) -> None:
    tree.show_data({"loss": 1, "other": 2})
    tree.search.setText("loss")
    tree.show_data({"loss": 3, "val/loss": 4, "other": 2})
    assert rows(tree.model) == ["loss: 3", "val/loss: 4"]


def test_copying(tree: KeyValueTree, qtbot: QtBot) -> None:
    tree.show_data(DATA)
    board = QGuiApplication.clipboard()
    tree.view.setCurrentIndex(tree.model.index_of(("optimizer", "betas")))
    tree.view.setFocus()
    QTest.keyClick(tree.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert json.loads(board.text()) == [0.9, 0.999]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(tree.view, Qt.Key.Key_C, both)
    assert board.text() == "optimizer.betas"
    tree.view.setCurrentIndex(tree.model.index_of(("notes",)))
    tree._offer(tree.view.visualRect(tree.view.currentIndex()).center())
    menu = tree.view.findChild(QMenu)
    assert isinstance(menu, QMenu)
    assert [one.text() for one in menu.actions()] == ["Copy value", "Copy name"]
    menu.actions()[0].trigger()
    menu.close()
    assert board.text() == "one\ntwo"
    assert copied(True) == "true"
    assert json.loads(copied(DATA["optimizer"])) == DATA["optimizer"]


def test_a_long_value_is_whole_in_its_tooltip(tree: KeyValueTree, qtbot: QtBot) -> None:
    tree.show_data({"long": "word " * 100, "short": "word"})

    def hover(path: tuple[str]) -> None:
        place = tree.view.visualRect(tree.model.index_of(path).siblingAtColumn(1)).center()
        event = QHelpEvent(QEvent.Type.ToolTip, place, tree.view.viewport().mapToGlobal(place))
        QApplication.sendEvent(tree.view.viewport(), event)

    hover(("long",))
    qtbot.waitUntil(QToolTip.isVisible)
    assert "".join(QToolTip.text().split()) == "word" * 100
    hover(("short",))
    qtbot.waitUntil(lambda: not QToolTip.isVisible() or QToolTip.text() == "")


def test_rows_are_made_when_they_are_opened(tree: KeyValueTree) -> None:
    tree.show_data({f"group {number}": {"a": 1, "b": {"c": 2}} for number in range(200)})
    assert not any(node.made for node in tree.model.node(QModelIndex()).children)
    tree.view.setExpanded(tree.model.index_of(("group 7",)), True)
    assert [node.key for node in tree.model.node(QModelIndex()).children if node.made] == ["group 7"]


def test_many_names(tree: KeyValueTree) -> None:
    data = {f"layer.{number}": {"weight": number, "bias": -number} for number in range(5000)}
    tree.show_data(data)
    tree.search.setText("layer.4999")
    assert seen(tree) == ["layer.4999", "weight", "bias"]
    tree.search.setText("weight")
    assert tree.model.found == 5000
    assert tree.model.rowCount() == 5000


def test_a_search_finds_what_a_plain_walk_finds() -> None:
    only, count = Finder(DATA).find("e")
    assert count == 9
    assert only["optimizer"] == {"name": None, "betas": None, "schedule": {"kind": None, "warmup": None}}
    assert Finder({}).find("x") == ({}, 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"a": "x", "b": [1, 2]}, True),
        ({"a": 1, "b": 2}, {"b": 1, "a": 2}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, False),
        ({"a": {"b": 1}}, {"a": 1}, False),
        ({"a": 1}, {}, False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, True),
    ],
)
def test_same_rows(one: object, other: object, same: bool) -> None:
    assert same_keys(one, other) is same
