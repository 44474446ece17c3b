"""How runs end: exit codes, exceptions, signals, forks. Each in a real process."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import recorder_process
from recorder_log import Log, only_folder, only_log

HEAD = "import os, signal, sys, threading\nimport runferry\nrun = runferry.init(config={'a': 1})\nrun.log({'x': 1})\n"

posix = pytest.mark.skipif(os.name != "posix", reason="signals and fork are POSIX")


def marker(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((only_folder(place) / "runferry.json").read_text())
    return found


@pytest.mark.parametrize(
    ("code", "exit_code", "outcome"),
    [
        ("", 0, "finished"),
        ("sys.exit()", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("sys.exit('message')", 1, "failed"),
        ("1 / 0", 1, "failed"),
        ("raise KeyboardInterrupt", 130, "killed"),
        ("run.finish()", 0, "finished"),
        ("run.finish(7)", 7, "failed"),
        ("with run: 1 / 0", 1, "failed"),
        ("with run: sys.exit(4)", 4, "failed"),
        ("with run: raise SystemExit(5)", 5, "failed"),
        ("with run: raise KeyboardInterrupt", 130, "killed"),
        ("with run: pass", 0, "finished"),
        ("threading.Thread(target=lambda: run.log({'y': 1})).start()", 0, "finished"),
    ],
)
def test_exit_codes(tmp_path: Path, code: str, exit_code: int, outcome: str) -> None:
    done = recorder_process.run(tmp_path, HEAD + code)
    found = only_log(tmp_path)
    assert (found.exit_code, marker(tmp_path)["exit_code"], marker(tmp_path)["outcome"]) == (
        exit_code,
        exit_code,
        outcome,
    )
    assert found.kinds[-1] == "exit"
    assert found.metrics()[0] == {"x": 1}
    assert (done.returncode == 0) == (exit_code == 0 or code == "run.finish(7)"), done.stderr


def test_a_traceback_is_in_the_console(tmp_path: Path) -> None:
    done = recorder_process.run(tmp_path, HEAD + "1 / 0")
    assert "ZeroDivisionError" in done.stderr
    assert "ZeroDivisionError" in only_log(tmp_path).console


def test_what_was_open_and_held_is_written_at_the_end(tmp_path: Path) -> None:
    recorder_process.run(tmp_path, HEAD + "run.log({'y': 2}, step=9)\nprint('bye')\nsys.exit(2)")
    found = only_log(tmp_path)
    assert found.rows[-1]["_step"] == 9
    assert found.summary["y"] == 2
    assert "bye\n" in found.console
    assert (only_folder(tmp_path) / "files" / "output.log").read_text() == "bye\n"


@posix
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_the_process_as_ever_and_are_recorded(tmp_path: Path, number: int, exit_code: int) -> None:
    process = recorder_process.start(
        tmp_path, HEAD + "run.log({'y': 1}, step=5)\nprint('ready', flush=True)\nsignal.pause()"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    found = only_log(tmp_path)
    assert found.exit_code == exit_code
    assert found.rows[-1]["y"] == 1
    assert marker(tmp_path)["outcome"] == "killed"


@posix
def test_sigterm_in_the_middle_of_logging(tmp_path: Path) -> None:
    for attempt in range(5):
        place = tmp_path / str(attempt)
        place.mkdir()
        process = recorder_process.start(
            place, HEAD + "print('ready', flush=True)\nwhile True: run.log({'loss': 0.5}); print('x' * 50)"
        )
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(100 * attempt):
            process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGTERM
        found = only_log(place)
        assert found.exit_code == 143
        assert [row["_step"] for row in found.rows] == list(range(len(found.rows)))


@posix
def test_a_handler_of_the_script_is_left_alone(tmp_path: Path) -> None:
    code = f"""
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *a: (print('mine'), sys.exit(9)))
{HEAD}
os.kill(os.getpid(), signal.SIGTERM)
"""
    done = recorder_process.run(tmp_path, code)
    assert (done.returncode, done.stdout) == (9, "mine\n")
    assert only_log(tmp_path).exit_code == 9


@posix
@pytest.mark.parametrize("code", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_ends_that_nobody_sees_leave_no_exit_record(tmp_path: Path, code: str) -> None:
    recorder_process.run(tmp_path, HEAD + code)
    assert only_log(tmp_path).exit_code is None
    assert "outcome" not in marker(tmp_path)
    assert only_log(tmp_path).metrics() == [{"x": 1}]


def test_hooks_chain_and_step_out(tmp_path: Path) -> None:
    code = """
import signal, sys
calls = []
def mine(kind, value, trace):
    print('hook', kind.__name__)
