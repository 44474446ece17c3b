"""Console lines that a terminal rewrites are sent again, however many lines the other terminal wrote meanwhile."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import runferry
from runferry.formats.console import WINDOW, Console
from runferry.formats.entries import ConsoleChunk
from runferry.sync.console_feed import ConsoleFeed
from runferry.sync.source import Source


def chunk(text: str, is_stderr: bool = False) -> ConsoleChunk:
    return ConsoleChunk(text=text, is_stderr=is_stderr, timestamp=0.0, is_line=False)


def a_feed(tmp_path: Path) -> tuple[Console, Any]:
    log = tmp_path / "run.wandb"
    log.write_bytes(b"1234567")
    console = Console()
    return console, ConsoleFeed(SimpleNamespace(console=console, log=log))  # type: ignore[arg-type]


def told(taken: list[tuple[int, list[str]]]) -> dict[int, str]:
    return {first + number: text.split(" ")[-1] for first, texts in taken for number, text in enumerate(texts)}


def printed(console: Console, first: int, count: int) -> None:
    console.feed(chunk("".join(f"line-{number}\n" for number in range(first, first + count))))


NEW: Any = SimpleNamespace(verified_size=None)


def test_a_bar_is_rewritten_behind_many_lines_of_the_other_terminal(tmp_path: Path) -> None:
    console, feed = a_feed(tmp_path)
    console.feed(chunk("32%", is_stderr=True))
    printed(console, 0, 100)
    assert told(feed.take(0, NEW))[0] == "32%"
    feed.arrived()
    console.feed(chunk("\r100%", is_stderr=True))
    assert told(feed.take(101, NEW)) == {0: "100%"}
    assert told(feed.take(101, NEW)) == {0: "100%"}, "not arrived yet, and forgotten"
    feed.arrived()
    assert feed.take(101, NEW) == []


def test_a_bar_that_moved_while_the_app_was_away(tmp_path: Path) -> None:
    console, feed = a_feed(tmp_path)
    console.feed(chunk("32%", is_stderr=True))
    printed(console, 0, 100)
    console.feed(chunk("\r100%", is_stderr=True))
    printed(console, 100, 2)
    found = told(feed.take(101, NEW))
    assert found == {0: "100%", **{number + 1: f"line-{number}" for number in range(68, 102)}}


def test_only_what_may_change_is_kept(tmp_path: Path) -> None:
    console, feed = a_feed(tmp_path)
    console.feed(chunk("32%", is_stderr=True))
    for number in range(0, 100_000, 1000):
        printed(console, number, 1000)
        feed.take(0, NEW)
        feed.forget(is_wanted=True)  # not acknowledged yet: what was taken is given again
    assert len(told(feed.take(0, NEW))) == 100_001
    feed.arrived()
    assert len(list(console.lines())) <= 2 * WINDOW
    assert console.line_count == 100_001
    console.feed(chunk("\r100%", is_stderr=True))
    assert told(feed.take(100_001, NEW)) == {0: "100%"}


def test_a_console_that_nobody_wants_is_not_kept(tmp_path: Path) -> None:
    console, feed = a_feed(tmp_path)
    printed(console, 0, 1000)
    feed.forget(is_wanted=False)
    assert len(list(console.lines())) <= WINDOW
    assert console.line_count == 1000


def test_the_whole_console_is_read_again_from_the_log(tmp_path: Path) -> None:
    run = runferry.init(project="p", dir=str(tmp_path), settings={"console": "redirect", "silent": True})
    for number in range(200):
        print(f"line {number}")
    run.finish()
    source = Source.alone(next(tmp_path.rglob("*.wandb")))
    source.read(is_over=True)
    whole = source.console_text()
    ConsoleFeed(source).forget(is_wanted=False)
    assert len(list(source.console.lines())) < 200
    assert source.console_text() == whole
    assert whole.splitlines()[-200:] == [f"line {number}" for number in range(200)]


def test_nothing_of_a_log_that_was_verified_as_it_is(tmp_path: Path) -> None:
    console, feed = a_feed(tmp_path)
    printed(console, 0, 100)
    assert feed.take(100, SimpleNamespace(verified_size=7)) == []
