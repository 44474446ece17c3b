"""When is looked at what: with a clock that is moved by hand, and no thread."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from runferry.watch import polling
from runferry.watch.notify import Notifier
from runferry.watch.polling import LogFollower
from runferry.watch.roots import MAX_SHARE, SETTLING, RootScanner


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, timeout: float) -> bool:
        raise AssertionError("nothing waits here")


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def silent() -> Notifier:
    """Never started, so that everything is polled."""
    return Notifier(lambda path, is_folder: None)


def follower(clock: Hand, notifier: Notifier, changed: list[Path], missing: list[Path]) -> LogFollower:
    return LogFollower(changed.append, missing.append, notifier, clock, 0.25, lambda path: True)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"row")


def test_a_growing_log_is_looked_at_each_interval_and_a_quiet_one_less(
    tmp_path: Path, clock: Hand, silent: Notifier
) -> None:
    log = tmp_path / "log"
    log.touch()
    changed: list[Path] = []
    one = follower(clock, silent, changed, [])
    one.follow(log)
    for _ in range(5):
        grow(log)
        clock.now += 0.25
        assert one.tick() == pytest.approx(clock.now + 0.25)
    assert len(changed) == 5
    pauses = []
    for _ in range(100):
        clock.now = one.tick()
        pauses.append(one.tick() - clock.now)
    assert len(changed) == 5
    assert pauses[0] == pytest.approx(0.25)
    assert max(pauses) <= polling.SLOWEST
    clock.now += 3600
    again = one.tick()
    assert again - clock.now == polling.SLOWEST
    grow(log)
    clock.now = again
    assert one.tick() == pytest.approx(clock.now + 0.25), "as soon as it grows it is followed closely again"
    assert len(changed) == 6


def test_nothing_is_looked_at_before_it_is_due_but_what_was_noticed(
    tmp_path: Path, clock: Hand, silent: Notifier
) -> None:
    logs = [tmp_path / "a", tmp_path / "b"]
    changed: list[Path] = []
    one = follower(clock, silent, changed, [])
    for log in logs:
        log.touch()
        one.follow(log)
        grow(log)
    one.tick()
    assert changed == []
    assert one.notice(str(logs[1]))
    assert not one.notice(str(tmp_path / "other"))
    one.tick()
    assert changed == [logs[1]]


def test_a_log_that_goes_and_comes(tmp_path: Path, clock: Hand, silent: Notifier) -> None:
    log = tmp_path / "log"
    log.touch()
    changed: list[Path] = []
    missing: list[Path] = []
    one = follower(clock, silent, changed, missing)
    one.follow(log)
    for step in ("gone", "still gone", "back"):
        if step == "gone":
            log.unlink()
        elif step == "back":
            log.touch()
        clock.now += 1
        one.tick()
    assert (changed, missing) == ([log], [log])


def make_run(place: Path) -> Path:
    folder = place / "offline-run-20260101_101010-abc"
    folder.mkdir(parents=True)
    (folder / "run-abc.wandb").touch()
    return folder


def scanner(clock: Hand, notifier: Notifier, found: list[Path], gone: list[Path]) -> RootScanner:
    return RootScanner(found.append, gone.append, notifier, clock, 5.0, 0.25, network=lambda path: "")


def test_roots_are_scanned_at_once_and_then_each_interval(tmp_path: Path, clock: Hand, silent: Notifier) -> None:
    found: list[Path] = []
    one = scanner(clock, silent, found, [])
    one.add(tmp_path)
    assert one.tick() == clock.now + 5
    run = make_run(tmp_path / "wandb")
    clock.now += 4.9
    one.tick()
    assert found == []
    clock.now += 0.2
    one.tick()
    one.tick()
    assert found == [run]


def test_a_slow_scan_makes_the_pause_longer(
    tmp_path: Path, clock: Hand, silent: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runferry.watch import roots

    def slow(root: Path, skip: frozenset[Path], memory: object, known: object) -> roots.Scan:
        clock.now += 3
        return roots.Scan()

    monkeypatch.setattr(roots, "scan", slow)
    one = scanner(clock, silent, [], [])
    one.add(tmp_path)
    assert one.tick() == clock.now + 3 * MAX_SHARE


def test_a_new_folder_is_looked_at_until_it_has_settled(tmp_path: Path, clock: Hand, silent: Notifier) -> None:
    found: list[Path] = []
    one = scanner(clock, silent, found, [])
    one.add(tmp_path)
    one.tick()
    (tmp_path / "project").mkdir()
    one.notice(str(tmp_path / "project"), True)
    assert one.tick() == pytest.approx(clock.now + SETTLING[0])
    run = make_run(tmp_path / "project" / "wandb")
    clock.now += SETTLING[0]
    one.tick()
    assert found == [run]


def test_a_folder_without_its_log_is_looked_at_often(tmp_path: Path, clock: Hand, silent: Notifier) -> None:
    found: list[Path] = []
    run = tmp_path / "wandb" / "offline-run-20260101_101010-abc"
    run.mkdir(parents=True)
    one = scanner(clock, silent, found, [])
    one.add(tmp_path)
    one.tick()
    one.tick()
    clock.now += 0.25
    assert one.tick() == pytest.approx(clock.now + 0.25)
    (run / "run-abc.wandb").touch()
    clock.now += 0.25
    one.tick()
    assert found == [run]


def test_files_in_known_runs_cost_nothing(tmp_path: Path, clock: Hand, silent: Notifier) -> None:
    run = make_run(tmp_path / "wandb")
    one = scanner(clock, silent, [], [])
    one.add(tmp_path)
    one.tick()
    one.notice(str(run / "files"), True)
    one.notice(str(run / "run-abc.wandb"), False)
    one.notice(str(tmp_path / "train.log"), False)
    assert one.tick() == clock.now + 5, "no look was planned"


@pytest.mark.parametrize("by_notice", [True, False], ids=["look", "scan"])
def test_a_root_that_is_removed_while_it_is_looked_at_is_found_anew_when_it_is_added_again(
    tmp_path: Path, clock: Hand, silent: Notifier, monkeypatch: pytest.MonkeyPatch, by_notice: bool
) -> None:
    found: list[Path] = []
    one = scanner(clock, silent, found, [])
    one.add(tmp_path)
    one.tick()
    run = make_run(tmp_path / "wandb")
    if by_notice:
        one.notice(str(tmp_path / "wandb"), True)
    else:
        clock.now += 5
    whole = one._take

    def late(root: Any, scanned: Any, vanished: Any) -> None:
        one.remove(tmp_path)  # by the window's thread
        whole(root, scanned, vanished)

    with monkeypatch.context() as patch:
        patch.setattr(one, "_take", late)
        one.tick()
    assert found == []
    one.add(tmp_path)
    one.tick()
    assert found == [run]


def test_a_folder_that_cannot_be_reached_is_not_gone(
    tmp_path: Path, clock: Hand, silent: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Path] = []
    gone: list[Path] = []
    run = make_run(tmp_path / "wandb")
    one = scanner(clock, silent, found, gone)
    one.add(tmp_path)
    one.tick()

    def refused(self: Path) -> object:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "wandb").rename(tmp_path / ".git")  # out of sight of the scan
    with monkeypatch.context() as patch:
        patch.setattr(Path, "lstat", refused)
        clock.now += 5
        one.tick()
    assert gone == []
    clock.now += 5
    one.tick()
    assert gone == [run]
