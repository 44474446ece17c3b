"""The watcher on a real file system, with the system's notifications and without."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runferry.watch.discovery import scan
from runferry.watch.notify import Notifier
from runferry.watch.watcher import Watcher

NEVER = 3600.0


class Heard:
    """What a watcher told, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.told: list[tuple[str, Path]] = []

    def hear(self, kind: str) -> Callable[[Path], None]:
        def note(path: Path) -> None:
            with self._changed:
                self.told.append((kind, path))
                self._changed.notify_all()

        return note

    def wait(self, kind: str, path: Path, seconds: float = 15) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: (kind, path) in self.told, seconds), (kind, path, self.told)

    def count(self, kind: str, path: Path | None = None) -> int:
        return sum(1 for one, where in self.told if one == kind and path in (None, where))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def make(heard: Heard) -> Iterator[Callable[..., Watcher]]:
    made: list[Watcher] = []

    def build(*roots: Path, **kwargs: object) -> Watcher:
        watcher = Watcher(roots, heard.hear("found"), heard.hear("changed"), heard.hear("gone"), **kwargs)  # type: ignore[arg-type]
        made.append(watcher)
        watcher.start()
        return watcher

    yield build
    for one in made:
        one.stop()


def make_run(place: Path, run_id: str = "abc") -> Path:
    folder = place / f"offline-run-20260101_101010-{run_id}"
    folder.mkdir(parents=True)
    (folder / f"run-{run_id}.wandb").write_bytes(b"head")
    return folder


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def notified(watcher: Watcher) -> bool:
    return [one.method for one in watcher.status()] == ["notifications"]


def scanned(watcher: Watcher, folder: Path) -> None:
    """Wait until a folder is watched by notifications."""
    wait_for(lambda: watcher._notifier.watches(folder))


