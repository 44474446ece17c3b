"""A window of another program whose label is dragged: files as any file manager offers them. Never used by the product.

python drag_source.py X Y PATH…
"""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    """Begins a drag as soon as the mouse moves with its button held."""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in sys.argv[3:]])
        drag = QDrag(self)
        drag.setMimeData(data)
        print(json.dumps({"event": "lifted"}), flush=True)
        done = drag.exec(Qt.DropAction.CopyAction)
        print(json.dumps({"event": "dropped", "taken": done is Qt.DropAction.CopyAction}), flush=True)


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    source = Source("drag me")
    source.setWindowTitle("drag source")
    source.setGeometry(int(sys.argv[1]), int(sys.argv[2]), 120, 80)
    source.show()
    app.exec()
