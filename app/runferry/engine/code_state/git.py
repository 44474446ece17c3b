"""Git as a program that only computes: it never reads the configuration of the repository that it works for.

A repository's own configuration can start programs in some thirty ways (filters, hooks, text conversions, monitors of
the file system, transports …), with more in each version of git. So none of them is switched off one by one: git is
given a directory of our own in the place of ``.git`` (see `shadow`), in which no program is named. Attributes in the
work tree then name filters and drivers that nobody defined, which git passes over. Every call has a limit in time and
size, and no variable that points git elsewhere reaches it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runferry.errors import PermanentError

_LOOK = 0.05  # seconds
_BLOCK = 1 << 16
_CLEAN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_LEFT_OUT = ("GIT_", "SSH_ASKPASS", "XDG_CONFIG_HOME")


class GitFailed(Exception):
    """What git said, or why it was given up, in words."""


@dataclass(frozen=True)
class Limits:
    """`size`: bytes of an answer; `until`: when to give up, by `time.monotonic`; `is_ending`: whether at once."""

    size: int = 1 << 20
    until: float = float("inf")
    is_ending: Callable[[], bool] = lambda: False


class Git:
    """Asks git in the name of one directory, with these variables; None takes one out. Raises GitFailed."""

    def __init__(self, directory: Path, variables: Mapping[str, str | None], limits: Limits) -> None:
        self._directory, self._variables, self._limits = directory, variables, limits

    def text(self, *arguments: str) -> str:
        """The answer without the spaces around it."""
        return self.ask(*arguments).decode("utf-8", "replace").strip()

    def ask(self, *arguments: str, given: bytes = b"", size: int | None = None) -> bytes:
        """The answer. given: what git reads from its input. size: bytes of this answer."""
        limit = self._limits.size if size is None else size
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, not a shell's line
                [program(), "--no-pager", "--no-optional-locks", *arguments],
                cwd=self._directory,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(self._variables),
            )
        except OSError as error:
            raise GitFailed(f"git cannot be started: {error.strerror or error}") from error
        return self._watch(process, given, limit)

    def _watch(self, process: subprocess.Popen[bytes], given: bytes, limit: int) -> bytes:
        """Read and written on threads, so that a git that hangs on a disk can be given up."""
        answer: list[bytes] = []
        said: list[bytes] = []
        threads = [
            threading.Thread(target=_collect, args=(process.stdout, answer, limit + 1), name="git-answer"),
            threading.Thread(target=_collect, args=(process.stderr, said, _BLOCK), name="git-errors"),
        ]
        if process.stdin is not None:
            threads.append(threading.Thread(target=_give, args=(process.stdin, given), name="git-input"))
        for thread in threads:
            thread.start()
        why = self._wait(process, answer, limit)
        for thread in threads:
            thread.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if why:
            raise GitFailed(why)
        if process.returncode:
            raise GitFailed(b"".join(said).decode("utf-8", "replace").strip() or f"git ended with {process.returncode}")
        return b"".join(answer)

    def _wait(self, process: subprocess.Popen[bytes], answer: list[bytes], limit: int) -> str:
        """Wait for its end; why it was ended instead, or empty."""
        while True:
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                why = ""
            else:
                return _too_much(answer, limit)
            if self._limits.is_ending():
                why = "the app is ending"
            elif time.monotonic() > self._limits.until:
                why = "git took longer than it is given"
            elif _too_much(answer, limit):
                why = _too_much(answer, limit)
            if why:
                process.kill()
                process.wait()
                return why


def program() -> str:
    """Git itself. Raises GitFailed where there is none."""
    found = shutil.which("git")
    if found is None or not Path(found).is_absolute():  # never one of the directory that it is asked about
        raise GitFailed("git is not installed")
    return found


def need_git() -> None:
    """Raises AppError where there is no git."""
    try:
        program()
    except GitFailed as error:
        raise PermanentError("no-git", "Git is not installed", str(error), "Install git.") from error


def _too_much(answer: list[bytes], limit: int) -> str:
    return f"it is larger than {limit:,} bytes" if sum(len(one) for one in answer) > limit else ""


def _collect(pipe: object, into: list[bytes], limit: int) -> None:
    """Everything up to a limit; the rest is read and thrown away, so that git never waits for us."""
    size = 0
    read = getattr(pipe, "read1")  # noqa: B009 - a buffered reader
    while block := read(_BLOCK):
        if size < limit:
            into.append(block)
        size += len(block)


def _give(pipe: object, content: bytes) -> None:
    try:
        with pipe:  # type: ignore[attr-defined]
            pipe.write(content)  # type: ignore[attr-defined]
    except OSError:
        pass  # it does not read any more: what it says tells why


def _environment(variables: Mapping[str, str | None]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return {name: value for name, value in {**kept, **_CLEAN, **variables}.items() if value is not None}
