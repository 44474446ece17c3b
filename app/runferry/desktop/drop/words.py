"""What the sheet says about a run, in words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runferry.desktop.drop.rows import OFFICIAL_ONLINE, Row
from runferry.desktop.look import amounts
from runferry.desktop.runs.columns import told_apart
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.engine.contents import OUTSIDE, Contents, LinkedFile
from runferry.engine.drop import SentBefore
from runferry.inert import inert
from runferry.status import RunState

KINDS = {
    "recorder": tr("Runferry run"),
    "wandb-offline": tr("offline run"),
    OFFICIAL_ONLINE: tr("online run"),
    "legacy": tr("legacy dry run"),
}
_DETAILS = 50  # lines about damage
_FILES = 12  # names


def name_of(row: Row) -> str:
    """What people call it."""
    return inert(row.found.name or row.found.run_id or Path(row.found.path).name)


def names_of(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """Names by folder and id; without an id for a folder with a single run, which may get a new one."""
    by_folder: dict[str, list[Row]] = {}
    for row in rows:
        by_folder.setdefault(row.found.path, []).append(row)
    found = {(row.found.path, row.found.run_id): name_of(row) for some in by_folder.values() for row in some}
    return found | {(path, ""): name_of(some[0]) for path, some in by_folder.items() if len(some) == 1}


def kind_line(row: Row) -> str:
    """damaged: 2 gaps · 20261103_100200-k2x9 · offline run, wandb 0.31.0"""
    found = row.found
    parts = []
    if found.damage is not None:
        parts.append(plural(found.damage.gaps, "damaged: {n} gap", "damaged: {n} gaps"))
    if not found.is_complete:
        parts.append(tr("reading…"))
    elif row.done is not None:
        parts.append(tr("already verified there, {day}", day=amounts.exact(row.done.verified_at)[:10]))
    elif row.there is not None:
        parts.append(tr("its metrics are verified there, its files are not"))
    elif found.kind == OFFICIAL_ONLINE:
        parts.append(tr("wandb uploads it itself"))
    elif found.run_state is RunState.RUNNING:
        parts.append(tr("still training"))
    elif row.is_live:
        parts.append(tr("its log has no end"))
    parts.append(told_apart(found.path, found.run_id))
    parts.append(", ".join(one for one in (KINDS.get(found.kind, found.kind), found.writer.replace("/", " ")) if one))
    return " · ".join(one for one in parts if one != name_of(row))


def rows_text(row: Row) -> str:
    """2,000, or 4,969 of ~5,000 where some are lost"""
    found = row.found
    if not found.is_complete:
        return f"{amounts.count(found.rows)}…"
    if found.expected is None:
        return amounts.count(found.rows)
    return tr("{n} of ~{all}", n=amounts.count(found.rows), all=amounts.count(found.expected))


def place_text(server: str) -> str:
    """A server as people call it."""
    return server_name(server)


def details(row: Row, metrics_only: bool, follow_links: bool = False) -> list[tuple[str, str]]:
    """Titles and texts about one run: what is sent, what is lost, where it was sent before, where it lies."""
    found = row.found
    told = [(tr("To send"), ", ".join(sent_words(row.sends(metrics_only))) if found.is_complete else tr("reading…"))]
    if found.contents.links and not metrics_only:
        told.append((tr("Links"), "\n".join(_link_words(one, follow_links) for one in found.contents.links[:_DETAILS])))
    if found.damage is not None:
        lines = list(found.damage.details[:_DETAILS])
        if len(found.damage.details) > _DETAILS:
            lines.append(plural(len(found.damage.details) - _DETAILS, "and {n} more", "and {n} more"))
        told.append((tr("Lost"), "\n".join(lines)))
    if found.sent:
        told.append((tr("Before"), "\n".join(_verified(one) for one in found.sent)))
    if row.is_live:
        now = tr("What is there now is sent. Watch its folder to send the rest.")
        goes_on = found.run_state is RunState.RUNNING
        why = tr("It goes on.") if goes_on else tr("It was killed, or goes on where this computer cannot see it.")
        told.append((tr("Training"), f"{why} {now}"))
    told.append((tr("Folder"), found.path))
    return told


def _link_words(one: LinkedFile, follow_links: bool) -> str:
    """checkpoints/a.pt → /data/a.pt stays here: it lies outside of the run's project"""
    where = f"{inert(one.name)} → {inert(one.target)}"
    if not one.why or (follow_links and one.why == OUTSIDE):
        return tr("{where} is sent", where=where)
    return tr("{where} stays here: {why}", where=where, why=one.why)


def left_out(files: int) -> str:
    """Files that links of ticked runs lead to, and that stay."""
    one = "{n} file lies outside of its run's folder and stays here. Look where its link leads before you follow it."
    many = "{n} files lie outside of their runs' folders and stay here. Look where their links lead before you follow."
    return plural(files, one, many)


def sent_words(contents: Contents) -> list[str]:
    """Everything that would leave this computer, in words."""
    said = [plural(contents.rows, "{n} row", "{n} rows"), tr("config"), tr("summary")]
    if contents.metrics_only:
        return [*said, tr("nothing else")]
    names = ", ".join(contents.files[:_FILES]) + (" …" if len(contents.files) > _FILES else "")
    more = (
        (contents.events, plural(contents.events, "{n} host sample", "{n} host samples")),
        (contents.console, tr("console output")),
        (contents.files, f"{plural(len(contents.files), '{n} file', '{n} files')} ({names})"),
        (contents.artifacts, plural(contents.artifacts, "{n} artifact", "{n} artifacts")),
        (contents.arguments, tr("arguments “{text}”", text=contents.arguments)),
        (contents.host, tr("host name {name}", name=contents.host)),
        (contents.user, tr("user name {name}", name=contents.user)),
        (contents.commit, tr("git commit and remote")),
        (contents.code, tr("code")),
        (contents.kept, plural(contents.kept, "{n} file stays here", "{n} files stay here")),
    )
    return [*said, *(words for is_sent, words in more if is_sent)]


def _verified(one: SentBefore) -> str:
    place = f"{server_name(one.address)}, {one.entity}/{one.project}"
    when = amounts.exact(one.verified_at)
    if one.is_whole:
        return tr("verified on {place}, {time}", place=place, time=when)
    if one.verified_at:
        return tr("verified on {place}, {time}; it has grown since", place=place, time=when)
    return tr("sent to {place}, not verified", place=place)
