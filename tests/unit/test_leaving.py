"""The end of a process that a part does not let end."""

from __future__ import annotations

from pathlib import Path

from support.processes import python

BEGIN = """
import threading
from runferry import leaving
from runferry.at_work import AT_WORK

def stands_still(free):
    with AT_WORK.turn("reading", "run-a.wandb"):
        free.wait()

free = threading.Event()
threading.Thread(target=stands_still, args=(free,)).start()
"""


def test_a_part_that_does_not_end_is_named_and_left(tmp_path: Path) -> None:
    ours = "leaving.ours()\nleaving.begin(0.3, lambda: print('last', flush=True))"
    script = f"import subprocess, sys\ndone = subprocess.run([sys.executable, '-c', {BEGIN + ours!r}], timeout=30, "
    found = python(
        script + "capture_output=True, text=True)\nprint(done.returncode, done.stdout, done.stderr)", tmp_path
    )
    assert found.out.startswith("1 last")
    assert "ended without reading (run-a.wandb), which did not end within 0.3 seconds" in found.out


def test_what_ends_in_time_is_left_alone_and_so_is_a_program_of_others(tmp_path: Path) -> None:
    rest = "leaving.begin(0.1)\nleaving.ours()\nleaving.begin(30)\nleaving.begin(30)\nleaving.ended()\nfree.set()\n"
    assert python(BEGIN + rest, tmp_path, timeout=20).code == 0
