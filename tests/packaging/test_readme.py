"""Every command of the README runs, in its order, in a fresh folder, with the wheel installed.

What stands in a comment before a block says how: `file: NAME` writes it, `background` keeps it running during the next
block, `needs: wandb` puts the real client's Python first, `server` puts a second local server where the example's
address stands, `bare: NAME` leaves it to test_bare.py, and `not run: WHY` leaves it out.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from packaging_rig import CHECKOUT, Ran, run, surroundings

pytestmark = [
    pytest.mark.packaging,
    pytest.mark.peer,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name != "posix", reason="needs Linux or macOS: bash"),
]

BLOCK = re.compile(r"(?:<!-- (?P<how>[^>]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
DOCUMENTS = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """One block of code; `how` is the comment before it."""

    language: str
    text: str
    how: str


def blocks() -> list[Block]:
    """All blocks of the README, in order."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    return [Block(one["language"], one["text"], (one["how"] or "").strip()) for one in BLOCK.finditer(text)]


@contextmanager
def running(command: list[str], folder: Path, environ: dict[str, str], ready: str) -> Iterator[list[str]]:
    """A program that goes on, once it has said `ready`; ended as Ctrl-C ends it. Gives its lines so far."""
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if ready in line:
                break
        assert process.poll() is None, "".join(lines)
        yield lines
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode in (0, 130)


@dataclass
class Reader:
    """Somebody who types what the README says."""

    folder: Path
    environ: dict[str, str]
    wandb: Path

    def type(self, block: Block) -> Ran:
        """Run a block in the shell; any failing line ends it."""
        environ = dict(self.environ)
        text = block.text
        if block.how == "needs: wandb":
            text = text.replace("python -c", f"{self.wandb} -c")  # the Python that has wandb
        if block.how == "server":
            with running(
                ["runferry", "serve", "--port", "0", "--data", "second"], self.folder, environ, "API_KEY"
            ) as told:
                url, key = told[0].split()[-1], told[-1].strip().partition("=")[2]
                return self.shell(text.replace("https://wandb.example.com", url).replace("your-key", key), environ)
        return self.shell(text, environ)

    def shell(self, text: str, environ: dict[str, str]) -> Ran:
        done = run(["bash", "-euc", text], self.folder, environ, timeout=120)
        assert done.code == 0, f"{text}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err
        return done

    def wait_until_verified(self) -> None:
        """The watch in the background has delivered the training."""
        deadline = time.monotonic() + 60
        while "✓ verified" not in (told := self.shell("runferry status", self.environ).out):
            assert time.monotonic() < deadline, told
            time.sleep(0.2)


def test_every_command_runs(wheel: Path, installed: Path, peer: Path, tmp_path: Path) -> None:
    environ = {**surroundings(tmp_path, installed), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    reader = Reader(tmp_path, environ, peer)
    background: Block | None = None
    typed = 0
    for block in blocks():
        kind, _, detail = block.how.partition(": ")
        if kind == "file":
            (tmp_path / detail).write_text(block.text)
        elif kind == "background":
            background = block
        elif block.language == "sh" and kind not in ("not run", "bare"):
            if background is not None:
                command = background.text.split()
                with running(command, tmp_path, environ, "Watching"):
                    reader.type(block)
                    reader.wait_until_verified()
                background = None
            else:
                reader.type(block)
            typed += 1
    assert typed >= 6
    stored = list((tmp_path / "second").glob("**/wandb-history.jsonl"))
    assert len(stored) == 2, "the company server's example sends both runs"


def test_every_block_that_is_not_run_says_why() -> None:
    for block in blocks():
        if block.how.startswith("not run"):
            assert len(block.how.partition(": ")[2]) > 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_leads_nowhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (document.parent / link).exists()] == []
