"""What every measurement uses: both programs, a clean environment, a local server, processes timed and weighed.

Linux only: memory, threads and children are read from /proc.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
RESULTS = CHECKOUT / "bench-results"
CACHE = RESULTS / "cache"
PEER = CHECKOUT / ".venvs" / "wandb" / "bin"
OURS = Path(sys.executable).parent
FOREIGN = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "NO_PROXY", "no_proxy")
SAMPLING = 0.02  # seconds between looks at the memory of a process tree
DEADLINE = 300.0


@dataclass(frozen=True)
class Server:
    """A local server that answers. `data`: its store."""

    url: str
    key: str
    data: Path

    def history(self, project: str, run_id: str) -> Path:
        """Where the rows of a run lie."""
        return self.data / "runs" / "local" / project / run_id / "wandb-history.jsonl"


@dataclass(frozen=True)
class Weight:
    """Peak memory in MiB: of the process that was started, and of it with all its descendants at one moment."""

    process: float
    tree: float


def check_peer() -> None:
    """End here when the real client is missing: figures of one side alone mean nothing."""
    if not (PEER / "wandb").exists():
        raise SystemExit("the real wandb client is missing: run `make peer`")


def environment(home: Path, server: Server | None = None) -> dict[str, str]:
    """Nothing of this machine's settings, a home folder of its own, and the server and its key."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN
        and not name.startswith(("WANDB_", "RUNFERRY_", "PYTHON"))
        and not name.lower().endswith("_proxy")
    }
    home.mkdir(parents=True, exist_ok=True)
    env.update(HOME=str(home), RUNFERRY_HOME=str(home / "runferry"), WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
    if server is not None:
        env.update(WANDB_BASE_URL=server.url, WANDB_API_KEY=server.key)
    return env


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """`runferry serve` on a free port, with a store of its own."""
    data = folder / "store"
    command = [str(OURS / "runferry"), "serve", "--port", "0", "--data", str(data)]
    with started(command, environment(folder / "server-home"), folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = ""
        while "WANDB_API_KEY" not in told:
            line = process.stdout.readline().decode()
            if not line:
                raise RuntimeError(f"the server did not start: {told}")
            told += line
        found = dict(re.findall(r"export (\w+)=(\S+)", told))
        yield Server(found["WANDB_BASE_URL"], found["WANDB_API_KEY"], data)


@contextlib.contextmanager
def started(
    command: Sequence[str | Path],
    env: dict[str, str],
    cwd: Path,
    stdout: int = subprocess.DEVNULL,
    stderr: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to end when the block ends."""
    process = subprocess.Popen([str(one) for one in command], env=env, cwd=cwd, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def watching(watched: Path, folder: Path, server: Server) -> Iterator[None]:
    """`runferry watch`, from when it says that it watches."""
    command = [OURS / "runferry", "watch", watched, "--server", server.url]
    with started(command, environment(folder / "watch-home", server), folder, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith(b"Watching"):
            if not line:
                raise RuntimeError("`runferry watch` ended")
        yield  # the few lines that follow fit into the pipe


def run(command: Sequence[str | Path], env: dict[str, str], cwd: Path) -> str:
    """Run to the end; gives its output. Raises RuntimeError with it when the command fails."""
    done = subprocess.run(
        [str(one) for one in command], env=env, cwd=cwd, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[:3]} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(command: Sequence[str | Path], env: dict[str, str], cwd: Path) -> float:
    """Seconds from start to end."""
    started_at = time.perf_counter()
    run(command, env, cwd)
    return time.perf_counter() - started_at


def weighed(command: Sequence[str | Path], env: dict[str, str], cwd: Path) -> Weight:
    """Run to the end, looking at its memory all the time (that is why it is not timed)."""
    own = tree = 0.0
    with started(command, env, cwd) as process:
        while process.poll() is None:
            own = max(own, _status(process.pid, "VmHWM"))
            tree = max(tree, sum(_status(one, "VmRSS") for one in (process.pid, *descendants(process.pid))))
            time.sleep(SAMPLING)
        if process.returncode:
            raise RuntimeError(f"{command} ended with {process.returncode}")
    return Weight(own, tree)


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def resident(pid: int) -> float:
    """Memory of a process now, in MiB."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    """A size from /proc in MiB; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def runferry_sync(paths: Sequence[Path], server: Server, project: str) -> list[str]:
    """The command as people type it."""
    return [str(OURS / "runferry"), "sync", *map(str, paths), "--server", server.url, "--project", project]


def wandb_sync(paths: Sequence[Path], project: str) -> list[str]:
    """The same for the official client; its marks of earlier calls do not matter."""
    return [str(PEER / "wandb"), "sync", "--include-synced", "-p", project, *map(str, paths)]
