"""What is said about a server: its state in a line, what waits for it, and which button helps. Words only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from runferry.desktop.look import amounts
from runferry.desktop.look.words import CONNECTION, Look
from runferry.desktop.own_server import is_own
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.servers import CLOUD, CLOUD_URLS, LOCAL, is_cloud
from runferry.settings import Settings
from runferry.status import Attempt, ConnectionState, ServerStatus, Snapshot

_TRYING = (ConnectionState.RETRYING, ConnectionState.PORTAL)
_STOPPED = (ConnectionState.REFUSED, ConnectionState.UNTRUSTED)
LINES, LETTERS = 4, 400  # of an error, on a card
_KEY = ("no-key", "key-refused")
_PROXY = ("proxy-login", "proxy-login-unsupported", "proxy-down", "proxy-refused", "proxy-pac")


class Help(Enum):
    """Where the way out of a problem is."""

    CERTIFICATES = "certificates"
    KEY = "key"
    PROXY = "proxy"
    SIGN_IN = "sign-in"


@dataclass(frozen=True)
class Line:
    """Shape, tone and words of a server's state."""

    look: Look
    text: str


def title(url: str) -> str:
    """This computer · W&B cloud · wandb.company.com"""
    if is_own(url):
        return tr("This computer")
    if url.startswith("http") and is_cloud(url):
        return tr("W&B cloud")
    return server_name(url)


def address(server: ServerStatus) -> str:
    """The whole address, and the proxy on the way."""
    parts = [server.url if "://" in server.url else tr("local server")]
    if server.proxy:
        parts.append(tr("through {proxy}", proxy=server.proxy))
    return " · ".join(parts)


def state_line(server: ServerStatus, now: float) -> Line:
    """Retrying — attempt 4, next in 0:42. now: seconds since the epoch."""
    look = CONNECTION[server.state]
    word, more = tr(look.word), ""
    if server.state in _TRYING or (server.state is ConnectionState.SLOWED and server.next_try is not None):
        more = _countdown(server, now)
    elif server.state is ConnectionState.SLOWED and server.requests_per_second:
        word = tr("Online")
        more = tr("slowed by the server to {rate}", rate=_pace(server.requests_per_second))
    elif server.state is ConnectionState.ONLINE and server.latency is not None:
        more = amounts.duration(server.latency)
    elif server.state is ConnectionState.PAUSED:
        if server.paused_because:
            return Line(look, tr("Paused: {why}", why=tr(server.paused_because)))
        until = server.paused_until
        paused = (
            tr("Paused until you resume")
            if until is None
            else tr("Paused until {time}", time=amounts.moment(until, now))
        )
        return Line(look, paused)
    elif server.state is ConnectionState.REFUSED and (server.cause or {}).get("slug", "") not in _KEY:
        word = tr("Stopped")
    return Line(look, f"{word} — {more}" if more else word)


def _countdown(server: ServerStatus, now: float) -> str:
    attempt = tr("attempt {n}", n=server.attempt + 1) if server.state in _TRYING and server.attempt else ""
    if server.next_try is None or server.next_try <= now:
        after = tr("trying now")
    else:
        after = tr("next in {time}", time=amounts.countdown(server.next_try - now))
    return ", ".join(one for one in (attempt, after) if one)


def _pace(per_second: float) -> str:
    if per_second >= 1:
        return tr("{n} requests/s", n=f"{per_second:.3g}")
    return tr("one request in {time}", time=amounts.duration(1 / per_second))


def cause_line(server: ServerStatus) -> str:
    """Why it is not online: title, message."""
    cause = server.cause or {}
    parts = [cause.get("title", ""), cause.get("message", "")]
    return ". ".join(one.rstrip(".") for one in parts if one) + ("." if any(parts) else "")


def shortened(text: str) -> str:
    """The first lines of a long text; servers send whole pages as errors."""
    lines = text.split("\n")
    short = "\n".join(lines[:LINES])[:LETTERS]
    return short if short == text else f"{short.rstrip()} …"


def waiting_line(server: ServerStatus) -> str:
    """Waiting: 3 runs, 14,200 rows, 2 files · ↑ 310 kB/s; empty where nothing waits."""
    waits = [
        plural(number, one, many)
        for number, one, many in (
            (server.runs_waiting, "{n} run", "{n} runs"),
            (server.rows_waiting, "{n} row", "{n} rows"),
            (server.files_waiting, "{n} file", "{n} files"),
        )
        if number
    ]
    parts = [tr("waiting: {what}", what=", ".join(waits))] if waits else []
    if server.bytes_per_second >= 1000:
        parts.append(f"↑ {amounts.rate(server.bytes_per_second)}")
    return " · ".join(parts)


def down_line(server: ServerStatus, now: float) -> str:
    """Since when it does not answer."""
    if server.since is None or server.state not in _TRYING:
        return ""
    return tr("not reached since {time} ({ago})", time=amounts.clock(server.since), ago=_past(now - server.since))


def _past(seconds: float) -> str:
    return amounts.countdown(seconds)


def attempt_notes(one: Attempt) -> str:
    """Behind an attempt: what was asked, rows sent again, how many answers stand behind it."""
    parts = [one.what]
    if one.rows_again:
        parts.append(plural(one.rows_again, "{n} row is sent again", "{n} rows are sent again"))
    if one.count > 1:
        parts.append(tr("{n} answers in a row", n=amounts.count(one.count)))
    return " · ".join(part for part in parts if part)


def help_for(server: ServerStatus) -> Help | None:
    """Where the fix of what is wrong is made; None where only waiting, or trying again, helps."""
    if server.state is ConnectionState.PORTAL and server.page:
        return Help.SIGN_IN
    return help_of((server.cause or {}).get("slug", ""))


def help_of(slug: str) -> Help | None:
    """Where what an error's slug names is put right."""
    if slug in _KEY:
        return Help.KEY
    if slug in _PROXY:
        return Help.PROXY
    if slug.startswith("tls-") and slug not in ("tls-stalled", "tls-broken-off"):
        return Help.CERTIFICATES
    return None


def can_try(server: ServerStatus) -> bool:
    """Whether *Try now* means anything."""
    return server.state in (*_TRYING, *_STOPPED) or (
        server.state is ConnectionState.SLOWED and server.next_try is not None
    )


def shown_servers(overview: Snapshot, settings: Settings) -> tuple[ServerStatus, ...]:
    """Those in use, in the order in which they came into use, then those that are set and not used yet."""
    used = list(overview.servers)
    known = {one.url for one in used}
    if any(is_own(url) for url in known):
        known.add(LOCAL)
    folders = (one.server for one in overview.folders)
    for name in (settings.server or LOCAL, *folders, *(one.url for one in settings.per_server)):
        url = (settings.cloud_url or CLOUD_URLS[0]) if name == CLOUD else name
        if url and url not in known:
            known.add(url)
            used.append(ServerStatus(url, ConnectionState.IDLE))
    return tuple(used)
