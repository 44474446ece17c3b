"""Graphics cards: NVIDIA's by a library that is loaded as the real one is, AMD's by the driver's files; what is
missing has its reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runferry.metrics.amd import Amd
from runferry.metrics.apple import Apple
from runferry.metrics.gpu import GpuReading, Gpus, used_by
from runferry.metrics.nvidia import RETRY, Nvidia
from support.measuring import build_fake_nvml

needs_gcc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs macOS's or Windows' own library")

ASK = """
import json, sys
from runferry.metrics.nvidia import Nvidia
cards, now = Nvidia(), 0.0
for line in sys.stdin:
    now += float(line)
    found = cards.measure(now)
    users = {index: sorted(pids) for index, pids in found.users.items()}
    print(json.dumps([dict(found.values), dict(found.reasons), users]), flush=True)
cards.close()
"""


class Driver:
    """A process that measures with the fake driver; `cards` are lines of its file."""

    def __init__(self, folder: Path, library: Path, **environ: str) -> None:
        self._file = folder / "cards"
        variables = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(self._file), **environ}
        self._process = subprocess.Popen(
            [sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def ask(self, *cards: str, after: float = 1.0) -> tuple[dict[str, float], dict[str, str], dict[str, Any]]:
        """Measure so many seconds later."""
        self._file.write_text("\n".join(cards) + "\n")
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{after}\n")
        self._process.stdin.flush()
        values, reasons, users = json.loads(self._process.stdout.readline())
        return values, reasons, users


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_fake_nvml(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def driver(tmp_path: Path, library: Path) -> Iterator[Driver]:
    with Driver(tmp_path, library) as running:
        yield running


@needs_gcc
def test_two_cards_with_wandbs_names_and_units(driver: Driver) -> None:
    values, reasons, users = driver.ask("90 40 2048 8192 65 150000 300000 4321", "0 0 0 8192 30 20000 300000 0")
    assert not reasons
    assert values["gpu.0.gpu"] == 90.0
    assert values["gpu.0.memory"] == 40.0
    assert values["gpu.0.memoryAllocated"] == 25.0
    assert values["gpu.0.memoryAllocatedBytes"] == float(2048 << 20)
    assert (values["gpu.0.temp"], values["gpu.1.temp"]) == (65.0, 30.0)
    assert (values["gpu.0.powerWatts"], values["gpu.0.powerPercent"]) == (150.0, 50.0)
    assert values["gpu.0.enforcedPowerLimitWatts"] == 300.0
    assert values["gpu.0.smClock"] == 1001.0
    assert users == {"0": [4321], "1": []}


@needs_gcc
def test_what_a_card_does_not_tell_has_its_reason_and_the_rest_is_there(driver: Driver) -> None:
    values, reasons, _ = driver.ask("90 40 2048 8192 65 0 300000 0")
    assert "gpu.0.powerWatts" not in values
    assert "Not Supported" in reasons["gpu.0.powerWatts"]
    assert values["gpu.0.temp"] == 65.0


@needs_gcc
def test_a_card_that_falls_off_the_bus_goes_and_comes_back(driver: Driver) -> None:
    both = ("90 40 2048 8192 65 1000 2000 0", "10 40 2048 8192 66 1000 2000 0")
    assert driver.ask(*both)[0]["gpu.1.gpu"] == 10.0
    values, reasons, _ = driver.ask(both[0])
    assert "gpu.1.gpu" not in values
    assert values["gpu.0.gpu"] == 90.0
    assert "lost" in reasons["gpu.1"]
    values, reasons, _ = driver.ask(*both, after=RETRY + 1)
    assert values["gpu.1.gpu"] == 10.0
    assert "gpu.1" not in reasons


@needs_gcc
def test_a_driver_that_is_not_loaded_has_its_reason(tmp_path: Path, library: Path) -> None:
    with Driver(tmp_path, library, FAKE_NVML_INIT="9") as driver:
        values, reasons, _ = driver.ask("90 40 2048 8192 65 1000 2000 0")
    assert not values
    assert "Driver Not Loaded" in reasons["gpu.nvidia"]


def test_without_the_package_the_reason_says_what_to_install() -> None:
    def load() -> Any:
        raise ImportError

    found = Nvidia(load).measure(0.0)
    assert not found.values
    assert "pip install nvidia-ml-py" in found.reasons["gpu.nvidia"]


def test_without_a_driver_the_reason_says_so_and_the_package_is_not_loaded() -> None:
    def load() -> Any:
        raise OSError("libnvidia-ml.so.1: cannot open shared object file")

    found = Nvidia(load).measure(0.0)
    assert not found.values
    assert "no driver of NVIDIA's" in found.reasons["gpu.nvidia"]


def test_a_real_card(tmp_path: Path) -> None:
    cards = Nvidia()
    found = cards.measure(0.0)
    cards.close()
    if not found.values:
        pytest.skip(f"needs a GPU: {found.reasons}")
    assert 0.0 <= found.values["gpu.0.gpu"] <= 100.0
    assert 0.0 < found.values["gpu.0.temp"] < 120.0
    assert 0.0 <= found.values["gpu.0.memoryAllocated"] <= 100.0


def amd(root: Path, number: int, vendor: str = "0x1002", **files: str) -> Path:
    device = root / "class" / "drm" / f"card{number}" / "device"
    (device / "hwmon" / "hwmon3").mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")
    for name, text in files.items():
        place = device / "hwmon" / "hwmon3" if name.startswith(("temp", "power")) else device
        (place / name).write_text(text + "\n")
    return device


def test_amd_cards_by_their_files(tmp_path: Path) -> None:
    amd(
        tmp_path, 1, gpu_busy_percent="73", mem_busy_percent="20", mem_info_vram_used="1000",
        mem_info_vram_total="4000", temp1_input="61000", power1_average="120000000", power1_cap="240000000",
    )  # fmt: skip
    amd(tmp_path, 0, vendor="0x8086", gpu_busy_percent="99")
    (tmp_path / "class" / "drm" / "card1-DP-1").mkdir()
    found = Amd(tmp_path).measure(0.0)
    assert found.values == {
        "gpu.0.gpu": 73.0, "gpu.0.memoryReadWriteActivity": 20.0, "gpu.0.memoryAllocatedBytes": 1000.0,
        "gpu.0.memoryAllocated": 25.0, "gpu.0.temp": 61.0, "gpu.0.powerWatts": 120.0, "gpu.0.powerPercent": 50.0,
    }  # fmt: skip
    assert "AMD" in found.reasons["gpu.process"]


def test_an_amd_card_that_does_not_answer_has_its_reason(tmp_path: Path) -> None:
    amd(tmp_path, 0)
    found = Amd(tmp_path).measure(0.0)
    assert not found.values
    assert found.reasons["gpu.0"] == "the card does not answer"
    assert "no AMD card" in Amd(tmp_path / "nothing").measure(0.0).reasons["gpu.amd"]


class Some:
    """Cards that a test makes up."""

    def __init__(self, reading: GpuReading) -> None:
        self.reading, self.closed = reading, False

    def measure(self, now: float) -> GpuReading:
        return self.reading

    def close(self) -> None:
        self.closed = True


def test_cards_of_two_makers_have_numbers_of_their_own_and_absent_makers_are_no_gap() -> None:
    nvidia = Some(GpuReading({"gpu.0.temp": 1.0, "gpu.1.temp": 2.0}, users={0: frozenset({7})}))
    other = Some(GpuReading({"gpu.0.temp": 3.0}))
    both = Gpus((nvidia, other, Some(GpuReading(reasons={"gpu.apple": "no", "gpu.process": "not read"}))))
    found = both.measure(0.0)
    assert found.values == {"gpu.0.temp": 1.0, "gpu.1.temp": 2.0, "gpu.2.temp": 3.0}
    assert found.reasons == {"gpu.process": "not read"}
    both.close()
    assert nvidia.closed


def test_a_library_that_fails_in_an_unforeseen_way_costs_only_its_own_values() -> None:
    class Broken(Some):
        def measure(self, now: float) -> GpuReading:
            raise UnicodeDecodeError("utf-8", b"x", 0, 1, "broken")

    found = Gpus((Broken(GpuReading()), Some(GpuReading({"gpu.0.temp": 3.0})))).measure(0.0)
    assert found.values == {"gpu.0.temp": 3.0}
    assert "failed" in Gpus((Broken(GpuReading()),)).measure(0.0).reasons["gpu.broken"]


def test_which_cards_a_run_uses() -> None:
    values = {"gpu.0.gpu": 1.0, "gpu.1.gpu": 2.0, "gpu.1.smClock": 3.0}
    reading = GpuReading(values, users={0: frozenset({10}), 1: frozenset({11, 12})})
    assert used_by(reading, {12, 99}, lambda pid: True) == ({"gpu.process.1.gpu": 2.0}, {})


def test_process_numbers_of_another_namespace_are_said() -> None:
    reading = GpuReading({"gpu.0.gpu": 1.0}, users={0: frozenset({900001})})
    values, reasons = used_by(reading, {12}, lambda pid: pid == 12)
    assert not values
    assert "container" in reasons["gpu.process"]


def test_apple_says_why() -> None:
    assert "root" in Apple("darwin").measure(0.0).reasons["gpu.apple"]
    assert not Apple("linux").measure(0.0).reasons
