"""Why a run is not called verified although the server has what was sent."""

from __future__ import annotations

from collections.abc import Mapping

from runferry.errors import AppError


def file_gone(gone: Mapping[str, str]) -> AppError:
    """Files that the log names and that could not be sent; with the reason of the first."""
    (name, why), others = next(iter(gone.items())), len(gone) - 1
    return AppError(
        "file-gone",
        "A file of the run could not be sent",
        f"{name}: {why}." + (f" And {others} more." if others else ""),
        "Bring the file back to where the run's files folder points, and sync again.",
    )


def lines_too_large(count: int) -> AppError:
    """Lines that no server takes."""
    return AppError(
        "lines-too-large",
        "Some lines are too large for the server",
        f"{count} lines are longer than servers take; all others were sent.",
        "They stay in the run's log on this computer; `runferry inspect` shows it.",
    )
