"""What the recorder must not do: start processes or threads, open sockets, load packages, take long to import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import recorder_process
from recorder_log import only_log

ALL = Path(__file__).resolve().parents[2] / "contracts" / "recorder" / "train_all.py"


def test_no_process_no_thread_no_socket(tmp_path: Path) -> None:
    code = f"""
import os, sys
seen = []
FORBIDDEN = ('subprocess.', 'os.system', 'os.posix_spawn', 'os.fork', 'os.exec', 'os.spawn', 'socket.', 'pty.')
sys.addaudithook(lambda event, arguments: seen.append(event) if event.startswith(FORBIDDEN) else None)
import _thread, threading
real = _thread.start_new_thread
def refuse(*arguments):
    seen.append('thread')
    return real(*arguments)
_thread.start_new_thread = threading._start_new_thread = refuse
sys.argv = [{str(ALL)!r}, {str(tmp_path)!r}]
try:
    exec(compile(open({str(ALL)!r}).read(), {str(ALL)!r}, 'exec'))
except SystemExit:
    pass
import runferry
runferry.finish()
tasks = len(os.listdir('/proc/self/task')) if os.path.isdir('/proc/self/task') else 1
sys.__stdout__.write(repr((seen, tasks, threading.active_count())))
"""
    done = recorder_process.run(tmp_path, code)
    assert done.stdout.endswith("([], 1, 1)"), done.stdout + done.stderr
    assert "socket" not in done.stderr


def test_the_audit_would_have_noticed(tmp_path: Path) -> None:
    code = """
import sys
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event.startswith(('subprocess.', 'socket.')) else None)
import socket, subprocess
socket.socket().close()
subprocess.run([sys.executable, '-c', ''])
assert {'socket.__new__', 'subprocess.Popen'} <= set(seen), seen
"""
    assert recorder_process.run(tmp_path, code).returncode == 0


def test_only_the_standard_library_is_loaded(tmp_path: Path) -> None:
    code = f"""
import sys
sys.argv = [{str(ALL)!r}, {str(tmp_path)!r}]
before = set(sys.modules)
try:
    exec(compile(open({str(ALL)!r}).read(), {str(ALL)!r}, 'exec'))
except SystemExit:
    pass
names = {{name.split('.')[0] for name in set(sys.modules) - before}}
names -= {{'runferry', '__mp_main__'}}
assert names <= set(sys.stdlib_module_names), names - set(sys.stdlib_module_names)
heavy = {{'socket', 'subprocess', 'asyncio', 'multiprocessing', 'ssl', 'logging', 'inspect', 'configparser'}}
assert not names & heavy, names & heavy
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr


def test_import_takes_at_most_30_ms(tmp_path: Path) -> None:
    """The best of ten fresh interpreters with compiled modules: the machine may be busy, the code may not be slow."""
    code = "import time\nbegin = time.perf_counter()\nimport runferry\nprint(time.perf_counter() - begin)"
    path = recorder_process.script(tmp_path, code)
    environment = recorder_process.environment(PYTHONPYCACHEPREFIX=str(tmp_path / "cache"))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times = [
        float(
            subprocess.run(
                [sys.executable, str(path)], env=environment, capture_output=True, check=True, timeout=60
            ).stdout
        )
        for _ in range(10)
    ]
    assert min(times) < 0.030, times


def _pythons() -> list[str]:
    found = []
    for name in ("3.8", "3.9", "3.10", "3.12", "3.13"):
        places = (
            sorted((Path.home() / ".pyenv" / "versions").glob(f"{name}.*/bin/python")) if Path.home().exists() else []
        )
        real_home = os.path.expanduser("~" + os.environ.get("USER", "")) if os.name == "posix" else ""
        places += sorted(Path(real_home, ".pyenv", "versions").glob(f"{name}.*/bin/python")) if real_home else []
        found.append(str(places[-1]) if places else shutil.which(f"python{name}") or "")
    return found


@pytest.mark.parametrize(("name", "python"), list(zip(("3.8", "3.9", "3.10", "3.12", "3.13"), _pythons(), strict=True)))
def test_it_works_on_every_python(tmp_path: Path, name: str, python: str) -> None:
    if not python:
        pytest.skip(f"Python {name} is not installed here")
    done = subprocess.run(
        [python, "-W", "error", str(ALL), str(tmp_path)],
        cwd=tmp_path,
        env=recorder_process.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    found = only_log(tmp_path)
    assert len(found.rows) == 10
    assert found.exit_code == 3
    assert found.config["layers"] == {"n": 3}
    assert found.all("environment")[0].python.startswith(f"CPython {name}.")
