"""Every command on runs of real sizes, each with a time limit: what was only tried with small runs is not tried.

One log of 200 MB for all tests of this file; what takes longer runs nightly.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.engine.curves import CurveReader
from runferry.engine.details import run_details
from runferry.engine.drop import Found, look_at
from runferry.engine.engine import Engine
from runferry.paths import find_home
from runferry.settings import Settings
from support.processes import Ran, run, runferry
from support.real_sizes import KINDS, MB

MAKER = Path(__file__).parent.parent.parent / "support" / "real_sizes.py"
LIMIT = 120.0  # seconds for a command, on a slow and busy machine
nightly = pytest.mark.nightly


class Place:
    """A folder with a run, and a state and a store of its own for all tests that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"HOME": str(folder / "home"), "RUNFERRY_HOME": str(folder / "home" / "runferry")}
        (folder / "home").mkdir(parents=True)

    def make(self, kind: str, *given: int) -> Path:
        assert kind in KINDS
        done = run(sys.executable, MAKER, kind, *map(str, given), cwd=self.folder, timeout=600, **self.environ)
        assert done.code == 0, done.err
        return next(self.folder.glob("wandb/offline-run-*"))

    def runferry(self, *arguments: str | Path, limit: float = LIMIT, cwd: Path | None = None) -> Ran:
        done = runferry(*arguments, cwd=cwd or self.folder, timeout=limit, **self.environ)
        assert "Traceback" not in done.err, done.err
        return done


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A run of 200 MB, sent to the local server."""
    place = Place(tmp_path_factory.mktemp("large"))
    place.make("large_log")
    done = place.runferry("sync", "--server", "local", "wandb", limit=300)
    assert done.code == 0, done.out + done.err
    assert "verified" in done.out
    yield place
    for log in place.folder.glob("wandb/offline-run-*/*.wandb"):
        log.unlink()  # pytest keeps the folders of the last runs


def folder_of(place: Place) -> Path:
    return next(place.folder.glob("wandb/offline-run-*"))


def test_inspect(large: Place) -> None:
    done = large.runferry("inspect", "--json", folder_of(large))
    assert done.code == 0
    assert done.object["rows"] == 200 * MB // 4200


def test_dry_run(large: Place) -> None:
    done = large.runferry("sync", "--server", "local", "--dry-run", "wandb")
    assert done.code == 0
    assert "49,932" in done.out or "49932" in done.out


def test_again(large: Place) -> None:
    assert large.runferry("sync", "--server", "local", "wandb").code == 0


def test_verify_deep(large: Place) -> None:
    done = large.runferry("verify", "--deep", folder_of(large), limit=300)
    assert done.code == 0, done.out + done.err


def test_status(large: Place) -> None:
    assert "large" in large.runferry("status").out


def test_watch_once(large: Place) -> None:
    assert large.runferry("watch", "--once", "--server", "local", "wandb").code == 0


def test_clean(large: Place) -> None:
    done = large.runferry("clean", "--dry-run", "--min-age", "0", "wandb")
    assert done.code == 0, done.out + done.err


def test_restore(large: Place, tmp_path: Path) -> None:
    done = large.runferry("restore", folder_of(large), cwd=tmp_path)
    assert done.code in (1, 2)  # there is no repository here; what it takes is to read which commit the log names
    assert "not a git repository" in done.err or "no git" in done.err.lower() or "commit" in done.err, done.err


def test_stop(large: Place) -> None:
    done = large.runferry("stop", "--yes", folder_of(large))
    assert done.code == 1
    assert "ended" in done.err


@pytest.mark.parametrize("command", ["off", "on"])
def test_off_and_on(large: Place, command: str) -> None:
    assert large.runferry(command, large.folder).code == 0


def test_doctor(large: Place) -> None:
    done = large.runferry("doctor", "local", "--json", "--read-only")
    assert [one["name"] for one in done.object["steps"] if one["mark"] == "bad"] in ([], ["keyring"])


def test_a_config_of_ten_megabytes_is_delivered(tmp_path: Path) -> None:
    place = Place(tmp_path / "config")
    folder = place.make("large_config")
    done = place.runferry("sync", "--server", "local", "wandb")
    assert done.code == 0, done.out + done.err
    assert "1 of 1 row" in done.out
    assert place.runferry("inspect", folder).code == 0
    assert place.runferry("stop", "--yes", folder).code == 1


def test_a_row_of_twenty_megabytes_costs_itself(tmp_path: Path) -> None:
    place = Place(tmp_path / "row")
    folder = place.make("large_row")
    done = place.runferry("sync", "--server", "local", "wandb")
    assert done.code == 1
    assert "longer than servers take" in done.out + done.err
    assert place.runferry("inspect", "--json", folder).object["rows"] == 3


@nightly
def test_rows_of_five_thousand_keys(tmp_path: Path) -> None:
    place = Place(tmp_path / "keys")
    folder = place.make("many_keys")
    assert place.runferry("sync", "--server", "local", "wandb").code == 0
    assert len(place.runferry("inspect", "--json", folder).object["keys"]) >= 5000


@nightly
@pytest.mark.timeout(900)
def test_two_thousand_files(tmp_path: Path) -> None:
    place = Place(tmp_path / "files")
    place.make("many_files")
    done = place.runferry("sync", "--server", "local", "wandb", limit=600)
    assert done.code == 0, done.out + done.err
    assert place.runferry("clean", "--dry-run", "--min-age", "0", "wandb").code == 0


@nightly
@pytest.mark.timeout(2400)
def test_ten_thousand_runs(tmp_path: Path) -> None:
    place = Place(tmp_path / "runs")
    place.make("many_runs")
    done = place.runferry("sync", "--server", "local", "wandb", limit=1800)
    assert done.code == 0, done.out[-2000:] + done.err[-2000:]
    assert place.runferry("watch", "--once", "--server", "local", "wandb").code == 0
    assert len(place.runferry("status", "--json").object["runs"]) == 10_000


@nightly
def test_what_the_window_reads_of_a_large_log(large: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves, console and details, and the sheet for what was dropped: by the functions that the window calls."""
    for name, value in large.environ.items():
        monkeypatch.setenv(name, value)
    folder, began = folder_of(large), time.monotonic()
    curves = CurveReader(folder)
    while not curves.at_end:
        curves.advance()
    assert len(curves.points("loss")) > 1000
    with Engine(find_home(), Settings.load(find_home().settings_file, {})) as engine:
        assert run_details(engine, folder).rows == 200 * MB // 4200
        found = [one for one in look_at(engine, [folder]) if isinstance(one, Found)]
        assert (found[-1].is_complete, found[-1].rows) == (True, 200 * MB // 4200)
    assert time.monotonic() - began < 300
