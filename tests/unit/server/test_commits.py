"""Group commit: no answer before the disk has it, one flush for all that wait, none too often, no failure hidden."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from runferry.server import commits
from runferry.server.commits import Commits, Part
from server_rig import Client


def test_requests_at_one_time_share_one_flush(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.upsert("r1")
    made = client.server.store.commits
    made._burst = 0
    before = made.count
    began = time.monotonic()

    def post(number: int) -> int:
        return client.post({"files": {f"s{number}": {"offset": 0, "content": ["x"]}}}).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(post, range(160))) == {200}
    took = time.monotonic() - began
    count = made.count - before
    assert count <= took / commits.PAUSE + 1
    assert count <= 80


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was flushed."""
    flushed: list[Path] = []
    monkeypatch.setattr(commits, "_flush_file", flushed.append)
    monkeypatch.setattr(commits, "sync_folder", flushed.append)
    return flushed


def test_what_is_written_during_a_commit_waits_for_the_next(disk: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made = Commits(pause=0)
    first, second = Path("first"), Path("second")
    begun, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> None:
        begun.set()
        assert go_on.wait(10)
        disk.append(path)

    monkeypatch.setattr(commits, "_flush_file", slow)

    async def story() -> None:
        made.written(files=[first])
        waiting = asyncio.create_task(made.settled())
        await asyncio.to_thread(begun.wait, 10)
        made.written(files=[second])
        late = asyncio.create_task(made.settled())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert not late.done()
        go_on.set()
        await asyncio.gather(waiting, late)

    asyncio.run(story())
    assert disk == [first, second]
    assert made.count == 2


def test_who_wrote_nothing_waits_for_nothing(disk: list[Path]) -> None:
    made = Commits()
    asyncio.run(made.settled())
    assert made.count == 0


def test_an_answer_waits_for_what_it_rests_on_alone(disk: list[Path]) -> None:
    made = Commits(pause=0)
    mine, theirs = made.part(), made.part()

    async def asked(part: Part, *, is_written: bool) -> int:
        before = made.count
        async with made.answering():
            await asyncio.to_thread(lambda: part.written(files=[Path("x")]) if is_written else part.seen())
        return made.count - before

    async def story() -> None:
        theirs.written(folders=[Path("folder")])
        assert await asked(mine, is_written=False) == 0  # of what others wrote it says nothing
        assert await asked(theirs, is_written=False) == 1
        assert await asked(mine, is_written=True) == 1
        assert await asked(theirs, is_written=False) == 0

    asyncio.run(story())
    assert disk == [Path("folder"), Path("x")]


def failing(times: int) -> Callable[[Path], None]:
    left = [times]

    def flush(path: Path) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.EIO, "Input/output error")

    return flush


def test_a_disk_that_refuses_is_told_and_asked_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.upsert("r1")
    monkeypatch.setattr(commits, "_flush_file", failing(1))
    body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{}"]}}}
    refused = client.post(body)
    assert refused.status_code == 503
    assert "disk refuses" in refused.text
    assert client.post(body).status_code == 200


def test_the_pace(disk: list[Path]) -> None:
    made = Commits(pause=0.05, burst=4)

    async def many(number: int) -> float:
        began = time.monotonic()
        for _ in range(number):
            made.written(files=[Path("x")])
            await made.settled()
        return time.monotonic() - began

    assert asyncio.run(many(4)) < 0.15  # a burst
    assert asyncio.run(many(10)) >= 0.4  # and then no faster than agreed


def test_files_that_come_one_after_the_other_wait_for_no_pause(client: Client) -> None:
    """A run may have thousands of them, and a client that sends them in turn."""
    client.upsert("r1")
    addresses = [client.upload_url(f"media/{number}.txt") for number in range(20)]
    assert requests.put(addresses[0], data=b"the first makes the folder", timeout=20).status_code == 200
    made = client.server.store.commits
    before = made.count
    assert {requests.put(one, data=b"next", timeout=20).status_code for one in addresses[1:]} == {200}
    assert made.count - before <= 2
