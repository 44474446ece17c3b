"""A server that acknowledges what it then loses or changes never makes a run `verified` (decision 30)."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import stores, training
from support.dropping_proxy import DroppingProxy, Tamper, in_stream
from support.processes import RUNFERRY, Server, environment, python, runferry

HISTORY, SUMMARY, CONSOLE = "wandb-history.jsonl", "wandb-summary.json", "output.log"


def lose_last_row(told: dict[str, Any]) -> None:
    rows = told.get("files", {}).get(HISTORY, {}).get("content", [])
    if rows and json.loads(rows[-1])["_step"] == 200:
        rows.pop()


def lose_a_row(told: dict[str, Any]) -> None:
    part = told.get("files", {}).get(HISTORY)
    if part and len(part["content"]) > 6:
        part["content"].pop(5)


def lose_all_rows(told: dict[str, Any]) -> None:
    told.get("files", {}).pop(HISTORY, None)


def change_last_row(told: dict[str, Any]) -> None:
    rows = told.get("files", {}).get(HISTORY, {}).get("content", [])
    if rows and json.loads(rows[-1])["_step"] == 200:
        rows[-1] = json.dumps({**json.loads(rows[-1]), "jump": 3})


def change_summary(told: dict[str, Any]) -> None:
    part = told.get("files", {}).get(SUMMARY)
    if part:
        part["content"] = [json.dumps({**json.loads(one), "whole": 40}) for one in part["content"]]


def lose_summary(told: dict[str, Any]) -> None:
    told.get("files", {}).pop(SUMMARY, None)


def lose_console(told: dict[str, Any]) -> None:
    told.get("files", {}).pop(CONSOLE, None)


def lose_a_file(method: str, path: str, body: bytes) -> bytes | None:
    return None if method == "PUT" and body == b"saved at once\n" else body


def lose_an_empty_file(method: str, path: str, body: bytes) -> bytes | None:
    return None if method == "PUT" and not body else body


def cut_a_file(method: str, path: str, body: bytes) -> bytes | None:
    return body[:-1] if method == "PUT" and body == b"saved at once\n" else body


def change_a_file(method: str, path: str, body: bytes) -> bytes | None:
    return b"saved at oncE\n" if method == "PUT" and body == b"saved at once\n" else body


TAMPERS: dict[str, Tamper] = {
    **{
        one.__name__: in_stream(one)
        for one in (
            lose_last_row, lose_a_row, lose_all_rows, change_last_row, change_summary, lose_summary, lose_console,
        )
    },
    **{one.__name__: one for one in (lose_a_file, lose_an_empty_file, cut_a_file, change_a_file)},
}  # fmt: skip


@pytest.mark.timeout(120)
def test_what_a_server_loses_or_changes_is_found(server: Server, work: Path, tmp_path: Path) -> None:
    """All at once, each as a run of its own on the one real server: the re-checks take their time."""
    python(training.recorded(), work)
    with contextlib.ExitStack() as stack:
        proxies = {name: stack.enter_context(DroppingProxy(server.url, one)) for name, one in TAMPERS.items()}
        proxies["nothing"] = stack.enter_context(DroppingProxy(server.url, lambda method, path, body: body))
        running = {
            name: subprocess.Popen(
                [*RUNFERRY, "sync", str(work), "--id", name, "--json"],
                env=environment(
                    WANDB_BASE_URL=proxy.url, WANDB_API_KEY=server.key, RUNFERRY_HOME=str(tmp_path / "homes" / name)
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for name, proxy in proxies.items()
        }
        outcomes = {name: (*process.communicate(timeout=100), process.returncode) for name, process in running.items()}
        assert {name for name, proxy in proxies.items() if not proxy.tampered} == {"nothing"}
    for name, (out, err, code) in outcomes.items():
        told = json.loads(out)
        if name == "nothing":  # the proxy itself is not what is found
            assert (told["state"], code) == ("verified", 0), err.decode()
            continue
        assert told["state"] != "verified", name
        assert code == 1, name
        assert told["error"], name
    assert len(stores.read(server.data, "nothing").rows) == 43


def test_a_row_changed_in_the_middle_is_found_by_a_deep_comparison(server: Server, work: Path) -> None:
    """Counts, last row and summary agree; only reading every row back can tell."""
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    (folder,) = (work / "wandb").glob("offline-run-*")
    good = runferry("verify", folder, "--deep", **server.environ)
    assert good.code == 0, good.out + good.err
    tamper = in_stream(
        lambda told: (
            told.get("files", {}).get(HISTORY, {}).get("content", []).__setitem__(slice(7, 8), ['{"_step":7}'])
            if HISTORY in told.get("files", {})
            else None
        )
    )
    with DroppingProxy(server.url, tamper) as proxy:
        environ = {"WANDB_BASE_URL": proxy.url, "WANDB_API_KEY": server.key, "RUNFERRY_HOME": str(work / "home")}
        runferry("sync", work, "--id", "changed", **environ)
        assert proxy.tampered
        found = runferry("verify", "changed", "--deep", **environ)
    assert found.code == 1, found.out + found.err
    assert "step 7" in found.out
