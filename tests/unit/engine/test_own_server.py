"""Which addresses count as the app's own local server."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runferry.engine.own_server import own_addresses, own_identity


def engine(folder: Path, *servers: tuple[str, str]) -> Any:
    (folder / "store.json").write_text(json.dumps({"store": "abc"}))
    made = [SimpleNamespace(server=SimpleNamespace(url=url, identity=identity)) for url, identity in servers]
    return SimpleNamespace(
        home=SimpleNamespace(store=folder),
        settings=SimpleNamespace(local_server_port=8470),
        connections=SimpleNamespace(all=lambda: made),
    )


def test_the_usual_address_where_nothing_else_is_known(tmp_path: Path) -> None:
    assert own_addresses(engine(tmp_path)) == ("http://127.0.0.1:8470",)


def test_it_is_known_by_its_store_wherever_it_answers(tmp_path: Path) -> None:
    ours, tunnel = ("http://localhost:4000", "runferry:abc"), ("http://127.0.0.1:9", "http://127.0.0.1:9")
    assert own_addresses(engine(tmp_path, ours, tunnel)) == ("http://127.0.0.1:8470", "http://localhost:4000")


def test_another_server_at_the_usual_address_is_not_ours(tmp_path: Path) -> None:
    assert own_addresses(engine(tmp_path, ("http://127.0.0.1:8470", "runferry:other"))) == ()


def test_a_store_that_was_never_made_is_nobodys(tmp_path: Path) -> None:
    assert own_identity(tmp_path) == "runferry:"
