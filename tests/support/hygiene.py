"""What no committed file should have: conflict marks, trailing spaces, no newline at its end, a megabyte.

A pre-commit hook calls it with file names; exit code 1 names what is wrong.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LARGEST = 1024 * 1024
CONFLICT = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
TRAILING = re.compile(rb"[ \t]+$", re.MULTILINE)
BINARY = {".xz", ".png", ".wandb"}


def faults(path: Path) -> list[str]:
    """What is wrong with a file, in words."""
    data = path.read_bytes()
    found = [f"larger than {LARGEST // 1024} kB"] if len(data) > LARGEST else []
    if path.suffix in BINARY:
        return found
    if CONFLICT.search(data):
        found.append("conflict marks")
    if TRAILING.search(data):
        found.append("spaces at the end of a line")
    if data and not data.endswith(b"\n"):
        found.append("no newline at the end")
    return found


def main(names: list[str]) -> int:
    """Check these files."""
    wrong = [f"{name}: {fault}" for name in names if Path(name).is_file() for fault in faults(Path(name))]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
