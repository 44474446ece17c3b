"""With which exit code a program ends, whatever way it leaves: real processes, held against what the system saw."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import recorder_process
from packaging_rig import RECORDER_PYTHONS, find_python
from recorder_log import only_log

HEAD = """
import atexit, os, sys, threading
from sys import exit as out
import runferry
def work(code=None):
    global run
    run = runferry.init(settings={'silent': True})
    run.log({'x': 1})
    return code
def deep(code): raise SystemExit(code)
"""

WAYS = (
    "work()", "work()\nsys.exit(3)", "work()\nexit(3)", "work()\nquit(3)", "work()\nexit()", "work()\nquit('text')",
    "work()\nraise SystemExit(3)", "work()\nraise SystemExit", "work()\nraise SystemExit()",
    "work()\nraise SystemExit('text')",
    "work()\nraise SystemExit(300)", "work()\nout(4)", "work()\nsys.exit(2**70)",
    "work()\ntry: sys.exit(3)\nexcept SystemExit: pass", "work()\ntry: deep(3)\nexcept SystemExit: pass",
    "work()\ntry: sys.exit(3)\nexcept SystemExit: pass\nraise SystemExit(4)",
    "work()\ntry: sys.exit(3)\nexcept SystemExit: pass\n1 / 0",
    "work()\nsys.excepthook = lambda *a: None\n1 / 0",
    "work()\nsys.excepthook = lambda *a: None\ntry: 1 / 0\nexcept ZeroDivisionError: pass",
    "work()\nsys.excepthook = lambda *a: None\nsys.exit(5)",
    "work()\nthreading.Thread(target=sys.exit, args=(3,)).start()",
    "work()\nthreading.excepthook = lambda a: None\nthreading.Thread(target=lambda: 1 / 0).start()",
    "work()\natexit.register(lambda: None)\nwith open(os.devnull): exit(6)",
    "work()\ndef f(): sys.exit(7)\nf()", "work()\ndef f(): quit(7)\nf()",
    "work()\ntry: exit(3)\nexcept SystemExit as left: code = left.code\nsys.exit(code + 1)",
)  # fmt: skip

SEEN_SINCE_3_12 = (
    "sys.exit(work())", "sys.exit(work(5))", "raise SystemExit(work())", "raise SystemExit(work(5))", "out(work(6))",
    "def main():\n    work()\n    raise SystemExit(8)\nmain()",
    "def main():\n    work()\n    return 2\nsys.exit(main())",
    "work()\nfor n in range(3):\n    if n: raise SystemExit(n + 1)",
)  # fmt: skip


def ended(place: Path, code: str, python: str | None = None) -> tuple[int, int | None]:
    """What the system says of the process, and the log of the run."""
    given = {} if python is None else {"python": python}
    done = recorder_process.run(place, HEAD + code, **given)
    return done.returncode, only_log(place).exit_code


@pytest.mark.parametrize("code", WAYS)
def test_the_run_ends_with_the_code_of_its_process(tmp_path: Path, code: str) -> None:
    real, told = ended(tmp_path, code)
    assert told == real


@pytest.mark.parametrize("code", SEEN_SINCE_3_12)
def test_a_code_that_is_computed(tmp_path: Path, code: str) -> None:
    real, told = ended(tmp_path, code)
    if sys.version_info >= (3, 12):
        assert told == real
    else:
        assert told in (real, 0)
        assert real == 0 or told or "cannot be seen" in only_log(tmp_path).console


@pytest.mark.parametrize("version", RECORDER_PYTHONS)
def test_every_python(tmp_path: Path, version: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed here")
    ways = ["work()\nraise SystemExit(3)", "work()\nexit(3)", "work()\nsys.excepthook = print\n1 / 0", "work()"]
    for at, code in enumerate(ways):
        place = tmp_path / str(at)
        place.mkdir()
        assert len(set(ended(place, code, str(python)))) == 1, code
    place = tmp_path / "computed"
    place.mkdir()
    is_seen = tuple(map(int, version.split("."))) >= (3, 12)
    assert ended(place, "sys.exit(work(5))", str(python)) == (5, 5 if is_seen else 0)


def test_quit_is_what_it_was_afterwards(tmp_path: Path) -> None:
    code = """
import builtins, runferry
kind = type(builtins.exit)
before = kind.__call__
run = runferry.init(settings={'silent': True})
assert kind.__call__ is not before
run.finish()
assert kind.__call__ is before
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "with runferry.init() as run:\n    print('work')\n    raise ValueError('gone wrong')",
        "run = runferry.init()\ntry: raise ValueError('gone wrong')\nexcept ValueError: run.finish(1)",
        "run = runferry.init()\ntry: raise ValueError('gone wrong')\nexcept ValueError: runferry.finish(exit_code=3)",
        "with runferry.init():\n    raise KeyboardInterrupt('gone wrong')",
        "import sys\nrun = runferry.init()\nsys.excepthook = lambda *a: print('mine: gone wrong, no Traceback')\n1 / 0",
    ],
)
def test_the_traceback_is_in_the_console(tmp_path: Path, code: str) -> None:
    recorder_process.run(tmp_path, "import runferry\n" + code)
    console = only_log(tmp_path).console
    assert "gone wrong" in console
    assert console.count("Traceback") == 1
    (file,) = tmp_path.glob("wandb/offline-run-*/files/output.log")
    assert "gone wrong" in file.read_text()


def test_a_traceback_stays_out_where_the_console_is_off_or_nothing_failed(tmp_path: Path) -> None:
    code = """
import runferry
with runferry.init(settings={'console': 'off'}): print('quiet')
run = runferry.init()
try: 1 / 0
except ZeroDivisionError: run.finish()
try:
    with runferry.init(): raise SystemExit(0)
except SystemExit: pass
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    logs = [path.read_bytes() for path in tmp_path.glob("wandb/offline-run-*/*.wandb")]
    assert len(logs) == 3
    assert not any(b"Traceback" in one for one in logs)
    assert os.listdir(tmp_path / "wandb")
