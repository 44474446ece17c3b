"""Mouse and keyboard of the desktop, through the X server, as a person uses them."""

from __future__ import annotations

import time
from pathlib import Path

from desktop.rig.desktop import Desktop

HERE = Path(__file__).resolve().parent
STEP = 0.03  # seconds between two moves: a jump is not seen as a drag


class Pointer:
    """The one mouse and keyboard of a desktop. Positions are pixels from the upper left corner."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Press and release a button (1 left, 2 middle, 3 right)."""
        self._do("mousemove", str(x), str(y), "click", str(button))

    def keys(self, *keys: str) -> None:
        """Press keys by their X names: ``Down``, ``Return``, ``ctrl+f``."""
        self._do("key", "--delay", "60", *keys)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag what lies at `start` to `end` and let it go there."""
        self.lift(start, end)
        self.drop()

    def lift(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Take what lies at `start` and hold it over `end`."""
        self._move(start)
        self._do("mousedown", "1")
        for offset in range(4, 24, 4):  # a drag begins after some pixels
            self._move((start[0] + offset, start[1] + offset // 2))
        steps = 12
        for n in range(1, steps + 1):
            self._move(tuple(a + (b - a) * n // steps for a, b in zip(start, end, strict=True)))
        self._move((end[0] + 2, end[1] + 2))

    def drop(self) -> None:
        """Let go."""
        self._do("mouseup", "1")

    def window(self, title: str) -> tuple[int, int, int, int]:
        """Left, top, width and height of a visible window with this title."""
        told = self._do("search", "--sync", "--onlyvisible", "--name", title, "getwindowgeometry", "--shell", "%1")
        found = dict(line.split("=") for line in told.split() if "=" in line)
        return int(found["X"]), int(found["Y"]), int(found["WIDTH"]), int(found["HEIGHT"])

    def _move(self, to: tuple[int, ...]) -> None:
        self._do("mousemove", str(to[0]), str(to[1]))
        time.sleep(STEP)  # the pace of a hand; nothing is waited for

    def _do(self, *words: str) -> str:
        return self._desktop.run("xdotool", *words)
