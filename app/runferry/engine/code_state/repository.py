"""Finding a repository and its commit by its files, without git, and only one that is what it seems.

A work tree may come from elsewhere, and its ``.git`` may then lead to another repository of this account, whose code
would be taken for this one's: by a link, by a file that names it, by objects that it borrows. Such a repository is not
looked at; `Unfit` says why. Worktrees and submodules are taken where both sides name each other.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from runferry.regular_files import open_below

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
_WORKTREE_KEY = re.compile(r"^\s*worktree\s*=\s*\"?([^\"\n]+?)\"?\s*$", re.MULTILINE | re.IGNORECASE)
_DEEPEST_REF = 5
_SMALL = 1 << 16  # bytes of HEAD, a ref, a pointer
_LARGE = 1 << 26  # bytes of packed-refs, a configuration
_REPARSE_POINT = 0x400  # links and junctions of Windows
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "rebase-merge", "rebase-apply")


class Unfit(Exception):
    """Why a repository is not looked at, in words."""


@dataclass(frozen=True)
class Repository:
    """`root`: the work tree. `git_dir`: its HEAD and index; `common`: refs, objects and configuration.

    `head`: what HEAD names, a ref or a commit; `commit`: empty where there is none yet.
    """

    root: Path
    git_dir: Path
    common: Path
    head: str = ""
    commit: str = ""

    @property
    def objects(self) -> Path:
        """The directory of its objects."""
        return self.common / "objects"

    def ref(self, name: str) -> str:
        """The commit that a ref names, as far as it is kept in files; empty where there is none."""
        for _ in range(_DEEPEST_REF):
            if not is_ref(name):
                return ""
            text = read(self.common, name).strip() or _packed(self.common, name)
            if not text.startswith("ref:"):
                return text if _HASH.fullmatch(text) else ""
            name = text[4:].strip()
        return ""

    def under_way(self) -> str:
        """What git has begun here and not ended (a merge, a rebase); empty where nothing."""
        return next((one for one in _UNDER_WAY if os.path.lexists(self.git_dir / one)), "")


def find(place: Path) -> Repository | None:
    """The repository that holds a directory; None where there is none. Raises Unfit."""
    for root in (place.absolute(), *place.absolute().parents):
        dot = root / ".git"
        if os.path.lexists(dot):
            found = _at(root, dot)
            if found is not None:
                return found
    return None


def is_ref(name: str) -> bool:
    """Whether a name may be a ref's: it never leaves the directory of refs."""
    parts = name.split("/")
    is_odd = any(one in ("", ".", "..") or one.startswith(".") or one.endswith((".lock", ".")) for one in parts)
    return bool(_REF.fullmatch(name)) and not is_odd and "@{" not in name


def read(folder: Path, name: str, limit: int = _SMALL) -> str:
    """A regular file below a folder, through no link; empty where there is none."""
    try:
        with open_below(folder, name) as file:
            return file.read(limit).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _at(root: Path, dot: Path) -> Repository | None:
    """The repository whose ``.git`` this is; None for a directory that is none."""
    mode = dot.lstat().st_mode
    if stat.S_ISDIR(mode):
        if not (dot / "HEAD").exists():
            return None
        git_dir = common = dot
    elif stat.S_ISREG(mode):
        git_dir, common = _pointed(root, dot)
    else:
        raise Unfit(f"{dot} is a link, so it may be another repository's")
    for one in {root, dot, git_dir, common}:
        if not is_own(one):
            raise Unfit(f"{one} belongs to another account")
    _check_inside(git_dir, ("HEAD", "index"))
    _check_inside(common, ("objects", "refs", "packed-refs", "config", "shallow"))
    _check_objects(common / "objects")
    found = Repository(root, git_dir, common)
    text = read(git_dir, "HEAD").strip()
    head = text[4:].strip() if text.startswith("ref:") else text
    return Repository(root, git_dir, common, head, found.ref(head) if is_ref(head) else _hash(head))


def _pointed(root: Path, dot: Path) -> tuple[Path, Path]:
    """Where the file ``.git`` of a worktree or a submodule leads, if that place names it, too."""
    told = read(root, ".git").strip()
    target = Path(os.path.normpath(root / told[7:].strip())) if told.startswith("gitdir:") else root
    common = read(target, "commondir").strip()
    if common:  # a worktree
        back = read(target, "gitdir").strip()
        shared = Path(os.path.normpath(target / common))
        if back and _same(target / back, dot) and target.parent.parent == shared:
            return target, shared
    else:  # a submodule
        back = next(iter(_WORKTREE_KEY.findall(read(target, "config", _LARGE))), "")
        if back and _same(target / back, root):
            return target, target
    raise Unfit(f"{dot} names a repository that does not name it back, so it may be another one's")


def _check_inside(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        one = folder / name
        if os.path.lexists(one) and (_is_link(one) or not (one.is_file() or one.is_dir())):
            raise Unfit(f"{folder / name} is a link or no file, so it may be another repository's")


def _check_objects(objects: Path) -> None:
    """Nothing may lead to the objects of another repository: a commit's number is often known to others."""
    for name in ("info/alternates", "info/http-alternates"):
        if os.path.lexists(objects / name):
            raise Unfit(f"{objects / name}: it borrows objects of another repository")
    for folder in (objects, objects / "pack", objects / "info"):
        try:
            link = next((one for one in folder.iterdir() if _is_link(one)), None)
        except FileNotFoundError:
            continue
        if link is not None:
            raise Unfit(f"{link} is a link, so its objects may be another repository's")


def is_own(path: Path) -> bool:
    """Whether it belongs to this account: what others set up is not trusted. False where it is gone."""
    if sys.platform == "win32":
        return True  # git itself checks the owner there
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _is_link(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_file_attributes", 0) & _REPARSE_POINT)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _hash(text: str) -> str:
    return text if _HASH.fullmatch(text) else ""


def _packed(common: Path, name: str) -> str:
    for line in read(common, "packed-refs", _LARGE).splitlines():
        if line.endswith(" " + name):
            return line.split(" ", 1)[0]
    return ""
