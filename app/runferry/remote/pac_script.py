"""The process in which a PAC script runs: it reads one question, gives one answer, and can do little else.

The script sees no key and no path, writes no file, and may look names up. Its processor time and memory are bounded by
the system where the system can do that (not on Windows, where only its time is, by whoever started it).
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

FLAG = "--find-proxy"
SECONDS = 3  # of the processor
MEMORY = 512 << 20  # bytes, the interpreter's own among them
_LONGEST = 4096  # characters of an answer


def main() -> int:
    """Answer the question on standard input. Nothing that the script prints gets among the answer."""
    _bound()
    asked = json.loads(sys.stdin.buffer.read())
    with contextlib.redirect_stdout(io.StringIO()):
        told = _answer(asked)
    sys.stdout.write(json.dumps(told))
    return 0


def _answer(asked: dict[str, str]) -> dict[str, str]:
    try:
        from pypac.parser import PACFile

        found = PACFile(asked["script"]).find_proxy_for_url(asked["url"], asked["host"])
        if not isinstance(found, str):
            return {"error": "its answer is no text"}
        return {"answer": found[:_LONGEST]}
    except Exception as error:  # noqa: BLE001 - whatever the script's author did, and whatever the interpreter calls it
        return {"error": f"{type(error).__name__}: {error}"[:_LONGEST]}


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {"CPU": SECONDS, "AS": MEMORY, "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (most, most))
