"""A small program with a tray icon and a window, by which the rig proves itself. Not the product."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QSystemTrayIcon, QVBoxLayout, QWidget


def say(event: str, **what: Any) -> None:
    """One line about what happened."""
    print(json.dumps({"event": event, **what}), flush=True)


class Window(QWidget):
    """A button, and a place to drop files on."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("rig example")
        self.setAcceptDrops(True)
        button = QPushButton("Press me")
        button.clicked.connect(lambda: say("pressed"))
        QVBoxLayout(self).addWidget(button)
        self.setGeometry(500, 300, 300, 200)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        say("drop", paths=[url.toLocalFile() for url in event.mimeData().urls()])


if __name__ == "__main__":
    app = QApplication(sys.argv)
    app.setQuitOnLastWindowClosed(False)
    pixels = QPixmap(64, 64)
    pixels.fill(QColor("#ff7f0e"))
    window = Window()
    window.show()
    menu = QMenu()
    menu.addAction("Say hello").triggered.connect(lambda: say("hello"))
    menu.addAction("Quit").triggered.connect(app.quit)
    icon = QSystemTrayIcon(QIcon(pixels))
    icon.setContextMenu(menu)
    icon.activated.connect(lambda reason: say("activated", reason=reason.name))
    icon.show()
    say("ready", platform=app.platformName(), tray=QSystemTrayIcon.isSystemTrayAvailable())
    sys.exit(app.exec())