def append(path: Path, data: bytes = b"row") -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_there_is_found_once(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    runs = [make_run(tmp_path / "p" / "wandb", name) for name in ("a", "b")]
    watcher = make(tmp_path, rescan_interval=0.05)
    for run in runs:
        heard.wait("found", run)
    late = make_run(tmp_path / "q" / "wandb", "c")
    heard.wait("found", late)
    assert heard.count("found") == 3
    wait_for(lambda: watcher.status()[0].runs == 3)


def test_a_deep_folder_and_its_log_at_once_by_notification_alone(
    tmp_path: Path, heard: Heard, make: Callable[..., Watcher]
) -> None:
    watcher = make(tmp_path, rescan_interval=NEVER)
    scanned(watcher, tmp_path)
    started = time.monotonic()
    run = make_run(tmp_path / "a" / "b" / "c" / "wandb")
    heard.wait("found", run)
    print(f"deep folder found after {1000 * (time.monotonic() - started):.1f} ms")


def test_a_log_that_appears_after_its_folder(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    watcher = make(tmp_path, rescan_interval=NEVER)
    scanned(watcher, tmp_path)
    run = tmp_path / "wandb" / "offline-run-20260101_101010-abc"
    run.mkdir(parents=True)
    root = watcher._scanner._roots[tmp_path]
    wait_for(lambda: run in root.pending)
    assert heard.told == []
    (run / "run-abc.wandb").write_bytes(b"head")
    heard.wait("found", run)


@pytest.mark.parametrize("by", ["notifications", "polling"])
def test_a_live_log_is_followed(tmp_path: Path, heard: Heard, make: Callable[..., Watcher], by: str) -> None:
    run = make_run(tmp_path / "wandb")
    log = run / "run-abc.wandb"
    watcher = make(
        tmp_path,
        rescan_interval=NEVER,
        # With notifications, looking alone would be too late for the deadline below.
        poll_interval=NEVER if by == "notifications" else 0.02,
        network=lambda path: "" if by == "notifications" else "nfs",
    )
    heard.wait("found", run)
    watcher.follow(log)
    if by == "notifications":
        scanned(watcher, run)
    delays = []
    for _ in range(20):
        before = heard.count("changed", log)
        started = time.monotonic()
        append(log)
        wait_for(lambda before=before: heard.count("changed", log) > before)  # type: ignore[misc]
        delays.append(time.monotonic() - started)
    assert [one.method for one in watcher.status()] == [by]
    print(f"{by}: median {1000 * sorted(delays)[10]:.2f} ms, worst {1000 * max(delays):.2f} ms")
    watcher.unfollow(log)
    count = heard.count("changed")
    append(log)
    other = make_run(tmp_path / "wandb", "other")
    watcher.rescan()
    heard.wait("found", other)
    assert heard.count("changed") == count


def test_removed_moved_and_replaced(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    place = tmp_path / "wandb"
    first, second = make_run(place, "a"), make_run(place, "b")
    watcher = make(tmp_path, rescan_interval=NEVER)
    heard.wait("found", first)
    heard.wait("found", second)
    scanned(watcher, place)
    shutil.rmtree(first)
    heard.wait("gone", first)
    moved = tmp_path / "kept" / second.name
    moved.parent.mkdir()
    second.rename(moved)
    heard.wait("gone", second)
    heard.wait("found", moved)
    again = make_run(place, "a")
    wait_for(lambda: heard.count("found", again) == 2)
    shutil.rmtree(tmp_path)
    watcher.rescan()
    wait_for(lambda: watcher.status()[0].method == "polling")
    assert heard.count("gone", moved) in (0, 1)


def test_a_missing_root_is_told_and_comes_and_goes(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    root = tmp_path / "drive"
    watcher = make(root, rescan_interval=0.02)
    wait_for(lambda: "not there" in watcher.status()[0].reason)
    run = make_run(root / "wandb")
    heard.wait("found", run)
    wait_for(lambda: notified(watcher))
    root.rename(tmp_path / "unmounted")
    wait_for(lambda: "not there" in watcher.status()[0].reason)
    (tmp_path / "unmounted").rename(root)
    wait_for(lambda: notified(watcher))
    assert heard.told == [("found", run)], "a drive that is away has lost no runs"


def test_roots_in_each_other_and_the_same_folder_twice(
    tmp_path: Path, heard: Heard, make: Callable[..., Watcher]
) -> None:
    run = make_run(tmp_path / "real" / "p" / "wandb")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    watcher = make(tmp_path / "real", tmp_path / "real" / "p", tmp_path / "link", rescan_interval=0.02)
    heard.wait("found", run)
    wait_for(lambda: [one.runs for one in watcher.status()] == [1, 1, 0])
    shutil.rmtree(run)
    heard.wait("gone", run)
    wait_for(lambda: [one.runs for one in watcher.status()] == [0, 0, 0])
    assert heard.told == [("found", run), ("gone", run)]


def test_a_linked_root_is_notified_under_its_own_name(
    tmp_path: Path, heard: Heard, make: Callable[..., Watcher]
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    watcher = make(tmp_path / "link", rescan_interval=NEVER)
    scanned(watcher, tmp_path / "link")
    make_run(tmp_path / "real" / "wandb")
    heard.wait("found", tmp_path / "link" / "wandb" / "offline-run-20260101_101010-abc")


def test_roots_come_and_go(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    a, b = make_run(tmp_path / "a" / "wandb"), make_run(tmp_path / "b" / "wandb", "b")
    watcher = make(tmp_path / "a", rescan_interval=0.02)
    heard.wait("found", a)
    watcher.add_root(tmp_path / "b")
    heard.wait("found", b)
    watcher.remove_root(tmp_path / "a")
    assert [one.path for one in watcher.status()] == [str(tmp_path / "b")]
    make_run(tmp_path / "a" / "wandb", "late")
    late = make_run(tmp_path / "b" / "wandb", "late")
    heard.wait("found", late)
    assert heard.count("gone") == 0
    assert heard.count("found") == 3


def test_without_notifications_everything_still_works(
    tmp_path: Path, heard: Heard, make: Callable[..., Watcher]
) -> None:
    def make_notifier(on_event: Callable[[str, bool], None]) -> Notifier:
        return Notifier(on_event, limit=0)

    watcher = make(tmp_path, rescan_interval=0.02, poll_interval=0.02, notifier=make_notifier)
    run = make_run(tmp_path / "wandb")
    heard.wait("found", run)
    log = run / "run-abc.wandb"
    watcher.follow(log)
    append(log)
    heard.wait("changed", log)
    [status] = watcher.status()
    assert status.method == "polling"
    assert "folders change at once" in status.reason


def test_notifications_that_die_are_told(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    run = make_run(tmp_path / "wandb")
    log = run / "run-abc.wandb"
    watcher = make(tmp_path, rescan_interval=NEVER, poll_interval=0.02)
    heard.wait("found", run)
    scanned(watcher, run.parent)
    observer = watcher._notifier._observer
    assert observer is not None
    emitters = list(observer.emitters)
    observer.stop()
    for thread in (observer, *emitters):  # their ends are no part of this
        thread.stop()
        thread.join(10)
    wait_for(lambda: "died" in watcher.status()[0].reason)
    assert watcher.status()[0].method == "polling"
    watcher.follow(log)
    append(log)
    heard.wait("changed", log)
    late = make_run(tmp_path / "new" / "wandb")
    watcher.rescan()
    heard.wait("found", late)


def test_a_listener_that_fails_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()

    def fail(path: Path) -> None:
        heard.hear("found")(path)
        raise RuntimeError("no")

    watcher = Watcher([tmp_path], fail, heard.hear("changed"), heard.hear("gone"), rescan_interval=0.02)
    watcher.start()
    try:
        for name in ("a", "b"):
            heard.wait("found", make_run(tmp_path / "wandb", name))
    finally:
        watcher.stop()
    assert "a listener failed" in caplog.text


def test_stop_without_start_and_no_callback_after_stop(tmp_path: Path, heard: Heard) -> None:
    idle = Watcher([tmp_path], heard.hear("found"), heard.hear("changed"), heard.hear("gone"))
    idle.stop()
    watcher = Watcher([tmp_path], heard.hear("found"), heard.hear("changed"), heard.hear("gone"), rescan_interval=0.01)
    watcher.start()
    watcher.stop()
    told = list(heard.told)
    make_run(tmp_path / "wandb")
    assert heard.told == told
    assert [one for one in threading.enumerate() if one.name.startswith("watch-")] == []


def test_ten_thousand_run_folders(tmp_path: Path, heard: Heard, make: Callable[..., Watcher]) -> None:
    for project in range(10):
        place = tmp_path / f"p{project}" / "wandb"
        for number in range(1000):
            folder = place / f"offline-run-20260101_101010-r{number}"
            os.makedirs(folder / "files")
            (folder / f"run-r{number}.wandb").touch()
    times = []
    for _ in range(3):
        started = time.monotonic()
        assert len(scan(tmp_path).runs) == 10_000
        times.append(time.monotonic() - started)
    started = time.monotonic()
    watcher = make(tmp_path)
    wait_for(lambda: heard.count("found") == 10_000, 60)
    print(f"10,000 run folders: scan {min(times):.3f} s, all told {time.monotonic() - started:.3f} s after start")
    late = make_run(tmp_path / "p5" / "wandb", "late")
    started = time.monotonic()
    heard.wait("found", late)
    print(f"one more found after {time.monotonic() - started:.3f} s; {watcher.status()[0].method}")
