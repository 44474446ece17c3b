"""Runs of the sizes that people have, made on the fly by the recorder; nothing of it is committed.

`python real_sizes.py FOLDER KIND [SIZE]` makes one; tests call `make`.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

MB = 1 << 20
ROW = 4000  # bytes of text in each row of the large log


def large_log(size: int = 200 * MB, hold: float = 0.0) -> None:
    """A log of so many bytes; hold: seconds that its training goes on afterwards."""
    import runferry

    run = runferry.init(project="sizes", id="large", mode="online")
    text = "".join(chr(97 + n % 26) for n in range(ROW))
    for step in range(size // (ROW + 200)):
        run.log({"loss": 1 / (step + 1), "text": text})
    print("written", flush=True)
    time.sleep(hold)
    run.finish()


def large_config(size: int = 10 * MB) -> None:
    """A config of so many bytes, half of it numbers."""
    import runferry

    config = {"ids": list(range(size // 16)), "text": "c" * (size // 2)}
    run = runferry.init(project="sizes", id="config", config=config, mode="online")
    run.log({"loss": 1.0})
    run.finish()


def large_row(size: int = 20 * MB) -> None:
    """A row of so many bytes between two small ones."""
    import runferry

    run = runferry.init(project="sizes", id="row", mode="online")
    run.log({"loss": 1.0})
    run.log({"loss": 2.0, "blob": "r" * size})
    run.log({"loss": 3.0})
    run.finish()


def many_keys(size: int = 5000) -> None:
    """Rows of so many keys."""
    import runferry

    run = runferry.init(project="sizes", id="keys", mode="online")
    for step in range(20):
        run.log({f"layer{n}/weight": step + n / 7 for n in range(size)})
    run.finish()


def many_files(size: int = 2000) -> None:
    """A run that saved so many files."""
    import runferry

    run = runferry.init(project="sizes", id="files", mode="online")
    for n in range(size):
        path = Path(run.dir) / f"part{n % 50}" / f"file{n}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{n}\n" * 20)
    run.save(f"{run.dir}/*/*.txt", base_path=run.dir)
    run.log({"loss": 1.0})
    run.finish()


def many_runs(size: int = 10_000) -> None:
    """So many finished runs: one recorded, the others its copies under ids of their own."""
    import runferry

    run = runferry.init(project="sizes", id="run00000", mode="online")
    run.log({"loss": 1.0})
    run.finish()
    (first,) = Path.cwd().glob("wandb/*-run00000")
    log = (first / "run-run00000.wandb").read_bytes()
    from runferry.wire.scanning import BLOCK  # the records' checksums are made anew

    assert len(log) < BLOCK
    for n in range(1, size):
        name = f"run{n:05}"
        copy = first.with_name(first.name.replace("run00000", name))
        shutil.copytree(first, copy, symlinks=True)
        (copy / "run-run00000.wandb").unlink()
        (copy / f"run-{name}.wandb").write_bytes(_renamed(log, b"run00000", name.encode()))
        marker = copy / "runferry.json"
        marker.write_text(marker.read_text().replace("run00000", name))


def _renamed(log: bytes, old: bytes, new: bytes) -> bytes:
    """The same log of another run: ids of one length, so that only checksums change."""
    import struct
    import zlib

    data, at = bytearray(log.replace(old, new)), 7
    while at + 7 <= len(data):
        _, length, kind = struct.unpack_from("<IHB", data, at)
        payload = bytes(data[at + 7 : at + 7 + length])
        struct.pack_into("<I", data, at, zlib.crc32(bytes([kind]) + payload))
        at += 7 + length
    return bytes(data)


KINDS: dict[str, Callable[..., None]] = {
    one.__name__: one for one in (large_log, large_config, large_row, many_keys, many_files, many_runs)
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*(float(one) if "." in one else int(one) for one in sys.argv[2:]))
