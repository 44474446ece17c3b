"""The real window, without a display: `python window_app.py FOLDER` watches a folder, as the app does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runferry import leaving
from runferry.cli.app import open_window
from runferry.paths import find_home
from runferry.settings import Folder, Settings


def main() -> int:
    home = find_home()
    Settings.load(home.settings_file, os.environ).changed(folders=(Folder(path=sys.argv[1]),)).save(home.settings_file)
    leaving.ours()
    try:
        return open_window(tuple(Path(one) for one in sys.argv[2:]))
    finally:
        leaving.begin()


if __name__ == "__main__":
    sys.exit(main())
