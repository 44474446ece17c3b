"""The options about what the app does for a run from outside: measuring, code state, stopping; part of all options."""

from __future__ import annotations

from dataclasses import dataclass

from runferry.settings.option import Kind
from runferry.settings.option import option as _o

MIB = 1024 * 1024


@dataclass(frozen=True)
class MeasuringOptions:
    """How the host is measured, what is kept of a run's code, and how runs are stopped."""

    host_metrics: bool = _o(
        True,
        Kind.SWITCH,
        "Measure this computer",
        "Processors, memory, disks, network and GPUs, for the runs that are trained here.",
        "Host metrics",
    )
    metrics_interval: float = _o(
        2.0,
        Kind.NUMBER,
        "Measure every",
        "One measurement serves all runs.",
        "Host metrics",
        unit="s",
        minimum=0.5,
        maximum=60,
    )
    metrics_average: float = _o(
        30.0,
        Kind.NUMBER,
        "Average over",
        "The mean over this time is sent. 0: every measurement is sent.",
        "Host metrics",
        unit="s",
        minimum=0,
        maximum=3600,
    )
    metrics_disks: tuple[str, ...] = _o(
        ("/",), Kind.NAMES, "Disks", "Folders whose disks are measured.", "Host metrics"
    )
    code_state: bool = _o(
        True,
        Kind.SWITCH,
        "Keep code changes",
        "When a run begins here, keep its repository's uncommitted changes, so that it can be restored.",
        "Privacy",
    )
    diff_limit: int = _o(
        10 * MIB,
        Kind.WHOLE,
        "Largest code changes",
        "Larger ones are not kept.",
        "Privacy",
        unit="bytes",
        minimum=1024,
        maximum=1024 * MIB,
    )
    obey_stop: bool = _o(
        True,
        Kind.SWITCH,
        "Stop runs when the server says so",
        "When somebody presses Stop on the run's page, its training here is interrupted.",
        "Advanced",
    )
    stop_wait: float = _o(
        30.0,
        Kind.NUMBER,
        "Wait for an interrupted training",
        "Then it is told to end (SIGTERM).",
        "Advanced",
        unit="s",
        minimum=1,
        maximum=3600,
    )
