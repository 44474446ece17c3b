"""Git as a program that only reads: no hook, no file system monitor, no text conversion, no external diff.

What a repository's own configuration could start is switched off for each call, variables that point git elsewhere are
left out, and every call has a limit in time and size.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runferry.errors import PermanentError

_OFF = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.pager=cat",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
)
DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--full-index", "--ignore-submodules=dirty")
_LOOK = 0.05  # seconds
_BLOCK = 1 << 16


class GitFailed(Exception):
    """What git said, or why it was given up, in words."""


class Git:
    """Asks one repository. limit: bytes of an answer; seconds: for one call; is_ending: whether to give up at once."""

    def __init__(
        self, root: Path, limit: int = 1 << 20, seconds: float = 20.0, is_ending: Callable[[], bool] = lambda: False
    ) -> None:
        self._root, self._limit, self._seconds, self._is_ending = root, limit, seconds, is_ending

    def text(self, *arguments: str) -> str:
        """The answer without the spaces around it. Raises GitFailed."""
        return self.ask(*arguments).decode("utf-8", "replace").strip()

    def ask(self, *arguments: str, given: bytes = b"") -> bytes:
        """The answer. given: what git reads from its input. Raises GitFailed."""
        command = [program(), "--no-optional-locks", "-C", str(self._root)]
        for one in _OFF:
            command += ["-c", one]
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, not a shell's line
                [*command, *arguments],
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        except OSError as error:
            raise GitFailed(f"git cannot be started: {error.strerror or error}") from error
        return self._watch(process, given)

    def _watch(self, process: subprocess.Popen[bytes], given: bytes) -> bytes:
        """Read on a thread, so that a git that hangs on a disk can be given up."""
        answer: list[bytes] = []
        said: list[bytes] = []
        threads = [
            threading.Thread(target=_collect, args=(process.stdout, answer, self._limit + 1), name="git-answer"),
            threading.Thread(target=_collect, args=(process.stderr, said, _BLOCK), name="git-errors"),
        ]
        for thread in threads:
            thread.start()
        try:
            if given and process.stdin:
                process.stdin.write(given)
                process.stdin.close()
        except OSError:
            pass  # it does not read any more: what it says tells why
        why = self._wait(process, answer)
        for thread in threads:
            thread.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if why:
            raise GitFailed(why)
        if process.returncode:
            raise GitFailed(b"".join(said).decode("utf-8", "replace").strip() or f"git ended with {process.returncode}")
        return b"".join(answer)

    def _wait(self, process: subprocess.Popen[bytes], answer: list[bytes]) -> str:
        """Wait for its end; why it was ended instead, or empty."""
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                why = ""
            else:
                return self._too_much(answer)
            if self._is_ending():
                why = "the app is ending"
            elif time.monotonic() > deadline:
                why = f"git took longer than {self._seconds:g} seconds"
            elif self._too_much(answer):
                why = self._too_much(answer)
            if why:
                process.kill()
                process.wait()
                return why

    def _too_much(self, answer: list[bytes]) -> str:
        size = sum(len(one) for one in answer)
        return f"it is larger than {self._limit:,} bytes" if size > self._limit else ""


def program() -> str:
    """Git itself. Raises GitFailed where there is none."""
    found = shutil.which("git")
    if found is None:
        raise GitFailed("git is not installed")
    return found


def is_own(root: Path) -> bool:
    """Whether a work tree and its repository belong to this account: the configuration of others is not trusted."""
    if sys.platform == "win32":
        return True  # git itself checks the owner there
    try:
        return all(one.lstat().st_uid == os.getuid() for one in (root, root / ".git"))
    except OSError:
        return False


def need_git() -> None:
    """Raises AppError where there is no git."""
    try:
        program()
    except GitFailed as error:
        raise PermanentError("no-git", "Git is not installed", str(error), "Install git.") from error


def _collect(pipe: object, into: list[bytes], limit: int) -> None:
    """Everything up to a limit; the rest is read and thrown away, so that git never waits for us."""
    size = 0
    read = getattr(pipe, "read1")  # noqa: B009 - a buffered reader
    while block := read(_BLOCK):
        if size < limit:
            into.append(block)
        size += len(block)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
