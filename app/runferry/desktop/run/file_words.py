"""What became of a file, as people see it: shape, colour and word; and the rows of a run's files."""

from __future__ import annotations

from collections.abc import Sequence

from runferry.desktop.look.theme import Tone
from runferry.desktop.look.words import Look
from runferry.desktop.run.file_rows import FileRow
from runferry.engine.file_states import FileDetail, FileState

FILE = {
    FileState.SENT: Look("state-sent", Tone.GOOD, "Sent"),
    FileState.DUE: Look("state-waiting", Tone.ACCENT, "To be sent"),
    FileState.AT_END: Look("state-waiting", Tone.SUBTLE, "Sent at the end"),
    FileState.KEPT: Look("lock", Tone.SUBTLE, "Kept here"),
    FileState.GONE: Look("state-problem", Tone.WARN, "Gone"),
    FileState.NOT_NAMED: Look("state-ignored", Tone.SUBTLE, "Not part of the run"),
}


def file_rows(files: Sequence[FileDetail]) -> tuple[FileRow, ...]:
    """The rows of the table for the files of a run."""
    return tuple(FileRow(one.name, one.size, FILE[one.state], one.why) for one in files)
