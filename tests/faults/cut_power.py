"""Runs `runferry serve` on a disk that remembers what was put down: for the simulation of a power cut.

Simulated: the kernel keeps everything in memory until `fsync` is called, for a file its content, for a folder the names
in it. At each such call a copy of exactly that is kept. What a power cut leaves is made of these copies afterwards, by
`left_over`; the most cruel disk, since a real one may have put down more. SQLite's own calls are not seen, so of the
index nothing is left.

    python cut_power.py MIRROR serve --data …
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from pathlib import Path

_REAL = {name: getattr(os, name) for name in ("fsync", "fdatasync")}


class Mirror:
    """The copies, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[int] = []

    def keep(self, handle: int) -> None:
        """What is put down now."""
        found = os.fstat(handle)
        self._held.append(os.dup(handle))  # so that no other file gets this one's number
        if stat.S_ISDIR(found.st_mode):
            names = {
                one.name: ["d" if one.is_dir(follow_symlinks=False) else "f", one.inode()] for one in os.scandir(handle)
            }
            self._put(f"d{found.st_ino}", json.dumps(names).encode())
        else:
            self._put(f"f{found.st_ino}", os.pread(handle, found.st_size, 0) if _readable(handle) else _read(handle))

    def _put(self, name: str, content: bytes) -> None:
        partial = self._folder / f"{name}.{os.getpid()}-{len(self._held)}"
        partial.write_bytes(content)
        partial.replace(self._folder / name)


def _readable(handle: int) -> bool:
    import fcntl

    return fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY


def _read(handle: int) -> bytes:
    return Path(f"/proc/self/fd/{handle}").read_bytes()


def left_over(mirror: Path, before: Path, after: Path, *, with_names: bool) -> None:
    """Make in `after` what the cut leaves of the folder `before`.

    with_names: the disk has put down all names at once, also of files whose content is still in memory.
    """
    after.mkdir()
    kept = mirror / f"d{before.stat().st_ino}"
    told = json.loads(kept.read_text()) if kept.exists() else {}
    names = {one.name: ["d" if one.is_dir() else "f", one.stat().st_ino] for one in before.iterdir()}
    for name, (kind, number) in (names if with_names else told).items():
        if kind == "d":
            if (before / name).is_dir():
                left_over(mirror, before / name, after / name, with_names=with_names)
            continue
        content = mirror / f"f{number}"
        if content.exists():
            shutil.copyfile(content, after / name)
        else:
            (after / name).touch()


def main() -> int:
    mirror = Mirror(Path(sys.argv[1]))
    for name, real in _REAL.items():

        def call(handle: int, real: object = real) -> None:
            real(handle)  # type: ignore[operator]
            mirror.keep(handle)

        setattr(os, name, call)
    from runferry.cli.main import run

    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
