"""The files of one run and what became of each: sent, due, kept here, gone. Looks at names and sizes only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runferry.formats.entries import FileEntry
from runferry.inert import inert
from runferry.state.deliverables import SentFile
from runferry.status import Word
from runferry.sync.links import RunLinks, Spot
from runferry.sync.run_files import why_not_a_name
from runferry.sync.wishes import Wishes, glob_matches

MOST_LISTED = 10_000


class FileState(Word):
    """What became of a file of a run."""

    SENT = "sent"
    DUE = "due"
    AT_END = "at the end"  # sent when the run ends
    KEPT = "kept here"
    GONE = "gone"
    NOT_NAMED = "not part of the run"  # lies in the folder, and the log does not name it


@dataclass(frozen=True)
class FileDetail:
    """One file. `name`: relative to the run's files; `size`: bytes, None where it is not there; `why` is for people.

    made: made from the log when the run ends, so it need not lie on this disk.
    """

    name: str
    size: int | None
    state: FileState
    why: str = ""
    made: bool = False


def file_details(
    folder: Path,
    links: RunLinks,
    named: Mapping[str, FileEntry],
    sent: Mapping[str, SentFile],
    made: Iterable[str],
    wishes: Wishes,
    is_over: bool,
) -> tuple[FileDetail, ...]:
    """All files that the log names, that were sent or that lie there; at most 10,000, in the order of their names.

    links: says which of them may be sent. made: names of files that are made from the log.
    """
    from_log = set(made)
    names = {*named, *sent, *from_log, *_on_disk(folder)}
    found = []
    for name in sorted(names)[:MOST_LISTED]:
        spot = None if why_not_a_name(name) else links.spot(name)
        size, mtime = _look(spot)
        entry = named.get(name)
        state, why = _judge(name, entry, sent.get(name), (size, mtime), name in from_log, wishes, is_over)
        if state in (FileState.DUE, FileState.AT_END, FileState.GONE) and name not in from_log and spot and spot.why:
            state, why = FileState.KEPT, f"a link to {inert(spot.real)}: {spot.why}"
        known = sent.get(name)
        shown = known.size if size is None and known is not None else size
        found.append(FileDetail(name, shown, state, why, name in from_log))
    return tuple(found)


def _judge(
    name: str,
    entry: FileEntry | None,
    known: SentFile | None,
    there: tuple[int | None, int],
    is_made: bool,
    wishes: Wishes,
    is_over: bool,
) -> tuple[FileState, str]:
    size, mtime = there
    if known is not None:
        unchanged = is_made or size is None or not known.mtime_ns or (known.size, known.mtime_ns) == (size, mtime)
        return (FileState.SENT, "") if unchanged else (FileState.DUE, "it changed since it was sent")
    if (entry is not None or is_made) and not wishes.may_send_file(name):
        return FileState.KEPT, _why_kept(name, wishes)
    if is_made:
        return (FileState.DUE, "") if is_over else (FileState.AT_END, "made from the log when the run ends")
    if entry is None:
        return FileState.NOT_NAMED, "the run's log does not name it"
    if wrong := why_not_a_name(name):
        return FileState.GONE, wrong
    if size is None:
        return FileState.GONE, "it is not there any more" if is_over else "it is not there yet"
    if entry.policy == "end" and not is_over:
        return FileState.AT_END, "sent when the run ends"
    return FileState.DUE, ""


def _why_kept(name: str, wishes: Wishes) -> str:
    if wishes.metrics_only:
        return "metrics only: no files are sent"
    glob = next((one for one in wishes.ignore_globs if glob_matches(one, name)), "")
    return f"left out by the pattern {glob}"


def _look(spot: Spot | None) -> tuple[int | None, int]:
    if spot is None:
        return None, 0
    try:
        stat = spot.stat()
    except OSError:
        return None, 0
    return stat.st_size, stat.st_mtime_ns


def _on_disk(folder: Path) -> list[str]:
    """Names below the folder; links to folders are not followed. Legacy runs keep their streams there: left out."""
    found: list[str] = []
    for at, _, files in os.walk(folder):
        found += [(Path(at) / one).relative_to(folder).as_posix() for one in files if one not in _STREAMS]
        if len(found) > MOST_LISTED:
            break
    return found


_STREAMS = frozenset(("wandb-history.jsonl", "wandb-events.jsonl"))
