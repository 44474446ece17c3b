"""Apple's graphics: its use is only told to programs with root rights, which this app never has. It says so."""

from __future__ import annotations

import sys

from runferry.metrics.gpu import GpuReading

REASON = "macOS tells the use of Apple's GPU only to root (powermetrics)"


class Apple:
    """No values, and the reason."""

    def __init__(self, platform: str = sys.platform) -> None:
        self._platform = platform

    def measure(self, now: float) -> GpuReading:
        """See `gpu.Cards`."""
        return GpuReading(reasons={"gpu.apple": REASON}) if self._platform == "darwin" else GpuReading()

    def close(self) -> None:
        """Nothing is open."""
