"""Problems as they are shown: runs that fail for the same reason on the same server are one entry. Words only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runferry.desktop.look import amounts
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.status import About, Fix, Problem

NAMES = 5  # of runs, on a card
LINES, LETTERS = 6, 600  # of a message, on a card
_ORDER = (About.SERVER, About.SETTINGS, About.FOLDER, About.RUN)

FIXES: dict[Fix, tuple[str, str]] = {
    Fix.RETRY: ("Try again", "retry"),
    Fix.LOGIN: ("Enter a key…", "key"),
    Fix.ADD_CERTIFICATE: ("Certificates…", "certificate"),
    Fix.CLIENT_CERTIFICATE: ("Client certificate…", "certificate"),
    Fix.UPLOAD_AS_NEW: ("Upload as new run", "upload-new"),
    Fix.CHOOSE_SERVER: ("Choose a server…", "server"),
    Fix.OPEN_FOLDER: ("Open folder", "open-folder"),
    Fix.SHOW_LINKS: ("Look at the links…", "drop"),
    Fix.SIGN_IN_PAGE: ("Open the sign-in page", "open-web"),
    Fix.PROXY: ("Proxy…", "proxy"),
    Fix.SETTINGS: ("Settings…", "nav-settings"),
    Fix.CHECK_CONNECTION: ("Check connection", "nav-network"),
}
"""What the button of each fix says, and its icon."""


@dataclass(frozen=True)
class Group:
    """One entry. All its problems have the same error, fix and server."""

    key: str
    problems: tuple[Problem, ...]

    @property
    def first(self) -> Problem:
        """The one whose words are shown."""
        return self.problems[0]

    @property
    def about_runs(self) -> bool:
        """Whether its subjects are run folders."""
        return self.first.about is About.RUN

    @property
    def where(self) -> str:
        """What it is about: names of runs, a server, a folder."""
        one = self.first
        if not self.about_runs:
            return server_name(one.subject) if one.about is About.SERVER else one.subject
        names = [each.name or each.subject.rstrip("/").rpartition("/")[2] for each in self.problems[:NAMES]]
        more = len(self.problems) - NAMES
        if more > 0:
            names.append(plural(more, "{n} more", "{n} more"))
        return tr("{runs} on {server}", runs=", ".join(names), server=server_name(one.server))

    @property
    def title(self) -> str:
        """What happened, and how many runs it is about."""
        number = len(self.problems)
        return self.first.title if number == 1 else f"{self.first.title} ({amounts.count(number)})"

    @property
    def fix_words(self) -> tuple[str, str]:
        """Text and icon of the button."""
        text, icon = FIXES[self.first.fix]
        if self.first.fix is Fix.UPLOAD_AS_NEW and len(self.problems) > 1:
            return plural(len(self.problems), "Upload as new run", "Upload {n} as new runs"), icon
        return tr(text), icon

    @property
    def report(self) -> str:
        """Everything as text, to be copied into a message."""
        one = self.first
        lines = [self.title, one.message, one.todo, one.cause, f"{one.slug} · {one.server or one.subject}"]
        lines += [each.subject for each in self.problems if self.about_runs]
        return "\n".join(line for line in lines if line)


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Servers first, since they hold up many runs; then settings, folders, runs."""
    found: dict[str, list[Problem]] = {}
    for one in problems:
        key = f"run:{one.slug}:{one.server}:{one.fix}" if one.about is About.RUN else one.id
        found.setdefault(key, []).append(one)
    groups = [Group(key, tuple(each)) for key, each in found.items()]
    return sorted(groups, key=lambda one: _ORDER.index(one.first.about))


def shortened(text: str) -> str:
    """As much of a long message as fits on a card."""
    lines = text.splitlines()
    cut = "\n".join(lines[:LINES])[:LETTERS]
    return text if len(cut) == len(text) else f"{cut.rstrip()} …"
