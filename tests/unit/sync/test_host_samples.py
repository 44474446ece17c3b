"""The app's measurements on their way: in ranges of their own, each line once, whatever was restarted or lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runferry.clock import SystemClock
from runferry.errors import AppError, TemporaryError
from runferry.remote.file_stream import StreamRequest
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.state.samples import SampleFile, SampleStore, last_row
from runferry.sync import known
from runferry.sync.events_there import EventsThere
from runferry.sync.host_samples import HostSamples
from runferry.sync.means import Means
from runferry.sync.wishes import Wishes


def row(number: int) -> str:
    return json.dumps({"_timestamp": float(number), "system.cpu": number})


class Server:
    """Keeps event lines at their places; takes none while `down`."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self.down = False
        self.requests = 0

    def post(self, request: StreamRequest) -> None:
        if self.down:
            raise TemporaryError("down", "Down", "It is down.", "Wait.")
        self.requests += 1
        for one in request.lines:
            assert one.stream == "events"
            self.lines.update(dict(enumerate(one.content, one.offset)))


class There(EventsThere):
    """The events that a server had before."""

    def __init__(self, lines: Sequence[str]) -> None:
        nobody: Any = None
        super().__init__(nobody, nobody, len(lines), lines[-1:])
        self._lines = list(lines)

    def _all(self) -> list[str]:
        return self._lines


class Rig:
    """A ledger, a run folder and the files with measurements."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder, self.ledger = folder / "run", ledger
        self.folder.mkdir()
        self.store = SampleStore(folder / "samples")
        self.server = Server()
        self.reopened = 0
        self.source: Any = SimpleNamespace(identity="who", log=self.folder / "run-r1.wandb")

    @property
    def delivery(self) -> Any:
        source = self.ledger.source("who", "r1", self.folder / "run-r1.wandb")
        return self.ledger.delivery(source, self.ledger.target("server", "me", "demo", "r1"))

    def means(self) -> Means:
        samples: Any = SimpleNamespace(files=self.store.files)
        pool: Any = ThreadPoolExecutor
        return Means(self.ledger, SystemClock(), threading.Semaphore(1), pool, 1, 1 << 20, 300, 1, samples=samples)

    def measured(self, *numbers: int) -> None:
        self.store.append(self.store.path("who"), [row(one) for one in numbers])

    def deliver(self, there: Sequence[str] = ()) -> None:
        samples = self.samples(there)
        samples.deliver()
        assert not samples.is_due

    def samples(self, there: Sequence[str] = (), metrics_only: bool = False) -> HostSamples:
        wishes = Wishes(metrics_only=metrics_only)
        return HostSamples(
            self.means(), self.delivery, self.source, wishes, self.reopen, self.server.post, There(there)
        )

    def reopen(self) -> None:
        self.reopened += 1

    def sent(self) -> list[int]:
        assert sorted(self.server.lines) == list(range(len(self.server.lines)))
        return [json.loads(self.server.lines[one])["system.cpu"] for one in sorted(self.server.lines)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Database(tmp_path / "state.db") as opened:
        yield Rig(tmp_path, Ledger(opened, SystemClock()))


def test_each_line_is_sent_once_over_restarts(rig: Rig) -> None:
    rig.measured(1, 2)
    rig.deliver()
    requests = rig.server.requests
    rig.deliver()
    assert rig.server.requests == requests
    assert rig.reopened == 1  # and a run that is over is not taken for running again
    rig.measured(3)
    rig.deliver()
    assert rig.sent() == [1, 2, 3]


def test_lines_of_the_log_and_ours_never_take_each_others_place(rig: Rig) -> None:
    for number in range(3):
        (place,) = rig.ledger.place(rig.delivery, "events", 2 * number, 2)
        for at in range(2):
            assert place.server_first + at not in rig.server.lines
            rig.server.lines[place.server_first + at] = row(100 + 2 * number + at)
        rig.measured(10 * number, 10 * number + 1)
        rig.deliver()
    assert rig.sent() == [100, 101, 0, 1, 102, 103, 10, 11, 104, 105, 20, 21]


def test_an_outage_loses_nothing_and_a_crash_between_sending_and_noting_doubles_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.measured(1)
    rig.server.down = True
    with pytest.raises(AppError):
        rig.deliver()
    rig.measured(2)
    rig.server.down = False

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rig.ledger, "samples_sent", crash)
        with pytest.raises(KeyboardInterrupt):
            rig.deliver()
    assert rig.sent() == [1, 2]
    rig.measured(3)
    rig.deliver()
    assert rig.sent() == [1, 2, 3]


def test_what_was_collected_beside_the_log_goes_too(rig: Rig) -> None:
    rig.measured(1)
    beside = rig.folder / "runferry-samples-node7.jsonl"
    beside.write_text(f"{row(50)}\n{row(51)}\n")
    rig.deliver()
    with beside.open("a") as file:
        file.write(f"{row(52)}\n")
    rig.deliver()
    assert sorted(rig.sent()) == [1, 50, 51, 52]


def test_a_line_without_its_end_waits_and_what_is_no_measurement_is_left_out(rig: Rig) -> None:
    beside = rig.folder / "runferry-samples-node7.jsonl"
    beside.write_text(f'{row(1)}\nnot json\n[1]\n{{"a": 1}}\n{row(2)}\n{row(3)[:9]}')
    rig.samples().deliver()
    assert rig.sent() == [1, 2]
    beside.write_text(f'{row(1)}\nnot json\n[1]\n{{"a": 1}}\n{row(2)}\n{row(3)}\n')
    rig.deliver()
    assert rig.sent() == [1, 2, 3]


def test_many_lines_go_in_several_requests(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.sync.host_samples.AT_ONCE", 100)
    rig.measured(*range(50))
    rig.deliver()
    assert rig.sent() == list(range(50))
    assert rig.server.requests > 5


def test_after_a_loss_of_the_ledger_the_server_is_believed(rig: Rig) -> None:
    rig.measured(*range(10))
    rig.server.lines = {number: row(number) for number in range(8)}
    rig.ledger.raise_base(rig.delivery.target, {"history": 0, "events": 8})
    rig.deliver(there=[row(one) for one in range(8)])
    assert rig.sent() == list(range(10))


def test_after_a_loss_of_the_ledger_no_file_of_measurements_is_sent_twice(rig: Rig) -> None:
    """The server's last event is of one of them; of the others it has some, all, or none."""
    rig.measured(*range(4))
    files = {"some": (10, 11, 12), "all": (20, 21), "none": (30, 31)}
    for name, numbers in files.items():
        (rig.folder / f"runferry-samples-{name}.jsonl").write_text("".join(f"{row(one)}\n" for one in numbers))
    there = [0, 10, 1, 20, 11, 2, 21, 3]
    rig.server.lines = {number: row(one) for number, one in enumerate(there)}
    rig.ledger.raise_base(rig.delivery.target, {"history": 0, "events": len(there)})
    rig.deliver(there=[row(one) for one in there])
    assert rig.sent()[: len(there)] == there
    assert sorted(rig.sent()[len(there) :]) == [12, 30, 31]
    assert not rig.samples().is_due  # and it is remembered


