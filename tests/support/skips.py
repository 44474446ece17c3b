"""Which tests may be skipped where everything has to run (`.ci/run` sets RUNFERRY_NO_SKIPS).

There a skipped test fails, unless its reason is on the list below, which is printed at the end.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from support.reports import make_sendable

ALLOWED = {
    "needs a GPU": "machines of CI have none",
    "needs Windows": "run by the GitHub workflow",
    "needs debootstrap": "makes a system of its own; nightly, as root",
    "needs macOS": "run by the GitHub workflow",
    "this system does not let a program make a container": "CI machines may forbid user namespaces",
    "needs a second account": "only root can be another account too; CI's containers run as root",
    "Python 3.": "a version that is not installed here; the GitHub workflow has them all",
}
"""Beginnings of reasons that `pytest.skip` or a mark gives, and why they are allowed."""

VARIABLE = "RUNFERRY_NO_SKIPS"
STRICT = os.environ.get(VARIABLE, "") not in ("", "0")
"""Whether a skipped test fails here. Read once: while a test runs, such variables are cleared."""


def is_allowed(reason: str) -> bool:
    """Whether a test with this reason may be skipped."""
    return reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED))


def refuse(report: Any) -> None:
    """Turn a skipped test's or module's report into a failure, unless its reason is allowed."""
    if not STRICT or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    told = report.longrepr
    reason = str(told[2]) if isinstance(told, tuple) else str(told)
    if not is_allowed(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped, which {VARIABLE} does not allow: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, Any]:
    """A test's setup, call or teardown."""
    report = yield
    refuse(report)
    make_sendable(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: Any) -> Generator[None, Any, Any]:
    """A module that skips itself as a whole."""
    report = yield
    refuse(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The list, so that nobody has to look for it."""
    if STRICT:
        terminalreporter.section("tests that may be skipped here")
        for reason, why in ALLOWED.items():
            terminalreporter.line(f"{reason}: {why}")
