"""Writes turned into lines, as wandb-core turns them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runferry.formats.console import Console, ConsoleLine
from runferry.formats.entries import ConsoleChunk
from runferry.formats.log_reader import LogReader


def shown(*texts: str) -> list[str]:
    console = Console()
    for text in texts:
        console.feed(ConsoleChunk(False, text, 1.0))
    return [line.text for line in console.lines()]


def test_lines_equal_what_wandb_sync_sends(logs: Path, sent: dict[str, Any]) -> None:
    compared = 0
    for version, record in sent.items():
        if not record["console_lines"]:
            continue  # the official sync drops the console of 0.10 to 0.12
        console = Console()
        for chunk in LogReader(logs / f"{version}-base-0.wandb").read(1 << 30, finished=True).console:
            console.feed(chunk)
        theirs = []
        for line in record["console_lines"]:
            is_error = line.startswith("ERROR ")
            theirs.append((is_error, line.removeprefix("ERROR ").partition(" ")[2]))
        assert [(line.is_stderr, line.text) for line in console.lines()] == theirs, version
        compared += 1
    assert compared == 8


def test_a_progress_bar_is_one_line() -> None:
    assert shown("10%\r", "20%", "\r100%\n", "done") == ["100%", "done"]
    assert shown("long text\rab") == ["abng text"]


def test_blank_lines_come_with_what_follows() -> None:
    assert shown("a\n\n\n") == ["a"]
    assert shown("a\n\n", "b") == ["a", "", "b"]


def test_the_cursor_goes_up_and_down_and_other_escapes_are_text() -> None:
    assert shown("one\ntwo\n", "\x1b[A\x1b[A\rONE", "\x1b[B\x1b[B\rthree") == ["ONE", "two", "three"]
    assert shown("one\n\x1b", "[A\rONE") == ["ONE"]  # a sequence cut in two by the writes
    assert shown("\x1b[31mred\x1b[0m\x1b[2K") == ["\x1b[31mred\x1b[0m\x1b[2K"]


def test_only_the_last_32_lines_are_in_reach_and_4096_characters_kept() -> None:
    lines = [str(number) for number in range(40)]
    assert shown("\n".join(lines), "\x1b[A" * 100 + "\rtop") == [*lines[:8], "top", *lines[9:]]
    assert shown("x" * 5000 + "\ny") == ["x" * 4096, "y"]


def test_two_streams_and_whole_lines() -> None:
    console = Console()
    for chunk in (
        ConsoleChunk(False, "out", 1.0),
        ConsoleChunk(True, "error", 2.0),
        ConsoleChunk(False, "put\n", 3.0),
        ConsoleChunk(False, "logged", 4.0, is_line=True),
        ConsoleChunk(False, "next", 5.0),
    ):
        console.feed(chunk)
    assert list(console.lines()) == [
        ConsoleLine("output", False, 1.0),
        ConsoleLine("error", True, 2.0),
        ConsoleLine("logged", False, 4.0),
        ConsoleLine("next", False, 5.0),
    ]
    assert console.text() == "output\nerror\nlogged\nnext\n"


CHUNKS = st.lists(
    st.tuples(
        st.booleans(), st.lists(st.sampled_from(["a", "bc", "\r", "\n", "\x1b[A", "\x1b[B", "\x1b"])).map("".join)
    )
)


@given(CHUNKS, st.lists(st.booleans()), st.integers(1, 5))
def test_asking_in_between_changes_nothing_and_gives_every_change(
    chunks: list[tuple[bool, str]], asked: list[bool], limit: int
) -> None:
    quiet, watched, seen = Console(), Console(), {}
    for place, (is_stderr, text) in enumerate(chunks):
        for console in (quiet, watched):
            console.feed(ConsoleChunk(is_stderr, text, float(place)))
        if place < len(asked) and asked[place]:
            seen.update(watched.take_changed(limit))
            watched.drop_before(watched.line_count)
    while changed := watched.take_changed(limit):
        assert len(changed) <= limit
        assert [index for index, _ in changed] == list(range(changed[0][0], changed[0][0] + len(changed)))
        seen.update(changed)
    assert [seen[index] for index in sorted(seen)] == list(quiet.lines())


def test_lines_out_of_reach_are_forgotten_when_asked() -> None:
    console = Console()
    for number in range(1000):
        console.feed(ConsoleChunk(False, f"{number}\n", 0.0))
    console.drop_before(1000)
    assert len(list(console.lines())) == 1000  # not given out yet
    assert len(console.take_changed()) == 1000
    console.drop_before(1000)
    assert 30 <= len(list(console.lines())) <= 32
    assert console.line_count == 1000
