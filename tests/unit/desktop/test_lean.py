"""Importing the window does not keep the source text of every module in memory."""

import subprocess
import sys

CODE = """
import linecache
import runferry.desktop.launch
import runferry.engine.engine
print(sum("runferry" in one for one in linecache.cache))
"""


def test_no_source_text_is_kept() -> None:
    # In an interpreter of its own: this one imported Qt before.
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0", done.stderr
