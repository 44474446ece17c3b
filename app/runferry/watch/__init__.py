"""Finds run folders and notices when they grow."""

from runferry.watch.discovery import RunFolder, Scan, scan
from runferry.watch.watcher import Watcher

__all__ = ["RunFolder", "Scan", "Watcher", "scan"]
