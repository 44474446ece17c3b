"""What a sync would send of a run, kind by kind, found out from its log alone."""

from __future__ import annotations

from dataclasses import dataclass

from runferry.counted import count_of
from runferry.sync import made_files
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes

_SHOWN = 10  # names of files
_ARGUMENTS = 200  # characters


@dataclass(frozen=True)
class Contents:
    """Config, summary and `rows` always go. `console`: writes; `kept`: files that stay here by the ignore globs.

    `arguments` of the training's command line, `host` and `user` are texts as they would be sent; empty: none.
    """

    rows: int = 0
    events: int = 0
    console: int = 0
    files: tuple[str, ...] = ()
    kept: int = 0
    artifacts: int = 0
    host: str = ""
    user: str = ""
    arguments: str = ""
    commit: bool = False
    code: bool = False
    metrics_only: bool = False

    @property
    def bare(self) -> Contents:
        """What goes of the same run where only metrics may."""
        return Contents(rows=self.rows, metrics_only=True)


def contents(source: Source, wishes: Wishes) -> Contents:
    """What would be sent. The source has been read to its end."""
    content = source.reader.content
    if wishes.metrics_only:
        return Contents(rows=content.rows, metrics_only=True)
    named = sorted({*source.extras.files, *made_files.names(source, wishes)})
    files = tuple(name for name in named if wishes.may_send_file(name))
    environment = content.environment
    return Contents(
        rows=content.rows,
        events=content.events,
        console=content.console_chunks if wishes.console else 0,
        files=files,
        kept=len(named) - len(files),
        artifacts=len(source.extras.artifacts),
        host=environment.host or content.run.host,
        user=environment.username,
        arguments=" ".join(environment.args),
        commit=bool(environment.git.commit),
        code=any(name.startswith("code/") or name.endswith(".patch") for name in files),
    )


def in_words(one: Contents) -> list[str]:
    """The same for a terminal."""
    sends = ["config", "summary", count_of(one.rows, "row")]
    if one.metrics_only:
        return [*sends, "nothing else (metrics only)"]
    shown = ", ".join(one.files[:_SHOWN]) + (" …" if len(one.files) > _SHOWN else "")
    told = {
        "system metrics": one.events,
        "console output": one.console,
        f"{count_of(len(one.files), 'file')} ({shown})": one.files,
        count_of(one.artifacts, "artifact"): one.artifacts,
        f"{count_of(one.kept, 'file')} kept here (ignore globs)": one.kept,
        "host name": one.host,
        "user name": one.user,
        "arguments: " + one.arguments[:_ARGUMENTS]: one.arguments,
        "git commit and remote": one.commit,
        "code": one.code,
    }
    return [*sends, *(words for words, is_sent in told.items() if is_sent)]
