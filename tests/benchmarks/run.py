"""All benchmarks, each beside the real client, in one call: raw samples to JSON, and a table of ratios and targets.

    python tests/benchmarks/run.py [NAME…]

Nothing here asserts a time: a busy machine makes no failure. A missing client, or rows that did not arrive, do.
"""

from __future__ import annotations

import compileall
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import report
from rig import CHECKOUT, PEER, RESULTS, check_peer

MEASUREMENTS = (
    "recording",
    "reading",
    "large_run",
    "second_sync",
    "small_runs",
    "large_row",
    "live_recorder",
    "live_official",
    "damaged",
    "idle",
    "window",
    "sampling",
)


def main(names: list[str]) -> int:
    """Run the named measurements, or all; their results replace earlier ones of the same name."""
    check_peer()
    compileall.compile_dir(CHECKOUT / "app", quiet=2)  # as pip does when it installs the peer, or us from a wheel
    wanted = names or list(MEASUREMENTS)
    RESULTS.mkdir(exist_ok=True)
    out = RESULTS / "latest.json"
    results: dict[str, Any] = {"machine": _machine(), "measurements": {}}
    for name in wanted:
        begin = time.monotonic()
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            result = importlib.import_module(name).measure(Path(folder)).as_dict()
        took = time.monotonic() - begin
        results["measurements"][name] = {**result, "took_s": took, "load_before": load}
        print(f"{name}: {took:.0f} s", file=sys.stderr, flush=True)
    if not names:
        out.write_text(json.dumps(results, indent=1))
        print(f"raw samples: {out}", file=sys.stderr)
    else:
        (RESULTS / f"{'-'.join(names)}.json").write_text(json.dumps(results, indent=1))
    print(report.table(results))
    return 0


def _machine() -> dict[str, Any]:
    """What the figures were taken on."""
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    version = next(PEER.parent.glob("lib/python*/site-packages/wandb-*.dist-info")).name
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "peer": version.removesuffix(".dist-info").replace("-", " "),
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
