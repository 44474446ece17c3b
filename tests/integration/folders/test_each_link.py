"""`verified`, link by link (docs/reliability.md): whatever falsifies just one of them does not lead to it.

From the person's call on: what the recorder wrote, what was read, what was sent, what the server says that it has.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import runferry
from runferry.engine.audit import audit
from runferry.status import SyncState
from support.dropping_proxy import DroppingProxy, Tamper, in_stream
from support.in_process import Carrier, carrying, engine_for, item, log_of, put_log


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with carrying(tmp_path) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that says something about everything."""
    (tmp_path / "saved.txt").write_text("saved")
    run = runferry.init(
        project="parity", id="whole", dir=str(tmp_path), name="named", settings={"console": "wrap", "silent": True},
        config={"lr": 0.1, "flag": True, "deep": {"x": [1, 2]}},
    )  # fmt: skip
    run.define_metric("loss", summary="min")
    for step in range(5):
        run.log({"loss": step})
    run.save(str(tmp_path / "saved.txt"), base_path=str(tmp_path))
    run.summary["best"] = 7
    print("a line")
    run.finish(exit_code=3)
    return next((tmp_path / "wandb").glob("offline-run-*"))


def in_upsert(change: Callable[[dict[str, Any]], None]) -> Tamper:
    """Changes the config of each upsert."""

    def tamper(method: str, path: str, body: bytes) -> bytes | None:
        if method != "POST" or b"UpsertBucket" not in body:
            return body
        told = json.loads(body)
        config = json.loads(told["variables"]["config"] or "{}")
        change(config)
        told["variables"]["config"] = json.dumps(config)
        return json.dumps(told).encode()

    return tamper


def ends(**changes: Any) -> Tamper:
    def change(told: dict[str, Any]) -> None:
        if "complete" in told:
            told.update(changes)
            for name, value in changes.items():
                if value is None:
                    del told[name]

    return in_stream(change)


def summary(**changes: Any) -> Tamper:
    def change(told: dict[str, Any]) -> None:
        part = told.get("files", {}).get("wandb-summary.json")
        if part:
            part["content"] = [json.dumps({**json.loads(one), **changes}) for one in part["content"]]

    return in_stream(change)


FALSIFIED: dict[str, Tamper] = {
    "config-key": in_upsert(lambda config: config.pop("lr", None)),
    "config-value": in_upsert(lambda config: config.update(lr={"value": 0.2})),
    "config-type": in_upsert(lambda config: config.update(flag={"value": 1})),
    "config-deep": in_upsert(lambda config: config.update(deep={"value": {"x": [1]}})),
    "config-all": in_upsert(lambda config: config.clear()),
    "definitions": in_upsert(lambda config: config.get("_wandb", {}).get("value", {}).update(m=[])),
    "exit-code": ends(exitcode=4),
    "exit-zero": ends(exitcode=0),
    "exit-lost": ends(complete=None, exitcode=None),
    "summary-set": summary(best=8),
    "summary-figures": summary(loss={"min": 1}),
}


@contextlib.contextmanager
def behind(carrier: Carrier, place: Path, tamper: Tamper) -> Iterator[tuple[DroppingProxy, Carrier]]:
    """The server as a proxy lets it be seen, and an engine that knows only that."""
    server: Any = SimpleNamespace(key=carrier.server.key)
    with DroppingProxy(carrier.server.url, tamper) as proxy:
        server.url = proxy.url
        with engine_for(server, place) as engine:
            yield proxy, Carrier(engine, server, carrier.data)


def test_what_a_server_keeps_otherwise_than_it_was_told(carrier: Carrier, folder: Path, tmp_path: Path) -> None:
    """All at once, each as a run of its own: each server is asked again for some time."""
    tampers = {**FALSIFIED, "nothing": lambda method, path, body: body}
    with contextlib.ExitStack() as stack:
        seen = {name: stack.enter_context(behind(carrier, tmp_path / name, one)) for name, one in tampers.items()}
        with ThreadPoolExecutor(len(seen)) as pool:
            waiting = {name: pool.submit(one.sync, folder, run_id=name) for name, (_, one) in seen.items()}
            found = {name: one.result()[0] for name, one in waiting.items()}
        assert {name for name, (proxy, _) in seen.items() if not proxy.tampered} == {"nothing"}
    assert found.pop("nothing").state is SyncState.VERIFIED
    words = {"config": "config: ", "definitions": "metric definitions", "exit": "exit code 3", "summary": "summary: "}
    for name, one in found.items():
        error = one.error or {}
        assert (one.state, error.get("slug")) == (SyncState.PROBLEM, "not-as-sent"), name
        expected = "exit code on the server is 4" if name == "exit-code" else words[name.partition("-")[0]]
        assert expected in error["message"], name


