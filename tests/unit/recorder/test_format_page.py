"""docs/format.md: the bytes of its example are a log, and hold what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recorder_log import Log

PAGE = Path(__file__).resolve().parents[3] / "docs" / "format.md"


def _example() -> list[str]:
    found = re.search(r"```hex\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert found
    return found.group(1).splitlines()


def _bytes(line: str) -> bytes:
    return bytes.fromhex(line.split("#")[0][6:].replace(" ", ""))


def test_the_offsets_are_right() -> None:
    at = 0
    for line in _example():
        if not line.startswith("#"):
            assert int(line[:4], 16) == at
            at += len(_bytes(line))


def test_the_bytes_are_the_log_that_the_page_describes(tmp_path: Path) -> None:
    path = tmp_path / "run-r1.wandb"
    path.write_bytes(b"".join(_bytes(line) for line in _example() if not line.startswith("#")))
    log = Log(path)
    assert log.kinds == ["header", "run", "summary", "history", "exit"]
    assert [one.num for one in log.records] == [1, 2, 3, 4, 5]
    assert (log.all("run")[0].run_id, log.all("run")[0].project) == ("r1", "p")
    assert log.config == {"_wandb": {}, "lr": 0.1}
    assert log.rows == [{"loss": 0.5, "_step": 0, "_runtime": 1.5, "_timestamp": 1700000001.5}]
    assert log.summary == {"loss": 0.5}
    assert (log.exit_code, log.all("exit")[0].runtime) == (3, 2)


def test_the_markers_keys_are_the_pages(start, folder) -> None:  # type: ignore[no-untyped-def]
    import json

    table = PAGE.read_text(encoding="utf-8").split("## runferry.json")[1]
    named = {key for row in re.findall(r"^\| (`.*?) \|", table, re.M) for key in re.findall(r"`(\w+)`", row)}
    run = start()
    run.finish()
    assert set(json.loads((folder() / "runferry.json").read_text())) | {"part_of"} == named


@pytest.mark.parametrize("name", ["config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt"])
def test_the_files_are_the_pages(start, folder, name: str) -> None:  # type: ignore[no-untyped-def]
    start()
    assert (folder() / "files" / name).stat().st_size > 0
    assert name in PAGE.read_text(encoding="utf-8")
