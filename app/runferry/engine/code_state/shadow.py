"""A directory in the place of a repository's ``.git`` that names no program: how git is asked about a repository.

It holds a configuration of our own, with nothing of the repository's but a few plain facts about its files (line
endings, file modes), a copy of the index, the attributes that are kept outside of the work tree (they name filters, of
which none is defined), and the way to the repository's objects. The work tree is the repository's.
Nothing is written into the repository from here, but objects where that is asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runferry.engine.code_state.git import Git, GitFailed, Limits
from runferry.engine.code_state.repository import Repository, Unfit
from runferry.regular_files import open_below, open_regular

_BOOLEAN = re.compile(r"true|false|yes|no|on|off|0|1")
_FACTS: dict[str, re.Pattern[str]] = {
    "core.autocrlf": re.compile(r"true|false|yes|no|on|off|0|1|input"),
    "core.eol": re.compile(r"lf|crlf|native"),
    "core.filemode": _BOOLEAN,
    "core.symlinks": _BOOLEAN,
    "core.ignorecase": _BOOLEAN,
    "core.precomposeunicode": _BOOLEAN,
    "core.trustctime": _BOOLEAN,
    "core.checkstat": re.compile(r"default|minimal"),
}
"""What is taken over of a configuration: plain facts about files, and which values they may have."""
_ALWAYS = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tlogallrefupdates = false
\tfsmonitor = false
\tuntrackedcache = false
\thookspath = {nowhere}
\tattributesfile = {attributes}
\texcludesfile = {nowhere}
\tcommitgraph = false
\tmultipackindex = false
\tprotecthfs = true
\tprotectntfs = true
\tsparsecheckout = false
[protocol]
\tallow = never
[gc]
\tauto = 0
[maintenance]
\tauto = false
[submodule]
\trecurse = false
"""
_MOST_INDEX = 1 << 29  # bytes
_LARGEST_ATTRIBUTES = 1 << 20
_LISTING = 1 << 27  # bytes of the list of a work tree's files


@dataclass(frozen=True)
class Shadow:
    """`git` asks about `repository`; `index`: the copy that it works on; `place`: the directory itself."""

    repository: Repository
    git: Git
    index: Path
    place: Path


@contextmanager
def shadow(repository: Repository, limits: Limits, writes: bool = False) -> Iterator[Shadow]:
    """Such a directory, for as long as it is needed. writes: new objects go into the repository itself.

    Raises Unfit, GitFailed, OSError.
    """
    objects = str(repository.objects)
    if "\n" in objects or objects.startswith('"'):
        raise Unfit(f"{objects!r} cannot be named to git")
    with tempfile.TemporaryDirectory(prefix="runferry-git-") as made:
        place = Path(made)
        for name in ("objects/info", "refs", "info"):
            (place / name).mkdir(parents=True)
        (place / "HEAD").write_text("ref: refs/heads/none\n")
        if not writes:
            (place / "objects" / "info" / "alternates").write_text(f"{objects}\n", "utf-8", "surrogateescape")
        for name in ("index", *_shared_indexes(repository.git_dir), "shallow"):
            _copy(repository.common if name == "shallow" else repository.git_dir, name, place)
        variables = {
            "GIT_DIR": made,
            "GIT_WORK_TREE": str(repository.root),
            "GIT_OBJECT_DIRECTORY": objects if writes else str(place / "objects"),
            "HOME": made,  # what git before 2.32 would look into
        }
        git = Git(repository.root, variables, limits)
        _configure(repository, git, place, limits.until)
        _check_index(git)
        yield Shadow(repository, git, place / "index", place)


def _configure(repository: Repository, git: Git, place: Path, until: float) -> None:
    is_long = len(repository.commit) == 64
    base = _ALWAYS.format(version=int(is_long), nowhere="/dev/null", attributes=place / "attributes")
    if is_long:
        base += "[extensions]\n\tobjectformat = sha256\n"
    (place / "config").write_text(base)
    _copy(repository.common, "config", place, "theirs")
    _copy(repository.common, "info/attributes", place)
    own = _persons(place, until)
    _copy_own_attributes(own, place)
    facts = _facts(own) | _facts(_listed(git, place / "theirs"))
    lines = [f"\t{name.partition('.')[2]} = {value}\n" for name, value in facts.items()]
    (place / "config").write_text(base + "[core]\n" + "".join(lines))


def _listed(git: Git, file: Path) -> bytes:
    """What a file of configuration says, without what it includes. Read by git, which starts nothing for that."""
    if not file.exists():
        return b""
    try:
        return git.ask("config", "--file", str(file), "--no-includes", "--null", "--list")
    except GitFailed:
        return b""  # broken: git itself would say so


def _persons(place: Path, until: float) -> bytes:
    """What the person and the system have set for all repositories (line endings, on Windows)."""
    names = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL")
    own = {name: os.environ.get(name) for name in names}
    try:
        return Git(place, {**own, "GIT_DIR": str(place)}, Limits(until=until)).ask("config", "--null", "--list")
    except GitFailed:
        return b""


def _facts(listed: bytes) -> dict[str, str]:
    """The plain facts among what git lists as ``name\\nvalue\\0``; the last one counts."""
    found = {}
    for entry in listed.decode("utf-8", "replace").split("\0"):
        name, _, value = entry.partition("\n")
        allowed = _FACTS.get(name.lower())
        if allowed is not None and allowed.fullmatch(value.lower()):
            found[name.lower()] = value.lower()
    return found


def _copy_own_attributes(listed: bytes, place: Path) -> None:
    """The person's own attributes for all repositories, from where the configuration says, or else the usual place."""
    told = [one.partition("\n") for one in listed.decode("utf-8", "surrogateescape").split("\0")]
    ours = str(place / "attributes")
    named = [value for name, _, value in told if name.lower() == "core.attributesfile" and value != ours]
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "git", "attributes")
    path = Path(named[-1]) if named else usual
    with (
        suppress(OSError, RuntimeError),
        open_regular(path.expanduser()) as file,
        (place / "attributes").open("wb") as made,
    ):
        made.write(file.read(_LARGEST_ATTRIBUTES))


def _shared_indexes(git_dir: Path) -> list[str]:
    """Of a split index."""
    return [one.name for one in git_dir.glob("sharedindex.*")]


def _copy(folder: Path, name: str, place: Path, to: str = "") -> None:
    try:
        with open_below(folder, name) as file, (place / (to or name)).open("wb") as made:
            about = os.fstat(file.fileno())
            if about.st_size > _MOST_INDEX:
                raise Unfit(f"{folder / name} is larger than {_MOST_INDEX:,} bytes")
            shutil.copyfileobj(file, made)
        # By the time of its index git tells which files it has to read once more.
        os.utime(place / (to or name), ns=(about.st_atime_ns, about.st_mtime_ns))
    except FileNotFoundError:
        return


def _check_index(git: Git) -> None:
    """Git opens whatever its index names, also outside of the work tree. Raises Unfit."""
    for name in git.ask("ls-files", "-z", "--full-name", size=_LISTING).split(b"\0"):
        parts = name.replace(b"\\", b"/").split(b"/") if os.name == "nt" else name.split(b"/")
        if name.startswith(b"/") or any(one in (b"..", b".") or one.lower() == b".git" for one in parts):
            raise Unfit(f"its index names {os.fsdecode(name)!r}, which is no file of its work tree")