@pytest.mark.parametrize("name", ["config-key", "exit-lost"])
def test_what_was_lost_once_is_sent_again(carrier: Carrier, folder: Path, tmp_path: Path, name: str) -> None:
    tries = 0

    def once(method: str, path: str, body: bytes) -> bytes | None:
        nonlocal tries
        changed = FALSIFIED[name](method, path, body)
        tries += changed != body
        return changed if tries == 1 else body

    with behind(carrier, tmp_path / "other", once) as (proxy, other):
        (found,) = other.sync(folder)
        assert proxy.tampered == 1
    assert found.state is SyncState.VERIFIED
    record = json.loads((carrier.data / "runs/local/parity/whole/run.json").read_text())
    assert (record["config"]["lr"], record["exit_code"]) == ({"value": 0.1}, 3)


def test_a_server_that_does_not_tell_how_it_ended(carrier: Carrier, folder: Path, tmp_path: Path) -> None:
    """Then nobody can say that it differs, and it is said that it was not told."""

    def silent(method: str, path: str, body: bytes) -> bytes | None:
        return body.replace(b"{ state exitcode }", b"{ id }").replace(b"{ state }", b"{ id }")

    with behind(carrier, tmp_path / "other", silent) as (proxy, other):
        (found,) = other.sync(folder)
        assert proxy.tampered
        assert found.state is SyncState.VERIFIED
        (report,) = audit(other.engine, str(folder), deep=True)
    assert (report.wrong, report.not_told) == ([], ["how the run ended"])


# -- before anything is sent ------------------------------------------------------------------------------------------


def test_a_record_that_the_recorder_could_not_write_is_told(carrier: Carrier, tmp_path: Path) -> None:
    """A full disk takes no record; its number is missing in the log."""
    records: list[Any] = [
        {"header": {"version_info": {"producer": "runferry/0.1.0"}}},
        {"run": {"run_id": "numbers", "project": "parity", "start_time": {"seconds": 1_760_000_000}}},
    ]
    rows = [{"history": {"item": [item("x", str(n)), item("_step", str(n))], "step": {"num": n}}} for n in range(9)]
    numbered = [{"num": at, **one} for at, one in enumerate([*records, *rows, {"exit": {"exit_code": 0}}], 1)]
    whole, lacking = log_of(numbered), log_of([one for one in numbered if one["num"] not in (5, 6, 9)])
    (good,) = carrier.sync(put_log(tmp_path / "a", "numbers", whole))
    assert good.damage is None
    (found,) = carrier.sync(put_log(tmp_path / "b", "numbers", lacking), run_id="lacking")
    assert found.damage is not None
    assert found.damage.details == (
        "3 records left out: its training could not write it (see the lines of runferry in the console)",
    )


def test_a_file_saved_under_the_name_of_one_of_the_runs_own(carrier: Carrier, tmp_path: Path) -> None:
    """The run's own is made from the log and sent; the person's cannot be."""
    records: list[Any] = [
        {"run": {"run_id": "names", "project": "parity", "start_time": {"seconds": 1_760_000_000}}},
        {"files": {"files": [{"path": "config.yaml"}]}},
        {"exit": {"exit_code": 0}},
    ]
    folder = put_log(tmp_path, "names", log_of(records))
    (folder / "files" / "config.yaml").write_text("mine: 1\n")
    (found,) = carrier.sync(folder)
    assert (found.state, (found.error or {}).get("slug")) == (SyncState.SENT, "name-taken")
    assert "config.yaml" in (found.error or {})["message"]
