"""Which addresses count as the app's own local server."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runferry.engine.engine import Engine
from runferry.engine.own_server import own_addresses, own_identity
from runferry.engine.recorded import server_address
from runferry.paths import Home
from runferry.settings import Settings


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


def test_what_was_sent_to_it_under_an_earlier_address_was_sent_to_it(tmp_path: Path) -> None:
    with Engine(Home(tmp_path, tmp_path, tmp_path, tmp_path), Settings(), {}) as engine:
        ledger = engine.ledger
        for server in ("runferry:abc", "runferry:other", "http://127.0.0.1:9"):
            target = ledger.target(server, "local", "demo", "one")
            ledger.set_address(target, "", "http://127.0.0.1:4000/local/demo/runs/one")
            ledger.delivery(ledger.source("one", "one", tmp_path / "run-one.wandb"), target)
        told = {row["server"]: server_address(one, row, "runferry:abc") for one, row in ledger.all_deliveries()}
    assert told == {
        "runferry:abc": "local",
        "runferry:other": "http://127.0.0.1:4000",
        "http://127.0.0.1:9": "http://127.0.0.1:9",
    }
