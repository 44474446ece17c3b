"""Makes tests/fixtures/before.tar.xz: run folders, state and store as commit f90d7c4 left them.

    git worktree add /tmp/before f90d7c4
    PYTHONPATH=/tmp/before/app:tests python tests/support/make_before.py tests/fixtures/before.tar.xz

Everything in it was called verified then: `alone`, a run with a file and a console, and `parts`, whose second log took
the place of the first one's summary and config on the server.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from pathlib import Path

import runferry
from support.processes import python, serving
from support.processes import runferry as command

ALONE = """
import pathlib, runferry
pathlib.Path("kept.txt").write_text("kept")
with runferry.init(project="before", id="alone", name="named", config={"lr": 0.1, "deep": {"x": 1}}) as run:
    run.define_metric("loss", summary="min,mean")
    for step in range(20):
        run.log({"loss": 20 - step, "nested": {"a": step}})
    print("hello")
    run.save("kept.txt")
"""
PART = """
import runferry, sys
with runferry.init(project="before", id="parts", resume="allow", config={%r: 1}) as run:
    run.define_metric("loss", summary="min,mean")
    for value in %r:
        run.log({"loss": value, %r: value})
    run.summary[%r] = 1
    print(%r)
"""


def main() -> None:
    """Make it."""
    top = Path(tempfile.mkdtemp())
    work = top / "work"
    work.mkdir()
    os.environ.update(RUNFERRY_HOME=str(top / "home"), HOME=str(top))
    with serving(top / "store") as server:
        python(ALONE, work)
        python(PART % ("c1", [5, 1, 9], "a", "s1", "one"), work)
        python(PART % ("c2", [4, 2], "b", "s2", "two"), work)
        for one in sorted((work / "wandb").glob("offline-run-*")):
            done = command("sync", one, "--json", **server.environ)
            assert done.object["state"] == "verified", done.out + done.err
    (work / "wandb" / "latest-run").unlink()
    with tarfile.open(sys.argv[1], "w:xz", preset=9, dereference=True) as archive:
        for name in ("work/wandb", "home/state/runferry.db", "store"):
            archive.add(top / name, name)


if __name__ == "__main__":
    print(runferry.__file__)
    main()
