"""Where the files of a run really lie, and whether what a link leads to may be sent.

A run folder may come from anywhere, so its links are no permission: a link to ``~/.ssh/id_rsa`` would send the key.
But `save` makes links on purpose. A link that leaves the run's folder is followed

- where its target lies below the folder that holds the run's ``wandb`` folder, and is not hidden: a project's own
  files; not where that folder is the home, one above it, or one for downloads or temporary files (see `holders`);
- where the app watched it appear while a process of this account here had the log open (`engine.link_watch`);
- where a person says so: for all links of the run, but not into the home's hidden folders, or for this very file.

What was decided for a link holds as long as it is the same one with the same target. Files are opened by the path that
was judged, step by step and through no link, so nothing can be put in the way in between.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from runferry.formats.detect import WANDB_NAMES, RunFolder
from runferry.paths import find_home
from runferry.regular_files import NotRegular, is_link, open_below, open_real
from runferry.state.links import KnownLink
from runferry.sync.wishes import Wishes

HIDDEN_IN_HOME = "it is hidden in a home folder, so it has to be named"
OWN = "it is one of Runferry's own"
OUTSIDE = "it lies outside of the run's project"
_HIDDEN_ATTRIBUTE = 0x2  # FILE_ATTRIBUTE_HIDDEN of Windows
_HIDDEN_FLAG = 0x8000  # UF_HIDDEN of macOS


@dataclass(frozen=True)
class Spot:
    """Where a file of a run lies. `real`: its path without links. `link`: by which it leaves the run's folder; None
    where it does not. `why`: why it stays here; empty: it may be sent. `is_asked`: only because a person said so."""

    name: str
    folder: Path
    real: Path
    link: KnownLink | None = None
    why: str = ""
    is_asked: bool = False

    def stat(self) -> os.stat_result:
        """What stands there. Raises OSError."""
        return os.lstat(self.real)

    def open(self) -> BinaryIO:
        """The file, if it may be sent and is a regular one. Raises OSError."""
        if self.why:
            raise NotRegular(0, self.why, str(self.real))
        return open_real(self.real)  # also in the run's own folder: that may be a link by now


class RunLinks:
    """Of one run folder. known: the links of which something was decided before, by the file's name."""

    def __init__(self, folder: RunFolder, wishes: Wishes, known: Callable[[], Mapping[str, KnownLink]] = dict) -> None:
        self.folder = folder.path  # without links when the run was found; one that came since leads out of it
        self._files = folder.files_dir
        self._wishes, self._known = wishes, known
        self._run = folder
        self._named = {os.path.realpath(one) for one in wishes.named_links}
        self._folders: dict[Path, Path] = {}  # without links; an outdated one opens nothing else (see `Spot.open`)

    @cached_property
    def _holders(self) -> tuple[Path, ...]:
        return holders(self._run)  # most runs have no link that leaves them

    def look_anew(self) -> None:
        """Folders may be others than they were."""
        self._folders.clear()

    def spot(self, name: str) -> Spot:
        """Where one of the run's files lies; it need not be there. `name`: relative to ``files``, without ``..``."""
        path = self._files / name
        real = self._real(path)
        if real.is_relative_to(self.folder):
            return Spot(name, self.folder, real)
        link = KnownLink(name, self._identity(path), str(real), is_asked=True)
        why, is_asked = self._judge(link, real)
        return Spot(name, self.folder, real, link, why, is_asked)

    def outside(self, names: Iterable[str]) -> list[Spot]:
        """Those of the names that a link leads out of the run's folder."""
        spots = (self.spot(name) for name in names)
        return [one for one in spots if one.link is not None]

    def may_read(self, path: Path, also_below: Iterable[Path] = ()) -> bool:
        """Whether a file that a log names by its path may be sent: one of the run's folder, of its project, of these
        folders, or one that a person wanted."""
        real = os.path.realpath(path)
        if Path(real).is_relative_to(self.folder) or any(_is_below(Path(real), one) for one in also_below):
            return True
        return not self._judge(None, Path(real))[0]

    def _real(self, path: Path) -> Path:
        """Without links. Thousands of files lie in a few folders."""
        parent = self._folders.get(path.parent)
        if parent is None:
            parent = self._folders[path.parent] = Path(os.path.realpath(path.parent))
        try:
            if not is_link(os.lstat(parent / path.name)):
                return parent / path.name
        except OSError:
            pass
        return Path(os.path.realpath(path))

    def _judge(self, link: KnownLink | None, real: Path) -> tuple[str, bool]:
        """Why it stays here, and whether it goes only because a person said so."""
        if _is_own(real):
            return OWN, False
        known = self._known().get(link.name) if link is not None else None
        is_same = (
            known is not None and link is not None and (known.identity, known.target) == (link.identity, str(real))
        )
        if str(real) in self._named or (is_same and known is not None and known.is_asked):
            return "", True
        if is_hidden_in_home(real):
            return HIDDEN_IN_HOME, False
        if any(_is_below(real, one) and not _is_hidden(real, one) for one in self._holders) or is_same:
            return "", False
        return ("", True) if self._wishes.follow_links else (OUTSIDE, False)

    def _identity(self, path: Path) -> str:
        """Device and inode of the first link on the way from the run's folder to a file of it."""
        at = self.folder
        for part in (*self._files.parts[len(self.folder.parts) :], *path.parts[len(self._files.parts) :]):
            at = at / part
            try:
                found = os.lstat(at)
            except OSError:
                break
            if is_link(found):
                return identity_of(found)
        return ""


