"""What a store's folder itself looks like: what may stand in it, who may read it, and its key.

A store may have been copied from elsewhere, so links, pipes and devices are refused before anything is opened. It is
its owner's alone: folders 0700, files 0600, also in stores of earlier versions. What is not ours is never changed: a
folder that holds other things too keeps its mode, links are not followed, and files with other names elsewhere are
left as they are.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import secrets
import stat
import string
import time
import uuid
from pathlib import Path

from runferry.regular_files import NotRegular, read_regular
from runferry.server.commits import Commits
from runferry.server.durable import open_private, write_whole

FOLDERS = ("runs", "artifacts", "blobs", "deleted", "tmp")
_FILES = re.compile(r"key(\.new)?|store\.json|lock|index\.sqlite.*|\.?(server|port)[-.].*|\..*\.partial~")
_KEY = re.compile(r"[!-~]{40,256}")
_KEY_LETTERS = string.digits + string.ascii_lowercase
_LONGEST_KEY_FILE = 4096
_PATIENCE = 10.0  # seconds of tightening; what is left is done when the store is opened the next time

log = logging.getLogger(__name__)


def check(root: Path) -> None:
    """Raise `NotRegular` where something else stands in the place of one of the store's files or folders."""
    for entry in _entries(root):
        mode = entry.lstat().st_mode
        if entry.name in FOLDERS and not stat.S_ISDIR(mode):
            raise NotRegular(errno.ENOTDIR, f"{entry.name} is no folder, or a link to one", str(entry))
        if _FILES.fullmatch(entry.name) and not stat.S_ISREG(mode):
            raise NotRegular(errno.EINVAL, f"{entry.name} is no file, or a link to one", str(entry))


def close_root(root: Path) -> None:
    """Make the store's folder its owner's alone, unless other things lie in it too."""
    if os.name != "posix" or root.stat().st_mode & 0o077 == 0:
        return
    foreign = next((one.name for one in _entries(root) if not _is_ours(one.name)), None)
    if foreign is None:
        _narrow(root, 0o700)
    else:
        log.warning("%s holds other things too (%s): who may read that folder is left as it is", root, foreign)


def tighten(root: Path) -> bool:
    """Make what lies in a store of an earlier version its owner's alone; whether all of it is."""
    if os.name != "posix":
        return True
    end = time.monotonic() + _PATIENCE
    for entry in _entries(root):
        if _FILES.fullmatch(entry.name):
            _narrow(entry, 0o600)
    for name in FOLDERS:
        for at, _, files in os.walk(root / name):
            _narrow(Path(at), 0o700)
            for one in files:
                _narrow(Path(at, one), 0o600)
            if time.monotonic() > end:
                return False
    return True


def take_key(path: Path, commits: Commits) -> tuple[str, str]:
    """The key in the file, and what there is to say of it; one is made where there is none that can be one."""
    said = ""
    try:
        key = read_regular(path, _LONGEST_KEY_FILE).decode("ascii").strip()
        if _KEY.fullmatch(key):
            _narrow(path, 0o600)
            return key, ""
        said = "it is empty" if not key.strip("\0") else "it does not hold a key"
    except FileNotFoundError:
        pass
    except UnicodeDecodeError:
        said = "it does not hold a key"
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        said = "it is too large"
    key = "".join(secrets.choice(_KEY_LETTERS) for _ in range(40))
    write_whole(path, key.encode() + b"\n", commits)
    if said:
        said = f"The key file {path} was damaged ({said}): a new key was made. Whoever used the old one needs the new."
        log.warning(said)
    return key, said


def identity_told(root: Path) -> str:
    """The store's id, by what its last server told of itself and a power cut left; empty where nothing did."""
    with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
        told = json.loads(read_regular(root / "server.json", _LONGEST_KEY_FILE)).get("store")
        return str(uuid.UUID(told)) if isinstance(told, str) else ""
    return ""


def ignores_case(folder: Path) -> bool:
    """Whether the file system takes `A` and `a` for one name."""
    probe = folder / "CaSe-probe"
    os.close(open_private(probe, os.O_WRONLY | os.O_CREAT))
    try:
        return (folder / "case-PROBE").exists()
    finally:
        probe.unlink()


def _is_ours(name: str) -> bool:
    return name in FOLDERS or _FILES.fullmatch(name) is not None


def _entries(root: Path) -> list[Path]:
    return sorted(root.iterdir()) if root.exists() else []


def _narrow(path: Path, mode: int) -> None:
    """For a file or folder of this account that only stands here."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        is_file = stat.S_ISREG(found.st_mode)
        if not is_file and not stat.S_ISDIR(found.st_mode):
            return
        is_mine = os.name == "posix" and found.st_uid == os.geteuid()
        if is_mine and found.st_mode & 0o077 and (found.st_nlink == 1 or not is_file):
            path.chmod(mode)
