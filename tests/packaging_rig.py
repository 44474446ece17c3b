"""Builds what is shipped once for all tests, finds Pythons, and runs programs as a person's shell would."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
OUTSIDE = dict(os.environ)
"""The environment as it was before a test cleared it: pip needs this machine's settings for the registries."""

RECORDER_PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")

TRAINING = """
import runferry

run = runferry.init(project="digits", config={"lr": 0.1})
for step in range(50):
    runferry.log({"loss": 1 / (step + 1)})
print("trained")
run.finish()
"""


@dataclass(frozen=True)
class Ran:
    """A program that ended."""

    code: int
    out: str
    err: str


def run(command: list[str | Path], cwd: Path, environ: Mapping[str, str], timeout: float = 120) -> Ran:
    """Run a program to its end."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def build(command: list[str | Path]) -> None:
    """Run a program of the build with the outer environment; what it said is shown when it fails."""
    done = run(command, CHECKOUT, OUTSIDE, timeout=600)
    assert done.code == 0, f"{command}\n{done.out}\n{done.err}"


def find_python(version: str) -> Path | None:
    """A Python of this version that starts: on the path, or one of pyenv's."""
    root = Path(OUTSIDE.get("PYENV_ROOT") or Path(OUTSIDE.get("HOME", "/")) / ".pyenv") / "versions"
    candidates = [*sorted(root.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}"), sys.executable]
    wanted = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for one in candidates:
        if one is not None and run([one, "-c", wanted], CHECKOUT, OUTSIDE).out.strip() == version:
            return Path(one)
    return None


def programs(venv: Path) -> Path:
    """The folder of an environment's programs."""
    return venv / ("Scripts" if os.name == "nt" else "bin")


def make_venv(python: Path, folder: Path, *install: str | Path) -> Path:
    """A bare environment with this installed; gives the folder of its programs.

    Our own pip does it where it runs on that Python (3.10 and later): an environment without one is made in no time.
    Modules are compiled when they are imported: most of what is installed is not.
    """
    into = programs(folder) / "python"
    words: list[str | Path] = ["install", "--quiet", "--no-compile", "--no-warn-script-location", *install]
    if run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"], CHECKOUT, OUTSIDE).code:
        build([python, "-m", "venv", folder])
        build([into, "-m", "pip", *words])
    else:
        build([python, "-m", "venv", "--without-pip", folder])
        build([sys.executable, "-m", "pip", "--python", into, *words])
    return programs(folder)


def surroundings(folder: Path, *paths: Path) -> dict[str, str]:
    """A shell's environment for somebody new: an own home, no settings, a local server on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {
        name: OUTSIDE[name] for name in ("LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP") if name in OUTSIDE
    }
    return {
        **kept,
        "PATH": os.pathsep.join([*(str(one) for one in paths), os.environ["PATH"]]),
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "RUNFERRY_HOME": str(folder / "runferry-home"),
        "RUNFERRY_LOCAL_SERVER_PORT": str(port),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONUTF8": "1",
    }


def json_lines(text: str) -> list[dict[str, Any]]:
    """One object per line."""
    return [json.loads(line) for line in text.splitlines()]
