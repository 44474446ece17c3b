"""`runferry` without a command: the app. This version has no window yet: it says so and watches."""

from __future__ import annotations

import argparse

from runferry.cli import watch
from runferry.cli.home import say


def main(args: argparse.Namespace) -> int:
    """Start the app."""
    say("There is no window yet in this version: running as `runferry watch`.")
    return watch.main(argparse.Namespace(folders=[], server="", once=False))