def test_a_verified_run_has_more_to_send_when_measurements_come_later(rig: Rig) -> None:
    rig.measured(1)
    rig.deliver()
    ((delivery, target),) = rig.ledger.deliveries_of(rig.folder / "run-r1.wandb")
    assert not known.has_samples(rig.means(), Wishes(), (delivery, target), rig.folder)
    (rig.folder / "runferry-samples-node7.jsonl").write_text(f"{row(2)}\n")
    assert known.has_samples(rig.means(), Wishes(), (delivery, target), rig.folder)


def test_a_line_that_a_crash_tore_is_removed_before_the_next_one(rig: Rig) -> None:
    rig.measured(1, 2)
    path = rig.store.path("who")
    path.write_bytes(path.read_bytes()[:-7])
    SampleStore(path.parent).append(path, [row(3)])
    assert [json.loads(line)["system.cpu"] for line in path.read_text().splitlines()] == [1, 3]
    assert last_row(path)["system.cpu"] == 3
    assert last_row(path.with_name("none")) == {}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "samples").write_text("a file")
    store = SampleStore(tmp_path / "samples")
    with pytest.raises(AppError) as caught:
        store.append(store.path("who"), [row(1)])
    assert caught.value.slug == "samples-unwritable"


def test_who_wants_metrics_only_sends_none(rig: Rig) -> None:
    rig.measured(1)
    samples = rig.samples(metrics_only=True)
    assert not samples.is_due
    samples.deliver()
    assert not rig.server.lines


def test_old_measurements_are_removed(rig: Rig) -> None:
    rig.measured(1)
    rig.store.prune()
    assert rig.store.files("who", rig.folder) == [SampleFile("host", rig.store.path("who"))]
    rig.store.prune(now=rig.store.path("who").stat().st_mtime + 91 * 86400)
    assert rig.store.files("who", rig.folder) == []
