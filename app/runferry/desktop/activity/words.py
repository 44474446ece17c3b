"""How an entry looks: its shape, tone and word; when it was; which filter takes it."""

from __future__ import annotations

from runferry.desktop.look import amounts
from runferry.desktop.look.theme import Tone
from runferry.desktop.look.words import Look
from runferry.desktop.summary import server_name
from runferry.desktop.text import tr
from runferry.engine.activity import ActivityEntry, ActivityKind, Severity

LOOKS = {
    ActivityKind.FOUND: Look("state-live", Tone.LIVE, tr("Training")),
    ActivityKind.FINISHED: Look("check", Tone.GOOD, tr("Finished")),
    ActivityKind.FAILED: Look("step-fail", Tone.BAD, tr("Failed")),
    ActivityKind.KILLED: Look("stop", Tone.WARN, tr("Killed")),
    ActivityKind.CRASHED: Look("step-fail", Tone.BAD, tr("Crashed")),
    ActivityKind.QUIET: Look("moon", Tone.WARN, tr("Quiet")),
    ActivityKind.VERIFIED: Look("state-verified", Tone.GOOD, tr("Verified")),
    ActivityKind.DAMAGE: Look("state-damaged", Tone.DAMAGED, tr("Damage")),
    ActivityKind.PROBLEM: Look("state-problem", Tone.BAD, tr("Problem")),
    ActivityKind.GONE: Look("folder", Tone.SUBTLE, tr("Gone")),
    ActivityKind.OUTAGE: Look("state-offline", Tone.WARN, tr("No answer")),
    ActivityKind.RECOVERED: Look("nav-network", Tone.GOOD, tr("Answers again")),
    ActivityKind.REFUSED: Look("state-problem", Tone.BAD, tr("Refused")),
    ActivityKind.PAUSED: Look("state-paused", Tone.SUBTLE, tr("Paused")),
    ActivityKind.RESUMED: Look("play", Tone.SUBTLE, tr("Resumed")),
    ActivityKind.SETTINGS: Look("nav-settings", Tone.SUBTLE, tr("Settings")),
    ActivityKind.NOTICE: Look("info", Tone.SUBTLE, tr("Notice")),
}

_SERVERS = (ActivityKind.OUTAGE, ActivityKind.RECOVERED, ActivityKind.REFUSED)
_APP = (ActivityKind.SETTINGS, ActivityKind.NOTICE, ActivityKind.PAUSED, ActivityKind.RESUMED)
GROUPS = ("all", "runs", "servers", "trouble", "app")
TITLES = {
    "all": tr("All"),
    "runs": tr("Runs"),
    "servers": tr("Servers"),
    "trouble": tr("Warnings and problems"),
    "app": tr("Settings and notices"),
}


def group_takes(group: str, entry: ActivityEntry) -> bool:
    """Whether a filter shows an entry."""
    if group == "trouble":
        return entry.severity is not Severity.INFO
    if group == "servers":
        return entry.kind in _SERVERS
    if group == "app":
        return entry.kind in _APP
    return group == "all" or entry.kind not in (*_SERVERS, *_APP)


def where(entry: ActivityEntry) -> str:
    """Its subject in short: the name of a folder, a server."""
    if not entry.subject:
        return ""
    if "://" in entry.subject or entry.subject == "local":
        return server_name(entry.subject)
    return entry.subject.rstrip("/").rpartition("/")[2]


def when(entry: ActivityEntry, now: float) -> str:
    """The time of day; with the date where it was on another day."""
    day, today = amounts.exact(entry.time)[:10], amounts.exact(now)[:10]
    return amounts.clock(entry.time) if day == today else f"{day} {amounts.clock(entry.time)[:5]}"


def line(entry: ActivityEntry) -> str:
    """One entry as text, to be copied."""
    word = LOOKS[entry.kind].word
    parts = (amounts.exact(entry.time), word, entry.text, entry.subject)
    return "\t".join(" ".join(one.split()) for one in parts if one)
