"""Where the sync gets measurements of runs from; the engine gives it one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from runferry.state.samples import SampleFile


class SampleSource(Protocol):
    """Where measurements of runs come from."""

    def files(self, identity: str, run_folder: Path) -> Sequence[SampleFile]:
        """Files with measurements of a run. identity: of its log."""

    def finish(self, run_folder: Path) -> None:
        """The run is over: what was measured and not written yet is written now."""


class NoSamples:
    """Nothing is measured."""

    def files(self, identity: str, run_folder: Path) -> Sequence[SampleFile]:
        """See SampleSource."""
        return ()

    def finish(self, run_folder: Path) -> None:
        """See SampleSource."""
