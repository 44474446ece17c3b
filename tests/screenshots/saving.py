"""Saves a picture of the window as a small PNG: the 256 colours that it uses most, others by the nearest of these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

COLOURS = 256
NEAR = 8  # steps per channel within which colours count as one, while the most used are looked for

GROUNDS = 24  # of the most used are taken as they are: grounds that differ by a shade, which is what one sees


def save(picture: QPixmap, path: Path) -> None:
    """Write it. Raises OSError."""
    image = picture.toImage().convertToFormat(QImage.Format.Format_RGB32)
    small = image.convertToFormat(QImage.Format.Format_Indexed8, _table(image), Qt.ImageConversionFlag.ThresholdDither)
    if not small.save(str(path), "PNG", 0):  # type: ignore[call-overload] # 0: pressed hardest
        raise OSError(f"{path} could not be written")


def _table(image: QImage) -> list[int]:
    """The most used colours, each standing for those near it."""
    pixels = np.frombuffer(image.constBits(), np.uint32)  # type: ignore[arg-type]
    colours, counts = np.unique(pixels | np.uint32(0xFF000000), return_counts=True)
    order = np.argsort(counts)[::-1]
    if len(colours) <= COLOURS:
        return [int(one) for one in colours]
    table: list[int] = []
    taken: set[tuple[int, int, int]] = set()
    for rank, value in enumerate(int(colours[at]) for at in order):
        near = ((value >> 16 & 255) // NEAR, (value >> 8 & 255) // NEAR, (value & 255) // NEAR)
        if rank < GROUNDS or near not in taken:
            taken.add(near)
            table.append(value)
            if len(table) == COLOURS:
                break
    return table
