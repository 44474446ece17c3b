"""How fast the reader is: bytes and rows per second, and peak memory, on a log as wandb-core writes it.

    python tests/benchmarks/reader_bench.py [--rows N] [--log FILE] [--keep FILE]

Without --log it writes one itself: per row two summary records and one history record with 10 metrics, keys nested,
order shuffled, as wandb 0.31 does it. The reader runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from runferry.formats.log_reader import LogReader
from runferry.formats.messages import CLASSES
from runferry.wire.scanning import BLOCK, FILE_HEADER, FIRST, FULL, HEADER, LAST, MIDDLE, Scanner


class LogFile:
    """Frames records in blocks."""

    def __init__(self) -> None:
        self.data = bytearray(FILE_HEADER)

    def add(self, payload: bytes) -> None:
        first = True
        while True:
            left = BLOCK - len(self.data) % BLOCK
            if left < HEADER:
                self.data += bytes(left)
                left = BLOCK
            piece, payload = payload[: left - HEADER], payload[left - HEADER :]
            kind = (FULL if first else LAST) if not payload else (FIRST if first else MIDDLE)
            checksum = zlib.crc32(piece, zlib.crc32(bytes([kind])))
            self.data += struct.pack("<IHB", checksum, len(piece), kind) + piece
            first = False
            if not payload:
                return


def values(step: int, steps: int) -> dict[str, str]:
    """The metrics of one row as JSON."""
    return {
        "train/loss": repr(math.exp(-step / 5e4) + 0.01 * math.sin(step)),
        "train/acc": repr(1 - math.exp(-step / 4e4)),
        "lr": repr(1e-5 * (1 - step / steps)),
        "epoch": str(step // 1000),
        "grad/norm": repr(1 + 0.5 * math.sin(step / 10)),
        "sys/samples_per_s": str(1000 + step % 97),
        "val/loss": repr(math.cos(step / 1e4)),
        "noise": repr(((step * 1103515245 + 12345) % 2**31) / 2**31),
        "counter": str(step),
        "flag": str(step % 2),
    }


def make_log(path: Path, rows: int) -> None:
    """Write the log; about a kilobyte per row."""
    rng = random.Random(7)
    record, out, number = CLASSES["Record"], LogFile(), 0
    item = CLASSES["HistoryItem"]

    def emit(filled: object) -> None:
        nonlocal number
        number += 1
        filled.num = number  # type: ignore[attr-defined]
        getattr(filled, "_info").stream_id = "benchrun"  # noqa: B009
        out.add(filled.SerializeToString())  # type: ignore[attr-defined]

    def items(pairs: dict[str, str]) -> list[bytes]:
        keys = list(pairs)
        rng.shuffle(keys)
        return [item(nested_key=[key], value_json=pairs[key]).SerializeToString() for key in keys]

    header, run = record(), record()
    header.header.version_info.producer = "0.31.0+bench"
    run.run.run_id, run.run.project, run.run.start_time.seconds = "benchrun", "bench", 1_795_000_000
    emit(header)
    emit(run)
    for step in range(rows):
        shared = values(step, rows)
        own = {"_timestamp": f"{1795000000 + step * 0.01!r}", "_runtime": repr(step * 0.01), "_step": str(step)}
        clock, summary, history = record(), record(), record()
        wandb = item(nested_key=["_wandb", "runtime"], value_json=str(step // 100)).SerializeToString()
        clock.summary.update.extend([wandb, *items({"_runtime": own["_runtime"]})])
        summary.summary.update.extend(items({**shared, **own}))
        history.history.item.extend(items({**shared, **own}))
        history.history.step.num = step
        for one in (clock, summary, history):
            emit(one)
    end = record()
    end.exit.exit_code = 0
    emit(end)
    path.write_bytes(out.data)


def measure(path: Path) -> None:
    """Scan, then read, and print both."""
    size = path.stat().st_size
    started, cpu = time.perf_counter(), time.process_time()
    scanner = Scanner()
    records = 0
    with path.open("rb") as file:
        while True:
            cut = scanner.read(file, finished=True)
            records += len(cut.records)
            if cut.at_end:
                break
    print(f"cut    {size / 1e6:8.1f} MB {records:8d} records  {time.perf_counter() - started:6.2f} s", end="")
    print(f"  cpu {time.process_time() - cpu:6.2f} s")
    started, cpu = time.perf_counter(), time.process_time()
    reader, rows, text = LogReader(path), 0, 0
    while True:
        batch = reader.read(finished=True)
        rows += len(batch.history)
        text += sum(map(len, batch.history))
        if batch.at_end:
            break
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"read   {size / 1e6:8.1f} MB {rows:8d} rows     {took:6.2f} s  cpu {cpu:6.2f} s", end="")
    print(f"  {size / 1e6 / took:6.0f} MB/s {rows / took:8.0f} rows/s  {text / 1e6:.1f} MB of lines")
    print(f"summary {len(reader.content.summary.text())} characters; gaps {reader.content.gaps}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.log:
        measure(options.log)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "run-bench.wandb"
        make_log(path, options.rows)
        subprocess.run([sys.executable, __file__, "--log", str(path)], check=True)


if __name__ == "__main__":
    main()
