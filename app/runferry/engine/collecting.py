"""`runferry watch --collect`: measures beside a job on a computer without a network.

Writes one file of JSON lines into each run's folder, which travels with the run and is sent by a later sync. Keeps no
state, sends nothing, and needs no lock.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runferry.engine.host_metrics import options
from runferry.engine.residents import Residents
from runferry.formats.detect import RunFolder, identify
from runferry.metrics.collector import Collector, LiveRun
from runferry.settings import Settings
from runferry.state.samples import COLLECTED, SampleStore, last_row
from runferry.watch.discovery import scan

LOOK = 5.0  # seconds between two looks for runs


class Collecting:
    """Between `start` and `stop`."""

    def __init__(self, folders: Sequence[Path], settings: Settings) -> None:
        self._folders = tuple(folders)
        host = re.sub(r"[^A-Za-z0-9_-]+", "-", platform.node()) or "host"
        self._name = f"{COLLECTED}-{host}-{os.getpid()}.jsonl"  # two of us never write into one file
        self._residents = Residents(self._name)
        self._store = SampleStore(Path())
        self._collector = Collector(options(settings), self._find, self._keep, self._previous, find_every=LOOK)

    def start(self) -> None:
        """Begin to measure."""
        self._collector.start()

    def stop(self) -> None:
        """End; what was measured is written."""
        self._collector.stop()

    def _find(self) -> list[LiveRun]:
        found = [identify(run.path) for folder in self._folders for run in scan(folder).runs]
        return self._residents.find([one for one in found if isinstance(one, RunFolder)])

    def _path(self, run: LiveRun) -> Path:
        return Path(run.key) / self._name

    def _keep(self, run: LiveRun, rows: Sequence[str]) -> None:
        self._store.append(self._path(run), rows)

    def _previous(self, run: LiveRun) -> Mapping[str, Any]:
        return last_row(self._path(run))
