"""Why a run is not sent, or not called verified although the server has what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from runferry.errors import AppError, PermanentError, TemporaryError
from runferry.formats.entries import FileEntry
from runferry.inert import inert
from runferry.state.deliverables import SetAside
from runferry.sync.links import HIDDEN_IN_HOME, Spot

TOLD = 5  # lines that are told one by one
MOST_LINKS = 50


def links_left_out(left: Mapping[str, Spot], gone: Mapping[str, str]) -> AppError:
    """Files that a link leads out of the run's folder and that were not sent. gone: those that cannot be sent."""
    told = [f"{inert(name)} → {inert(spot.real)} ({spot.why})" for name, spot in list(left.items())[:MOST_LINKS]]
    more = f"; and {len(left) - MOST_LINKS} more" if len(left) > MOST_LINKS else ""
    also = f". {file_gone(gone).message}" if gone else "."
    hint = " One that is hidden in a home folder has to be named: --follow-link FILE."
    needs_name = any(spot.why == HIDDEN_IN_HOME for spot in left.values())
    return AppError(
        "links-left-out",
        "Links out of the run's folder were not followed",
        "; ".join(told) + more + also,
        "If these files are meant to be sent, sync the run with --follow-links, or with the tick for it in the window."
        + (hint if needs_name else ""),
    )


def file_gone(gone: Mapping[str, str]) -> AppError:
    """Files that the log names and that could not be sent; with the reason of the first."""
    (name, why), others = next(iter(gone.items())), len(gone) - 1
    return AppError(
        "file-gone",
        "A file of the run could not be sent",
        f"{inert(name)}: {why}." + (f" And {others} more." if others else ""),
        "Bring the file back to where the run's files folder points, and sync again.",
    )


def names_taken(made: Iterable[str], saved: Mapping[str, FileEntry]) -> AppError | None:
    """Files that a person saved under a name that every run's own file has; None where there is none.

    made: the names of the run's own files.
    """
    told = ", ".join(inert(name) for name in sorted(made) if name in saved and saved[name].kind == "other")
    if not told:
        return None
    return AppError(
        "name-taken",
        "A saved file has a name that the run needs itself",
        f"{told}: every run has a file of this name, which was sent; yours was not.",
        "Save it under another name.",
    )


def lines_too_large(lines: Sequence[SetAside]) -> AppError:
    """Lines that no server takes; the first of them one by one."""
    count, told = len(lines), "; ".join(_describe(one) for one in lines[:TOLD])
    others = f"; and {count - TOLD} more" if count > TOLD else ""
    return AppError(
        "lines-too-large",
        "Some lines are too large for the server",
        f"{count} {'line is' if count == 1 else 'lines are'} longer than servers take; all others were sent: "
        f"{told}{others}.",
        "They stay in the run's log on this computer; `runferry inspect` shows it.",
    )


def _describe(line: SetAside) -> str:
    """Like "history line 17, step 17, 11.2 MB, most of it in 'table'". Lines are counted from 1."""
    parts = [f"{line.stream} line {line.line + 1}"]
    if line.step is not None:
        parts.append(f"step {line.step}")
    parts.append(f"{line.size / 1e6:.1f} MB" if line.size >= 100_000 else f"{line.size / 1e3:.1f} kB")
    return ", ".join(parts) + (f", most of it in {line.largest!r}" if line.largest else "")


def folder_gone(path: Path) -> AppError:
    """A run's folder was taken away while it was known."""
    return AppError(
        "folder-gone",
        "The run's folder is gone",
        f"{path} was removed or moved away; what was delivered before stays on the server.",
        "If it was moved out of the watched folders, sync it from where it is now.",
    )


def not_as_sent(wrong: list[str]) -> AppError:
    """The comparison at the end found differences that stay."""
    return AppError(
        "not-as-sent",
        "The server does not have what was sent",
        "; ".join(wrong) + ".",
        "Upload it as a new run with `runferry sync --new PATH`, and tell whoever runs the server.",
    )


def folder_unreadable(path: Path, error: OSError) -> AppError:
    """The disk does not give what is to be sent."""
    return TemporaryError(
        "run-unreadable",
        "The run's folder cannot be read",
        f"{path}: {error.strerror or error}.",
        "Check that the folder is there and readable; Runferry tries again by itself.",
        error,
    )


def log_empty(log: Path) -> AppError:
    """Nobody writes a log that does not say which run it is of."""
    return PermanentError(
        "log-empty",
        "The run's log is empty",
        f"{log} holds no record of a run.",
        "If its training still runs, it is sent as soon as it writes; otherwise nothing can be sent of it.",
    )


def log_replaced(log: Path) -> AppError:
    """It is to be read from the front."""
    return TemporaryError(
        "log-replaced",
        "The run's log was replaced",
        f"{log} is another file than a moment ago.",
        "Nothing needs to be done: it is read from the front.",
    )
