"""What needs a person: one entry per thing, with what helps. Empty when all is well.

What heals by waiting is no problem, and neither is damage that was reported: nobody can do anything about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from runferry.at_work import Stuck
from runferry.errors import AppError
from runferry.inert import inert
from runferry.status import About, ConnectionState, Fix, FolderStatus, Problem, RunStatus, ServerStatus, SyncState

_FIXES = {
    "no-key": Fix.LOGIN,
    "key-refused": Fix.LOGIN,
    "key-malformed": Fix.LOGIN,
    "keyring-locked": Fix.RETRY,
    "forbidden": Fix.LOGIN,
    "tls-client-certificate": Fix.CLIENT_CERTIFICATE,
    "client-certificate-unusable": Fix.CLIENT_CERTIFICATE,
    "deleted-on-server": Fix.UPLOAD_AS_NEW,
    "not-as-sent": Fix.UPLOAD_AS_NEW,
    "rows-lost-on-server": Fix.UPLOAD_AS_NEW,
    "rows-of-unknown-origin": Fix.UPLOAD_AS_NEW,
    "server-not-chosen": Fix.CHOOSE_SERVER,
    "bad-server": Fix.CHOOSE_SERVER,
    "moved": Fix.CHOOSE_SERVER,
    "not-wandb": Fix.CHECK_CONNECTION,
    "tls-too-old": Fix.CHECK_CONNECTION,
    "ca-bundle-unusable": Fix.ADD_CERTIFICATE,
    "ca-gone": Fix.ADD_CERTIFICATE,
    "file-gone": Fix.OPEN_FOLDER,
    "lines-too-large": Fix.OPEN_FOLDER,
    "log-empty": Fix.OPEN_FOLDER,
    "folder-gone": Fix.OPEN_FOLDER,
    "links-left-out": Fix.SHOW_LINKS,
    "settings-broken": Fix.SETTINGS,
    "bad-setting": Fix.SETTINGS,
    "settings-unreadable": Fix.SETTINGS,
}


OWN_FAULTS = ("part-stuck", "part-failed")  # of the program itself; `status` and `doctor` tell them, too


def fix_for(slug: str) -> Fix:
    """What helps against an error."""
    if slug in _FIXES:
        return _FIXES[slug]
    if slug.startswith("tls"):
        return Fix.ADD_CERTIFICATE
    if slug.startswith("proxy"):
        return Fix.PROXY
    return Fix.RETRY


def problem_of_run(status: RunStatus, cause: AppError | None) -> Problem | None:
    """What a person has to do about a run; None where it is its server's problem, or none. cause: its server's."""
    if status.error is None or status.state not in (SyncState.PROBLEM, SyncState.SENT):
        return None
    if cause is not None and cause.slug == status.error["slug"]:
        return None
    name = status.name or status.run_id
    return _made(status.error, About.RUN, status.path, status.key, server=status.server, name=name)


def problems_of_servers(servers: Iterable[ServerStatus]) -> list[Problem]:
    """Servers that wait for a person, and those that could be reached by signing in somewhere."""
    waiting = (ConnectionState.REFUSED, ConnectionState.UNTRUSTED, ConnectionState.PORTAL)
    found = []
    for one in servers:
        if one.state in waiting and one.cause:
            made = _made(one.cause, About.SERVER, one.url, one.url, server=one.url, page=one.page)
            found.append(made)
    return found


def problems_of_folders(folders: Iterable[FolderStatus]) -> list[Problem]:
    """Watched folders whose server is not known."""
    return [_made(one.problem, About.FOLDER, one.path, one.path) for one in folders if one.problem]


def problems_of_held(held: Iterable[RunStatus], servers: Iterable[ServerStatus]) -> list[Problem]:
    """Runs that could not even be begun: one entry per reason and server, not one per run.

    One that waits until somebody asks may have an error of its own, from when it was sent before: its server has none.
    """
    found: dict[str, Problem] = {}
    known = {one.url for one in servers if one.cause}
    for one in held:
        is_begun = one.error is None or one.held != one.error["title"]
        if not is_begun and one.error and one.error["slug"] != "server-not-chosen" and one.server not in known:
            place = f"{one.error['slug']}:{one.server}"
            found.setdefault(place, _made(one.error, About.SERVER, one.server, one.server, server=one.server))
    return list(found.values())


def problems_of_settings(errors: Iterable[AppError]) -> list[Problem]:
    """What is wrong in the settings file or a variable."""
    return [_made(one.as_dict(), About.SETTINGS, "", one.message) for one in errors]


def part_failed(part: str, error: BaseException) -> AppError:
    """A part of ours met a fault that nobody foresaw, and was started again."""
    return AppError(
        "part-failed",
        "A part of Runferry failed and was started again",
        f"{part[:1].upper()}{part[1:]}: {type(error).__name__}. Nothing is lost; what it was at is tried again.",
        "See the log; please report it.",
        error,
    )


def part_stuck(stuck: Stuck) -> AppError:
    """A part of ours makes no progress."""
    about = f" ({inert(stuck.what)})" if stuck.what else ""
    return AppError(
        "part-stuck",
        "A part of Runferry gets nowhere",
        f"{stuck.part[:1].upper()}{stuck.part[1:]}{about}: no progress for {stuck.seconds // 60:.0f} minutes. A disk "
        "or network drive may not answer; otherwise it is a fault of Runferry.",
        "Quit Runferry and start it again: nothing is lost. If it comes back, write a support file (Settings) and "
        "report it.",
    )


def problems_of_stuck(stuck: Iterable[Stuck]) -> list[Problem]:
    """Parts of ours that make no progress."""
    return [_made(part_stuck(one).as_dict(), About.SETTINGS, "", f"{one.part}:{one.what}") for one in stuck]


def problems_of_parts(faults: Iterable[AppError]) -> list[Problem]:
    """Parts of ours that failed since the start."""
    return [_made(one.as_dict(), About.SETTINGS, "", one.message) for one in faults]


def _made(
    error: dict[str, str], about: About, subject: str, key: str, server: str = "", name: str = "", page: str = ""
) -> Problem:
    return Problem(
        id=f"{error['slug']}:{key}",
        slug=error["slug"],
        title=error["title"],
        message=error["message"],
        todo=error["todo"],
        cause=error.get("cause", ""),
        fix=Fix.SIGN_IN_PAGE if page else fix_for(error["slug"]),
        about=about,
        subject=subject,
        server=server,
        name=name,
        page=page,
    )
