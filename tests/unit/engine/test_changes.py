"""What changes around Runferry is noticed: another network, other settings."""

from __future__ import annotations

import threading
from pathlib import Path

from runferry.engine.changes import Changes, own_addresses


def test_another_network_and_other_settings(tmp_path: Path) -> None:
    file, addresses, told = tmp_path / "settings.json", ["10.0.0.2"], []
    network, settings = threading.Event(), threading.Event()

    def on_network() -> None:
        told.append("network")
        network.set()

    def on_settings() -> None:
        told.append("settings")
        settings.set()

    changes = Changes(file, on_network, on_settings, 0.02, lambda: tuple(addresses))
    changes.start()
    try:
        assert not network.wait(0.2)  # what was there at the start is no change
        addresses[0] = "192.168.1.7"
        assert network.wait(5)
        file.write_text("{}")
        assert settings.wait(5)
    finally:
        changes.stop()
    assert told == ["network", "settings"]


def test_this_computer_has_addresses() -> None:
    assert any(address == "127.0.0.1" for _, address in own_addresses())
