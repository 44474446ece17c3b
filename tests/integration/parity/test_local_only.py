"""Nothing leaves the machine, and the training starts nothing: told by the kernel, not by ourselves."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from support import stores, training
from support.processes import RUNFERRY, end, environment, run, started, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux only")

_ADDRESS = re.compile(r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_STARTS = re.compile(r"\b(clone3?|v?fork|execve|socket|socketpair)\(([^\n]*)")


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.fail("strace is missing: apt-get install strace (as root)")
    return found


def traced(strace: str, calls: str, output: Path, *command: str) -> tuple[str, ...]:
    return (strace, "-f", "-qq", "-e", f"trace={calls}", "-o", str(output), *command)


def addresses(output: Path) -> list[str]:
    return [one or two for one, two in _ADDRESS.findall(output.read_text(errors="replace"))]


def test_with_the_local_server_no_connection_leaves_the_machine(strace: str, work: Path, tmp_path: Path) -> None:
    """`watch` starts `serve`, a training is watched, `sync` and `verify` follow: every address is loopback."""
    script = work / "train.py"
    script.write_text(training.recorded("watched"))
    calls, log = "connect,sendto,sendmsg,sendmmsg", work / "watch.log"
    outputs = [tmp_path / name for name in ("watch", "train", "sync", "verify")]
    home = Path(environment()["RUNFERRY_HOME"])
    command = traced(strace, calls, outputs[0], *RUNFERRY, "watch", str(work), "--server", "local")
    with started(*command, cwd=work, log=log) as watch:
        until(lambda: "Press Ctrl+C" in log.read_text(), "the watch is ready")
        done = run(*traced(strace, calls, outputs[1], RUNFERRY[0], str(script)), cwd=work)
        assert done.code == 0, done.err
        (store,) = [one.parent for one in home.rglob("store.json")]
        until(
            lambda: stores.exists(store, "watched") and stores.read(store, "watched").record["state"] == "finished",
            f"the run is closed on the server: {log.read_text()}",
        )
        done = run(*traced(strace, calls, outputs[2], *RUNFERRY, "sync", str(work), "--server", "local"), cwd=work)
        assert done.code == 0, done.err
        # strace passes SIGTERM to nobody: the watch itself is ended, and strace ends with it.
        watch_pid = int(outputs[0].read_text(errors="replace").split(maxsplit=1)[0])
        run("kill", "-TERM", str(watch_pid))
        until(lambda: watch.poll() is not None, "the watch has ended")
        end(watch)
    (folder,) = (work / "wandb").glob("offline-run-*")
    done = run(*traced(strace, calls, outputs[3], *RUNFERRY, "verify", str(folder), "--deep"), cwd=work)
    assert done.code == 0, done.out + done.err
    assert len(stores.read(store, "watched").rows) == 43
    seen = {output.name: addresses(output) for output in outputs}
    assert seen["watch"], "strace saw nothing: the check would prove nothing"
    assert seen["verify"]
    assert seen["train"] == []
    assert {one for each in seen.values() for one in each} <= {"127.0.0.1", "::1"}


def test_the_training_starts_nothing(strace: str, work: Path, tmp_path: Path) -> None:
    """No network socket, no child, no thread in the training process, but the `execve` that strace itself makes.

    glibc asks its own name service cache through a local socket when the user's name is looked up (`getpwuid`).
    """
    script = work / "train.py"
    script.write_text(training.recorded())
    output = tmp_path / "trace"
    calls = "clone,clone3,fork,vfork,execve,socket,socketpair,connect"
    done = run(*traced(strace, calls, output, RUNFERRY[0], str(script)), cwd=work)
    assert done.code == 0, done.err
    traced_text = output.read_text(errors="replace")
    assert {one for one in re.findall(r"connect\((.*)", traced_text) if "/run/nscd/socket" not in one} == set()
    found = [one for one in _STARTS.findall(traced_text) if not (one[0] == "socket" and one[1].startswith("AF_UNIX"))]
    assert [name for name, _ in found if name == "execve"] == ["execve"], found
    assert [(name, told) for name, told in found if name != "execve"] == []