def identity_of(found: os.stat_result) -> str:
    """What tells a link from any other; as text, since inodes may be larger than a database's numbers."""
    return f"{found.st_dev}:{found.st_ino}"


def holders(folder: RunFolder) -> tuple[Path, ...]:
    """The folders that hold the run's ``wandb`` folder and so, most likely, its project: where it really lies, and
    where the link ``wandb`` lies by which a person named it. None that holds more than a project."""
    found = [folder.path.parent.parent] if folder.path.parent.name in WANDB_NAMES else []
    found += [folder.named_in] if folder.named_in is not None else []
    real = [Path(os.path.realpath(one)) for one in found]
    broad = _broad_folders()
    return tuple(one for one in dict.fromkeys(real) if not _is_among(one, broad))


def is_hidden_in_home(real: Path) -> bool:
    """Whether a path leads into (or is) something hidden that lies directly in somebody's home."""
    for home in _homes():
        if _is_below(real, home) and _is_hidden_part(home / real.relative_to(home).parts[0]):
            return True
    # Homes of other accounts, for whoever may read them.
    parts = real.parts
    return len(parts) > 3 and parts[1] in ("home", "Users") and _is_hidden_part(Path(*parts[:4]))


def _homes() -> list[Path]:
    named = [Path.home()] if os.environ.get("HOME") or os.name == "nt" else []
    try:
        import pwd

        named.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    except (ImportError, KeyError):
        pass
    found = [Path(os.path.realpath(one)) for one in (*named, Path("/root"))]
    return [one for one in dict.fromkeys(found) if len(one.parts) > 1]


def _broad_folders() -> list[Path]:
    homes = _homes()
    found = [part for home in homes for part in (home, *home.parents)]
    found += [home / name for home in homes for name in ("Downloads", "Download")]
    found += [_named_downloads(home) for home in homes]
    temporary = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP", "XDG_RUNTIME_DIR")]
    temporary += [tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", "/run/user", "/private/tmp"]  # noqa: S108 - names
    return [*found, *(Path(one) for one in temporary if one)]


def _named_downloads(home: Path) -> Path:
    """Where a desktop in another language keeps them."""
    try:
        with open_below(home, ".config/user-dirs.dirs") as file:
            for line in file.read(1 << 16).decode(errors="replace").splitlines():
                name, _, value = line.strip().partition("=")
                if name == "XDG_DOWNLOAD_DIR":
                    return Path(value.strip('"').replace("$HOME", str(home)))
    except OSError:
        pass
    return home / "Downloads"


def _is_among(folder: Path, others: Iterable[Path]) -> bool:
    """By what they are, whatever the names. One that cannot be looked at counts as one of them."""
    try:
        found = os.stat(folder)  # noqa: PTH116
    except OSError:
        return True
    for one in others:
        try:
            if os.path.samestat(found, os.stat(one)):  # noqa: PTH116
                return True
        except OSError:
            continue
    return False


def _is_own(real: Path) -> bool:
    home = find_home()
    return any(_is_below(real, Path(os.path.realpath(one))) for one in (home.config, home.state, home.store, home.logs))


def _is_below(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)


def _is_hidden(path: Path, below: Path) -> bool:
    """Whether a part of a path, from `below` on, is hidden."""
    at = below
    for part in path.relative_to(below).parts:
        at = at / part
        if _is_hidden_part(at):
            return True
    return False


def _is_hidden_part(path: Path) -> bool:
    if path.name.startswith("."):
        return True
    try:
        found = os.lstat(path)
    except OSError:
        return False
    flags = getattr(found, "st_flags", 0) & _HIDDEN_FLAG
    return bool(flags or getattr(found, "st_file_attributes", 0) & _HIDDEN_ATTRIBUTE)


def is_regular(found: os.stat_result) -> bool:
    """Whether it is a file with content, and no device, pipe, socket or folder."""
    return stat.S_ISREG(found.st_mode)