sys.excepthook = mine
before = (sys.exit, signal.getsignal(signal.SIGTERM), sys.stdout.write, sys.stderr.write)
import runferry
run = runferry.init()
assert sys.excepthook is not mine
run.finish()
assert sys.excepthook is mine
assert before == (sys.exit, signal.getsignal(signal.SIGTERM), sys.stdout.write, sys.stderr.write)
assert 'write' not in vars(sys.stdout)
second = runferry.init(id='second')
1 / 0
"""
    done = recorder_process.run(tmp_path, code)
    assert done.stdout == "hook ZeroDivisionError\n", done.stderr
    (path,) = tmp_path.glob("wandb/*-second/*.wandb")
    assert Log(path).exit_code == 1


@posix
def test_a_forked_child_writes_nothing_into_its_parents_log(tmp_path: Path) -> None:
    code = (
        HEAD
        + """
run.log({'y': 1}, step=5)
pid = os.fork()
if pid == 0:
    run.log({'forked': 1})
    runferry.log({'forked': 2})
    run.config.forked = 1
    run.summary['forked'] = 1
    print('from the forked one')
    run.finish(8)
    sys.exit(9)
assert os.waitpid(pid, 0)[1] == 9 << 8
run.log({'z': 1})
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    first, part = sorted(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))
    found = Log(first)
    assert "from the forked one" in done.stdout
    assert Log(part).metrics() == [{"forked": 1}, {"forked": 2}]
    assert Log(part).exit_code == 8
    assert "forked" not in repr((found.metrics(), found.config, found.summary, found.console)).replace("to_forked", "")
    assert [row["_step"] for row in found.rows] == [0, 5]
    assert found.exit_code == 0


@posix
def test_a_forked_child_may_begin_a_run_of_its_own(tmp_path: Path) -> None:
    code = (
        HEAD
        + """
import multiprocessing
def work(name):
    with runferry.init(id=name) as own:
        own.log({'mine': name})
        print('hello from', name)
context = multiprocessing.get_context('fork')
children = [context.Process(target=work, args=(f'child{at}',)) for at in range(3)]
for one in children: one.start()
for one in children: one.join()
assert [one.exitcode for one in children] == [0, 0, 0]
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    for at in range(3):
        (path,) = tmp_path.glob(f"wandb/*-child{at}/*.wandb")
        assert Log(path).metrics() == [{"mine": f"child{at}"}]
        assert f"hello from child{at}" in "".join(Log(path).console.splitlines())
    assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 4


@posix
def test_a_fork_while_another_thread_logs(tmp_path: Path) -> None:
    code = (
        HEAD
        + """
stop = threading.Event()
def work():
    while not stop.is_set(): run.log({'t': 0.5})
threads = [threading.Thread(target=work) for _ in range(2)]
for one in threads: one.start()
for _ in range(30):
    pid = os.fork()
    if pid == 0:
        run.log({'forked': 1})
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for one in threads: one.join()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    first, *parts = [Log(path) for path in sorted(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))]
    assert [row["_step"] for row in first.rows] == list(range(len(first.rows)))
    assert not any("forked" in row for row in first.rows)
    assert [part.metrics() for part in parts] == [[{"forked": 1}]] * 30


@pytest.mark.kill
@posix
def test_kill_9_loses_no_row_that_log_returned_from(tmp_path: Path) -> None:
    import random

    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    code = """
import os, runferry
run = runferry.init(settings={'silent': True, 'console': 'off'})
step = 0
while True:
    run.log({'loss': step / 7, 'text': 'x' * (step % 3001)})
    os.write(1, b'%d\\n' % step)
    step += 1
"""
    for attempt in range(6):
        place = tmp_path / str(attempt)
        place.mkdir()
        process = recorder_process.start(place, code)
        assert process.stdout is not None
        wait_for = chance.randrange(2000)
        told = -1
        while told < wait_for:
            told = int(process.stdout.readline())
        process.kill()
        rest = process.communicate(timeout=30)[0]
        told = int(rest.rpartition("\n")[0].rpartition("\n")[2] or told)
        found = only_log(place)
        assert len(found.rows) > told, (seed, attempt)
        assert [row["_step"] for row in found.rows] == list(range(len(found.rows)))


def test_a_prompt_goes_on_after_an_exception(tmp_path: Path) -> None:
    import subprocess

    code = "import runferry\nrun = runferry.init()\n1 / 0\nrun.log({'after': 1})\n"
    subprocess.run(
        [sys.executable, "-i", "-q"],
        input=code,
        text=True,
        cwd=tmp_path,
        env=recorder_process.environment(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    found = only_log(tmp_path)
    assert found.metrics() == [{"after": 1}]
    assert found.exit_code == 0
