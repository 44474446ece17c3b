"""A run that was judged crashed is taken up again when its log grows after all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runferry.engine.watching import Watching
from runferry.status import RunState


class Watcher:
    def __init__(self) -> None:
        self.followed: list[Path] = []

    def follow(self, path: Path) -> None:
        self.followed.append(path)


def test_a_log_that_grows_though_its_training_seemed_dead_is_read_on(tmp_path: Path) -> None:
    log = tmp_path / "run-a.wandb"
    log.write_bytes(b"rows")
    woken: list[Any] = []
    watching = Watching(SimpleNamespace(wake=woken.append))  # type: ignore[arg-type]
    watcher = watching._watcher = Watcher()  # type: ignore[assignment]
    folder = SimpleNamespace(path=tmp_path)
    run = SimpleNamespace(log=log, folder=folder, at_rest=True, status_run_state=RunState.CRASHED)
    watching._runs[log] = run  # type: ignore[assignment]
    watching.run_changed(run)  # type: ignore[arg-type]
    watching.look_at_quiet_logs()
    assert woken == []
    log.write_bytes(b"rows and more")
    watching.look_at_quiet_logs()
    watching.look_at_quiet_logs()
    assert woken == [run]
    run.status_run_state = RunState.RUNNING
    watching.run_changed(run)  # type: ignore[arg-type]
    log.write_bytes(b"rows and more and more")
    watching.look_at_quiet_logs()
    assert woken == [run]  # it is followed now
    assert watcher.followed == [log]
