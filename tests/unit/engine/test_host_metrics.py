"""The engine's measuring: what a window and the sync use of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runferry
from runferry import holders
from runferry.engine.doctor.machine import measuring
from runferry.engine.doctor.step import Mark
from runferry.engine.host_metrics import HostMetrics
from runferry.formats.detect import RunFolder, identify
from runferry.settings import Settings
from runferry.sync.source import Source
from support.holding import held
from support.processes import until


class Rig:
    """One run that goes on in this process, and what was told."""

    def __init__(self, root: Path) -> None:
        run = runferry.init(project="p", id="r1", dir=str(root / "work"), settings={"console": "off", "silent": True})
        place = Path(run.dir).parent
        marker = (place / "runferry.json").read_text()
        run.finish()
        (place / "runferry.json").write_text(marker)  # it goes on, as far as anybody can see
        found = identify(place)
        assert isinstance(found, RunFolder)
        self.folder = found
        self.rows: list[Path] = []
        self.settings = Settings.load(root / "settings.json", {}).changed(metrics_interval=0.5, metrics_average=0)
        self.metrics = HostMetrics(
            root / "samples", self.settings, lambda: [found], self.rows.append, lambda path: None
        )

    def made(self, root: Path) -> HostMetrics:
        return HostMetrics(root / "samples", self.settings, lambda: [self.folder], self.rows.append, lambda path: None)

    def written(self) -> list[str]:
        source = Source.alone(self.folder.log)
        source.read()
        (file,) = self.metrics.files(source.identity, self.folder.path)
        return file.path.read_text().splitlines()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    with held(made.folder.log):
        yield made
    made.metrics.stop()


def waits(condition: Callable[[], object]) -> None:
    until(condition, "it is measured", timeout=30)


def test_a_run_is_measured_shown_and_kept_until_it_is_over(rig: Rig) -> None:
    assert rig.metrics.measured() is None
    rig.metrics.start()
    waits(lambda: rig.rows)
    path = rig.folder.path
    assert rig.metrics.latest().values["memory_percent"] > 0
    own = rig.metrics.latest_of(path)
    assert own is not None
    assert own.values["proc.memory.rssMB"] > 5
    times, values = rig.metrics.series(path)["proc.memory.rssMB"]
    assert len(times) == len(values) >= 1
    told = rig.metrics.measured()
    assert told is not None
    assert set(told.runs) == {str(path)}
    rig.metrics.finish(path)
    rows = rig.written()
    assert rows
    assert json.loads(rows[-1])["system.proc.processes"] >= 1
    rig.metrics.look_again()
    before = rig.metrics.latest().time
    waits(lambda: rig.metrics.latest().time > before)
    assert rig.metrics.latest_of(path) is None
    assert rig.written() == rows


def test_the_settings_switch_it_off_and_on_while_it_runs(rig: Rig) -> None:
    rig.metrics.use(rig.settings.changed(host_metrics=False))
    rig.metrics.start()
    assert rig.metrics.measured() is None
    rig.metrics.use(rig.settings)
    waits(lambda: rig.metrics.measured() is not None)
    rig.metrics.use(rig.settings.changed(host_metrics=False))
    assert rig.metrics.measured() is None


def test_after_a_restart_counters_go_on(rig: Rig, tmp_path: Path) -> None:
    rig.metrics.start()
    waits(lambda: rig.rows)
    rig.metrics.stop()
    first = json.loads(rig.written()[-1])
    again = rig.made(tmp_path)
    count = len(rig.written())
    again.start()
    try:
        waits(lambda: len(rig.written()) > count)
    finally:
        again.stop()
    later = json.loads(rig.written()[count])
    assert later["system.network.recv"] >= first["system.network.recv"]
    assert later["_runtime"] > first["_runtime"]


def test_doctor_names_what_cannot_be_measured(rig: Rig) -> None:
    step = measuring(rig.settings)
    assert step.mark is Mark.GOOD
    assert {"memory_percent", "proc.memory.rssMB", "cpu"} <= set(step.data["values"])
    assert step.data["reasons"].keys() & {"gpu.nvidia", "gpu.amd", "gpu.0"} or "gpu.0.gpu" in step.data["values"]
    assert all(line.startswith("not measured: ") for line in step.lines)
    assert "off" in measuring(rig.settings.changed(host_metrics=False)).said


def test_doctor_says_where_processes_cannot_be_told(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS and Windows; and a container that shows the processes of another one."""
    monkeypatch.setattr(holders, "PROC", str(tmp_path / "none"))
    step = measuring(rig.settings)
    assert step.mark is Mark.WARNING
    assert "only Linux" in step.said
    assert "stop" in step.todo
