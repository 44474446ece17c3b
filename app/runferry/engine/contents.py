"""What a sync would send of a run, kind by kind, found out from its log alone."""

from __future__ import annotations

from dataclasses import dataclass

from runferry.counted import count_of
from runferry.inert import inert
from runferry.sync import made_files
from runferry.sync.links import OUTSIDE, RunLinks
from runferry.sync.run_files import why_not_a_name
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes

_SHOWN = 10  # names of files
_ARGUMENTS = 200  # characters


@dataclass(frozen=True)
class LinkedFile:
    """A file of the run that a link leads out of its folder. `target`: where to; `why`: why it stays; empty: sent."""

    name: str
    target: str
    why: str = ""


@dataclass(frozen=True)
class Contents:
    """Config, summary and `rows` always go. `console`: writes; `kept`: files that stay here by the ignore globs.

    `links`: files that lie outside of the run's folder; among `files` are those of them that are sent. `arguments` of
    the training's command line, `host` and `user` are texts as they would be sent; empty: none.
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
    links: tuple[LinkedFile, ...] = ()
    commit: bool = False
    code: bool = False
    metrics_only: bool = False

    @property
    def bare(self) -> Contents:
        """What goes of the same run where only metrics may."""
        return Contents(rows=self.rows, metrics_only=True)


def contents(source: Source, wishes: Wishes, links: RunLinks) -> Contents:
    """What would be sent. The source has been read to its end."""
    content = source.reader.content
    if wishes.metrics_only:
        return Contents(rows=content.rows, metrics_only=True)
    made = made_files.names(source, wishes)
    named = sorted({*source.extras.files, *made})
    wanted = tuple(name for name in named if wishes.may_send_file(name))
    outside = links.outside(name for name in wanted if name not in made and not why_not_a_name(name))
    left = {one.name for one in outside if one.why}
    files = tuple(name for name in wanted if name not in left)
    environment = content.environment
    return Contents(
        rows=content.rows,
        events=content.events,
        console=content.console_chunks if wishes.console else 0,
        files=files,
        kept=len(named) - len(wanted),
        artifacts=len(source.extras.artifacts),
        host=environment.host or content.run.host,
        user=environment.username,
        arguments=" ".join(environment.args),
        links=tuple(LinkedFile(one.name, str(one.real), one.why) for one in outside),
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
        **{f"{inert(each.name)} → {inert(each.target)}": True for each in one.links if not each.why},
        **{f"not {inert(each.name)} → {inert(each.target)}, as {each.why}": True for each in one.links if each.why},
        count_of(one.artifacts, "artifact"): one.artifacts,
        f"{count_of(one.kept, 'file')} kept here (ignore globs)": one.kept,
        "host name": one.host,
        "user name": one.user,
        "arguments: " + one.arguments[:_ARGUMENTS]: one.arguments,
        "git commit and remote": one.commit,
        "code": one.code,
    }
    return [*sends, *(words for words, is_sent in told.items() if is_sent)]


__all__ = ["OUTSIDE", "Contents", "LinkedFile", "contents", "in_words"]
