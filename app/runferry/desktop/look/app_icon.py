"""The icon of the program: in the window's corner, the task switcher and the dock."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtSvg import QSvgRenderer

from runferry.desktop.look.icons import painting
from runferry.desktop.look.resources import resources

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


@cache
def app_icon() -> QIcon:
    """In every size that desktops ask for. RuntimeError where an installation lacks the drawing."""
    drawing = QSvgRenderer(str(resources() / "runferry.svg"))
    if not drawing.isValid():
        raise RuntimeError("the installation lacks the program's icon")
    found = QIcon()
    for size in SIZES:
        picture = QPixmap(QSize(size, size))
        picture.fill(Qt.GlobalColor.transparent)
        with painting(picture) as painter:
            drawing.render(painter)
        found.addPixmap(picture)
    return found
