"""A file manager on the bus is asked to select what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.rig.desktop import Desktop
from runferry.desktop.system.bus import Bus
from runferry.desktop.system.open import Opener


def test_the_file_manager_selects_it(desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.environ["DBUS_SESSION_BUS_ADDRESS"])
    folder = tmp_path / "run ü"
    folder.mkdir()
    bus = Bus()
    bus.start()
    try:
        Opener(bus).in_folder(folder)
    finally:
        bus.stop()
    told = desktop.services.wait_for("files")
    assert (told["member"], told["addresses"]) == ("ShowItems", [folder.as_uri()])
