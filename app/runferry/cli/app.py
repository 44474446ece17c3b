"""`runferry` without a command: the app, with its window where there is a display and Qt, else as `runferry watch`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from runferry.cli import watch
from runferry.cli.display import why_no_window
from runferry.cli.home import owned_engine, prepare
from runferry.cli.output import say
from runferry.cli.taking_over import take_place


def main(args: argparse.Namespace) -> int:
    """Start the app, or raise the window of the one that runs."""
    missing = why_no_window()
    if missing:
        say(f"{missing.rstrip('.')}. Running without a window, as `runferry watch`.")
        parser = argparse.ArgumentParser()
        watch.add_arguments(parser)
        return watch.main(parser.parse_args([]))
    return open_window((), hidden=bool(getattr(args, "hidden", False)))


def open_window(paths: Sequence[Path], hidden: bool = False) -> int:
    """The window of the app that runs, or of this process until it ends; for these paths its sheet is opened."""
    around = prepare()
    if not take_place(around, paths):
        return 0
    with owned_engine(around, "app") as engine:
        from runferry.desktop.launch import run

        return run(engine, hidden, paths)
