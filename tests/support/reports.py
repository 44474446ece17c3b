"""Makes what a test said fit to be sent between processes: xdist ends a whole run at one lone surrogate.

Paths that are no UTF-8 are among what is tested, so captured logs, output and failures hold such texts.
"""

from __future__ import annotations

from typing import Any


def sendable(text: str) -> str:
    """The text with lone surrogates as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def make_sendable(report: Any) -> None:
    """Change the report of a test or of a module so that it can be sent."""
    report.sections = [(name, sendable(text)) for name, text in report.sections]
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        shown = str(report.longrepr)
        if sendable(shown) != shown:
            report.longrepr = sendable(shown)
