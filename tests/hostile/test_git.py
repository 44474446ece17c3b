"""A repository from elsewhere: nothing that it names is started, and no other repository is taken for it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runferry.engine.code_state.capture import Captured, capture
from runferry.engine.code_state.restore import CodeOfRun, restore
from runferry.errors import AppError

IDENTITY = ("-c", "user.name=me", "-c", "user.email=me@example.invalid", "-c", "init.defaultBranch=main")


def git(place: Path, *arguments: str, check: bool = True, **more: Any) -> str:
    command = ["git", "-C", str(place), *IDENTITY, *arguments]
    done = subprocess.run(command, check=check, capture_output=True, text=True, timeout=60, **more)
    return done.stdout.strip()


def a_repository(place: Path, **files: str) -> Path:
    """With two commits and nothing that is not committed."""
    place.mkdir(parents=True)
    git(place, "init", "--quiet")
    for name, text in {"model_py": "layers = 1\n", "data_txt": "one\n", **files}.items():
        (place / name.replace("_", ".", 1)).write_text(text)
    git(place, "add", "-A")
    git(place, "commit", "--quiet", "-m", "first")
    (place / "model.py").write_text("layers = 2\n")
    git(place, "commit", "--quiet", "-am", "second")
    return place


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "repository")


def take(place: Path) -> Captured:
    return capture([place], time.time(), 1 << 20, 30.0)


def code(commit: str, patch: bytes = b"") -> CodeOfRun:
    return CodeOfRun("r1", commit, {"diff.patch": patch} if patch else {})


# -- programs -------------------------------------------------------------------------------------------------------

PROGRAMS = """
core.fsmonitor core.hooksPath:dir core.sshCommand core.gitProxy core.pager core.editor core.askPass
core.alternateRefsCommand core.attributesFile:attributes core.excludesFile core.worktree:elsewhere
diff.external diff.x.command diff.x.textconv filter.x.clean filter.x.smudge filter.x.process filter.x.required=true
filter.lfs.clean filter.lfs.smudge filter.lfs.process merge.x.driver merge.tool mergetool.x.cmd mergetool.x.path
difftool.x.cmd diff.tool=x diff.guitool=x guitool.x.cmd interactive.diffFilter sequence.editor
gpg.program gpg.openpgp.program gpg.x509.program gpg.ssh.program gpg.ssh.defaultKeyCommand commit.gpgSign=true
tag.gpgSign=true log.showSignature=true user.signingKey=x credential.helper credential.https://x.helper
remote.origin.url:ext remote.origin.uploadpack remote.origin.receivepack remote.origin.vcs=ext remote.origin.proxy
remote.origin.promisor=true extensions.partialClone=origin extensions.worktreeConfig=true protocol.allow=always
protocol.ext.allow=always url.x.insteadOf=https:// submodule.sub.update:bang submodule.sub.url:ext
submodule.recurse=true submodule.sub.active=true fetch.recurseSubmodules=true diff.ignoreSubmodules=none
pager.diff pager.status pager.log pager.config alias.diff:bang alias.apply:bang alias.config:bang
uploadpack.packObjectsHook receive.procReceiveRefs trailer.x.command trailer.x.cmd man.x.cmd browser.x.cmd web.browser
instaweb.httpd sendemail.smtpServer sendemail.toCmd sendemail.ccCmd sendemail.sendmailCmd hook.x.command
hook.x.event=post-index-change init.templateDir:dir http.proxy ssh.variant maintenance.auto=true gc.auto=1
core.fsmonitorHookVersion=1 core.untrackedCache=true core.splitIndex=false status.submoduleSummary=true
include.path:include includeIf.gitdir:/.path:include
"""
"""Every key that can run a program or lead to one that can; without a value: the trap itself."""
HOOKS = (
    "applypatch-msg pre-applypatch post-applypatch pre-commit post-commit post-checkout post-merge post-rewrite "
    "pre-auto-gc post-index-change fsmonitor-watchman reference-transaction query-watchman update pre-rebase"
)


class Traps:
    """A program that leaves a mark, and everything in a repository that leads to it."""

    def __init__(self, repository: Path, place: Path) -> None:
        self.repository, self.place = repository, place
        self.marks, self.program = place / "ran", place / "trap.sh"
        place.mkdir()
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{self.marks}"\ncat\n')
        self.program.chmod(0o755)
        for folder in (place / "hooks", repository / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            for name in HOOKS.split():
                (folder / name).write_text(self.program.read_text())
                (folder / name).chmod(0o755)
        attributes = "* filter=x diff=x merge=x\n*.bin filter=lfs\n*.cfg !filter\n"
        (place / "attributes").write_text(attributes)
        (repository / ".git" / "info").mkdir(exist_ok=True)
        (repository / ".git" / "info" / "attributes").write_text("* diff=x merge=x\n")
        (place / "include").write_text(f'[filter "x"]\n\tclean = {self.program}\n\tsmudge = {self.program}\n')

    def set_all(self) -> None:
        for word in PROGRAMS.split():
            key, value = self._pair(word)
            git(self.repository, "config", "--add", key, value, env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1"})

    def _pair(self, word: str) -> tuple[str, str]:
        if "=" in word and not word.startswith("includeIf"):
            key, _, value = word.rpartition("=")
            return key, value
        kinds = {
            "dir": self.place / "hooks", "attributes": self.place / "attributes", "include": self.place / "include",
            "elsewhere": self.place, "ext": f'ext::sh -c "{self.program}"', "bang": f"!{self.program}",
        }  # fmt: skip
        key, _, kind = word.rpartition(":")
        return (key, str(kinds[kind])) if kind in kinds else (word, str(self.program))

    def forget(self) -> None:
        """What the preparations of a test ran."""
        self.marks.unlink(missing_ok=True)

    @property
    def ran(self) -> str:
        return self.marks.read_text() if self.marks.exists() else ""


def write_config(repository: Path, text: str) -> None:
    with (repository / ".git" / "config").open("a") as file:
        file.write(text)


@pytest.fixture
def traps(repository: Path, tmp_path: Path) -> Traps:
    (repository / ".gitattributes").write_text("* filter=x diff=x merge=x\n*.bin filter=lfs\n*.cfg !filter\n")
    (repository / "run.cfg").write_text("lr = 1\n")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "attributes")
    return Traps(repository, tmp_path / "traps")


def test_the_trap_works(traps: Traps) -> None:
    """Git itself, asked as one would, runs it: else the tests below would show nothing."""
    write_config(traps.repository, f'[filter "x"]\n\tclean = {traps.program}\n')
    (traps.repository / "model.py").write_text("layers = 3, and longer\n")
    git(traps.repository, "diff", "--no-ext-diff", "--no-textconv", "HEAD")
    assert "trap.sh" in traps.ran
    traps.forget()
    write_config(traps.repository, f"[core]\n\tfsmonitor = {traps.program}\n")
    git(traps.repository, "status")
    assert "trap.sh" in traps.ran


def test_no_key_that_names_a_program_starts_one_when_changes_are_taken(traps: Traps) -> None:
    (traps.repository / "model.py").write_text("layers = 3, and longer\n")
    (traps.repository / "weights.bin").write_bytes(b"large")
    git(traps.repository, "add", "weights.bin")
    (traps.repository / "weights.bin").write_bytes(b"larger")
    traps.set_all()
    traps.forget()
    before = (traps.repository / ".git" / "index").read_bytes()
    (traps.repository / "run.cfg").write_text("lr = 2\n")
    found = take(traps.repository)
    assert found.reason == "model.py is left out: its filter x is not run here"
    assert b"layers = 3" not in found.files["diff.patch"]
    assert b"+lr = 2" in found.files["diff.patch"]
    assert b"+oid sha256:" + hashlib.sha256(b"larger").hexdigest().encode() in found.files["diff.patch"]
    assert not traps.ran
    assert (traps.repository / ".git" / "index").read_bytes() == before


def test_no_key_that_names_a_program_starts_one_when_a_run_is_restored(traps: Traps) -> None:
    repository = traps.repository
    first = git(repository, "rev-parse", "HEAD~1")
    git(repository, "checkout", "--quiet", "--detach", "HEAD~1")
    (repository / "model.py").write_text("layers = 4\n")
    patch = subprocess.run(["git", "-C", repository, "diff"], capture_output=True, check=True).stdout
    git(repository, "checkout", "--quiet", "-f", "main")
    traps.set_all()
    traps.forget()
    done = restore(code(first, patch), repository)
    assert (done.branch, done.base) == ("runferry/r1", first)
    assert (repository / "model.py").read_text() == "layers = 4\n"
    assert (repository / ".git" / "HEAD").read_text() == "ref: refs/heads/runferry/r1\n"
    assert not traps.ran


def test_no_key_that_git_knows_is_believed(repository: Path, tmp_path: Path) -> None:
    """All of them, with values that make git itself give up: none is even read."""
    traps = Traps(repository, tmp_path / "traps")
    listed = subprocess.run(["git", "help", "--config"], capture_output=True, text=True, check=True).stdout
    keys = [one for one in listed.split() if "." in one and "http" not in one]
    assert len(keys) > 300
    lines = []
    for key in keys:
        section, _, rest = key.partition(".")
        middle, _, name = rest.rpartition(".")
        name = name.replace("*", "x").strip("<>")
        if name.replace("-", "").isalnum():
            lines.append(f'[{section} "x"]' if middle else f"[{section}]")
            lines.append(f"\t{name} = {traps.program}")
    write_config(repository, "\n".join(lines) + "\n")
    (repository / "model.py").write_text("layers = 3\n")
    found = take(repository)
    assert b"+layers = 3" in found.files["diff.patch"]
    git_config = (repository / ".git" / "config").read_bytes()
    (repository / ".git" / "config").write_bytes(b"[core]\n")
    git(repository, "checkout", "--quiet", "-f", ".")
    (repository / ".git" / "config").write_bytes(git_config)
    traps.forget()
    restore(code(found.commit, found.files["diff.patch"]), repository)
    assert (repository / "model.py").read_text() == "layers = 3\n"
    assert not traps.ran


@pytest.mark.parametrize(
    "broken", ["[core\n", "[core]\n\tautocrlf = \x01\n", "\0" * 100, "[core]\n\tautocrlf = input\n"]
)
def test_a_broken_configuration_costs_nothing(repository: Path, broken: str) -> None:
    write_config(repository, broken)
    (repository / "model.py").write_text("layers = 3\n")
    assert b"+layers = 3" in take(repository).files["diff.patch"]


def test_missing_objects_are_not_fetched(repository: Path, tmp_path: Path) -> None:
    """A promised object: git fetches it by the remote's own program."""
    blob, first = git(repository, "rev-parse", "HEAD:model.py"), git(repository, "rev-parse", "HEAD~1")
    traps = Traps(repository, tmp_path / "traps")
    traps.program.write_text(f"#!/bin/sh\necho trap.sh >> {traps.marks}\nexit 1\n")
    for name, value in (("url", f"ext::{traps.program}"), ("promisor", "true"), ("fetch", "+refs/*:refs/remotes/x/*")):
        git(repository, "config", f"remote.origin.{name}", value)
    git(repository, "config", "protocol.ext.allow", "always")
    git(repository, "config", "extensions.partialClone", "origin")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    git(repository, "diff", "HEAD~1", "HEAD", check=False)
    assert "trap.sh" in traps.ran, "git itself would"
    traps.forget()
    (repository / "model.py").write_text("layers = 3\n")
    found = take(repository)
    assert blob in found.reason
    assert not found.files
    with pytest.raises(AppError):
        restore(code(first), repository)
    assert not traps.ran


# -- other repositories ---------------------------------------------------------------------------------------------

SECRET = "SECRET = 'hunter2'\n"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    place = a_repository(tmp_path / "private", algorithm_py=SECRET)
    (place / "algorithm.py").write_text(SECRET * 2)
    return place


def leaks(found: Captured) -> bool:
    return any(b"hunter2" in one for one in found.files.values())


@pytest.mark.parametrize("way", ["link", "file", "index link", "objects link", "pack link", "HEAD link", "refs link"])
def test_a_repository_that_leads_to_another_one_is_not_looked_at(tmp_path: Path, private: Path, way: str) -> None:
    place = tmp_path / "from elsewhere"
    place.mkdir()
    theirs = private / ".git"
    if way == "link":
        (place / ".git").symlink_to(theirs)
    elif way == "file":
        (place / ".git").write_text(f"gitdir: {theirs}\n")
    else:
        git(place, "init", "--quiet")
        name = {"index link": "index", "objects link": "objects", "HEAD link": "HEAD", "refs link": "refs"}.get(way, "")
        ours = place / ".git" / (name or "objects/pack")
        if ours.is_dir():
            for one in sorted(ours.rglob("*"), reverse=True):
                one.rmdir() if one.is_dir() else one.unlink()
            ours.rmdir()
        else:
            ours.unlink(missing_ok=True)
        ours.symlink_to(theirs / (name or "objects/pack"))
        if name != "HEAD":
            (place / ".git" / "refs").is_symlink() or (place / ".git" / "refs/heads/main").write_text(
                git(private, "rev-parse", "HEAD") + "\n"
            )
    found = take(place)
    assert found.reason
    assert not found.files
    with pytest.raises(AppError):
        restore(code(git(private, "rev-parse", "HEAD")), place)


def test_objects_of_another_repository_are_not_borrowed(tmp_path: Path, private: Path) -> None:
    """Its commit's number is no secret: pages of runs show it."""
    place = tmp_path / "from elsewhere"
    place.mkdir()
    git(place, "init", "--quiet")
    (place / ".git" / "objects" / "info" / "alternates").write_text(f"{private / '.git' / 'objects'}\n")
    (place / ".git" / "refs" / "heads" / "main").write_text(git(private, "rev-parse", "HEAD") + "\n")
    assert b"hunter2" in subprocess.run(["git", "-C", place, "show", "HEAD:algorithm.py"], capture_output=True).stdout
    found = take(place)
    assert "borrows" in found.reason
    assert not found.files


@pytest.mark.parametrize("name", [b"../private/algorithm.py", b"/etc/hostname", b".git/config", b"a/../../secret"])
def test_an_index_that_names_files_elsewhere_is_not_believed(tmp_path: Path, private: Path, name: bytes) -> None:
    place = a_repository(tmp_path / "from elsewhere")
    length = len(name)
    (place / ("x" * length)).write_text("x")
    git(place, "add", "-A")
    index = (place / ".git" / "index").read_bytes().replace(b"x" * length, name)[:-20]
    (place / ".git" / "index").write_bytes(index + hashlib.sha1(index).digest())
    found = take(place)
    assert "no file of its work tree" in found.reason
    assert not found.files


def test_a_worktree_and_a_submodule_are_looked_at(tmp_path: Path) -> None:
    """Both sides name each other there."""
    main = a_repository(tmp_path / "main")
    git(main, "worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "side")
    (tmp_path / "tree" / "model.py").write_text("layers = 5\n")
    assert b"+layers = 5" in take(tmp_path / "tree").files["diff.patch"]
    sub = a_repository(tmp_path / "sub")
    git(main, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(sub), "sub")
    (main / "sub" / "model.py").write_text("layers = 6\n")
    assert b"+layers = 6" in take(main / "sub").files["diff.patch"]
    restored = (
        restore(CodeOfRun("r2", git(main, "rev-parse", "HEAD"), {}), tmp_path / "tree", "again") if False else None
    )
    assert restored is None


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a file to another account")
@pytest.mark.parametrize("name", ["", ".git"])
def test_another_accounts_repository_is_not_looked_at(repository: Path, name: str) -> None:
    os.chown(repository / name, 65534, 65534)
    assert "another account" in take(repository).reason


# -- what is taken is right -----------------------------------------------------------------------------------------


def plain(repository: Path) -> bytes:
    command = ["git", "-C", repository, "diff", "--binary", "--full-index", "--ignore-submodules=all", "HEAD"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_the_patch_is_what_git_itself_says(repository: Path) -> None:
    for name in ("gone", "moved", "mode", "racy", "Ünï cöde\t"):
        (repository / name).write_text(f"{name}\n" * 20)
    (repository / "link").symlink_to("gone")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "more")
    (repository / "racy").write_text("yacr\n" * 20)  # as long, and in the same moment
    git(repository, "rm", "--quiet", "gone")
    git(repository, "mv", "moved", "moved away")
    (repository / "mode").chmod(0o755)
    (repository / "Ünï cöde\t").write_text("other\n")
    (repository / "new.bin").write_bytes(bytes(range(256)))
    (repository / "link").unlink()
    (repository / "link").symlink_to("mode")
    git(repository, "add", "new.bin")
    (repository / "not added").write_text("x")
    found = take(repository)
    assert found.files["diff.patch"] == plain(repository)
    assert not found.reason


def test_line_endings_compare_as_the_repository_says(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.py text eol=crlf\n")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "endings")
    (repository / "model.py").write_bytes(b"layers = 2\r\n")
    assert not take(repository).files, "nothing differs"
    git(repository, "config", "core.autocrlf", "true")
    (repository / "data.txt").write_bytes(b"one\r\ntwo\r\n")
    patch = take(repository).files["diff.patch"]
    assert b"+two\n" in patch
    assert b"\r" not in patch
    assert patch == plain(repository)


def test_files_of_lfs_compare_by_their_pointers(repository: Path) -> None:
    """As after `git lfs checkout`: the file holds what its pointer stands for."""

    def pointer(content: bytes) -> bytes:
        told = f"oid sha256:{hashlib.sha256(content).hexdigest()}\nsize {len(content)}\n"
        return b"version https://git-lfs.github.com/spec/v1\n" + told.encode()

    (repository / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    for name in ("same.bin", "other.bin", "pointer.bin", "emptied.bin"):
        (repository / name).write_bytes(pointer(name.encode() * 1000))
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "large")
    (repository / "same.bin").write_bytes(b"same.bin" * 1000)
    (repository / "other.bin").write_bytes(b"changed" * 1000)
    (repository / "emptied.bin").write_bytes(b"")
    (repository / "new.bin").write_bytes(b"announced" * 1000)
    git(repository, "add", "-N", "new.bin")
    found = take(repository)
    assert not found.reason
    patch = found.files["diff.patch"]
    assert b"same.bin" not in patch
    assert b"pointer.bin" not in patch
    assert b"+oid sha256:" + hashlib.sha256(b"changed" * 1000).hexdigest().encode() in patch
    assert b"changedchanged" not in patch
    assert pointer(b"").splitlines()[1] not in patch, "an empty file is its own pointer"
    assert b"+oid sha256:" + hashlib.sha256(b"announced" * 1000).hexdigest().encode() in patch
    assert b"announcedannounced" not in patch


@pytest.mark.parametrize("place", [".gitattributes", ".git/info/attributes", "the person's own"])
def test_what_a_filter_takes_away_is_not_sent(
    repository: Path, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git-crypt encrypts and nbstripout strips: the work tree holds what no commit ever does."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    attributes = tmp_path / "own" / "git" / "attributes" if place.startswith("the") else repository / place
    attributes.parent.mkdir(parents=True, exist_ok=True)
    attributes.write_text("*.env filter=crypt\n")
    git(repository, "config", "filter.crypt.clean", "sed s/.*/encrypted/")
    (repository / "secret.env").write_text("password\n")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "encrypted")
    os.utime(repository / "secret.env", (1, 1))
    (repository / "other.env").write_text("password\n")
    git(repository, "add", "-N", "other.env")
    (repository / "staged.env").write_text("password\n")
    git(repository, "add", "staged.env")
    (repository / "model.py").write_text("layers = 3\n")
    found = take(repository)
    assert b"+layers = 3" in found.files["diff.patch"]
    assert b"password" not in found.files["diff.patch"]
    assert b"+encrypted" in found.files["diff.patch"], "as it was staged"
    assert "secret.env is left out: its filter crypt is not run here" in found.reason
    assert "other.env is left out" in found.reason


def test_line_endings_follow_attributes_that_are_kept_beside_the_work_tree(repository: Path) -> None:
    (repository / ".git" / "info" / "attributes").write_text("*.txt text eol=crlf\n")
    (repository / "data.txt").write_bytes(b"one\r\ntwo\r\n")
    patch = take(repository).files["diff.patch"]
    assert b"\r" not in patch
    assert patch == plain(repository)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_what_is_no_file_or_too_large_is_left_out_and_named(repository: Path) -> None:
    (repository / "data.txt").unlink()
    os.mkfifo(repository / "data.txt")
    with (repository / "huge").open("wb") as file:
        file.truncate(10)
    git(repository, "add", "huge")
    with (repository / "huge").open("wb") as file:
        file.truncate(1 << 33)
    (repository / "model.py").write_text("layers = 3\n")
    found = take(repository)
    assert b"+layers = 3" in found.files["diff.patch"]
    assert "data.txt is left out: it is no regular file" in found.reason
    assert "huge is left out: it is larger" in found.reason


# -- what is restored -----------------------------------------------------------------------------------------------

NEW = "diff --git a/{0} b/{0}\nnew file mode 100644\nindex 0000000..ce01362\n--- /dev/null\n+++ b/{0}\n"
NEW += "@@ -0,0 +1 @@\n+hello\n"
NAMES = [
    "../outside", "a/../../outside", "/tmp/outside", ".git/hooks/post-checkout", ".GIT/hooks/x", ".git./hooks/x",
    "git~1/hooks/x", ".g\u200cit/hooks/x", "sub/.git/hooks/x", ".git ", "link/outside",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_patch_writes_nowhere_but_into_the_work_tree(tmp_path: Path, name: str) -> None:
    place = a_repository(tmp_path / "repository")
    (place / "link").symlink_to(tmp_path)
    git(place, "add", "-A")
    git(place, "commit", "--quiet", "-m", "a link out")
    before = {one: one.lstat().st_mtime_ns for one in place.rglob("*")}
    with pytest.raises(AppError) as caught:
        restore(code(git(place, "rev-parse", "HEAD"), NEW.format(name).encode()), place)
    assert caught.value.slug == "changes-do-not-fit"
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/outside").exists()
    after = {one: one.lstat().st_mtime_ns for one in place.rglob("*") if ".git" not in one.parts}
    assert after == {one: time for one, time in before.items() if ".git" not in one.parts}
    assert git(place, "branch", "--list").split() == ["*", "main"]
    assert git(place, "status", "--porcelain") == ""
    assert not (place / ".git" / "index.lock").exists()


def test_a_link_that_a_patch_makes_is_told(repository: Path) -> None:
    link = "diff --git a/out b/out\nnew file mode 120000\nindex 0000000..1\n--- /dev/null\n+++ b/out\n@@ -0,0 +1 @@\n"
    link += "+/etc\n\\ No newline at end of file\n"
    done = restore(code(git(repository, "rev-parse", "HEAD"), link.encode()), repository)
    assert done.notes == ("Links lead out of the repository: out → /etc.",)


@pytest.mark.parametrize(
    ("branch", "slug"),
    [
        ("../../hooks/x", "bad-branch"), ("-d", "bad-branch"), ("a..b", "bad-branch"), ("a.lock", "bad-branch"),
        ("a\nb", "bad-branch"), ("a\0b", "bad-branch"), ("/abs", "bad-branch"), (".git/x", "bad-branch"),
        ("main", "branch-exists"), ("main/x", "branch-exists"), ("packed", "branch-exists"), ("dir", "branch-exists"),
    ],
)  # fmt: skip
def test_a_branch_is_a_branch_and_new(repository: Path, branch: str, slug: str) -> None:
    for name in ("packed", "dir/x"):
        git(repository, "branch", name)
    git(repository, "pack-refs", "--all")
    git(repository, "branch", "dir/y")
    with pytest.raises(AppError) as caught:
        restore(code(git(repository, "rev-parse", "HEAD")), repository, branch)
    assert caught.value.slug == slug
    assert git(repository, "branch", "--show-current") == "main"


def test_a_restored_branch_is_as_git_would_have_made_it(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    (repository / "untracked").write_text("stays")
    patch = NEW.format("deep/er/file").encode()
    done = restore(code(first, patch), repository / ".git" / "..", "again")
    assert done.branch == git(repository, "branch", "--show-current") == "again"
    assert git(repository, "rev-parse", "HEAD") == first
    assert git(repository, "status", "--porcelain") == "A  deep/er/file\n?? untracked"
    assert git(repository, "fsck", "--strict") == ""
    git(repository, "stash", "--quiet")
    git(repository, "switch", "--quiet", "-")
    assert git(repository, "branch", "--show-current") == "main"


@pytest.mark.parametrize("what", ["untracked", "staged", "merge", "locked", "sparse"])
def test_where_something_could_get_lost_nothing_is_touched(repository: Path, what: str) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    if what == "untracked":  # is in the way
        git(repository, "rm", "--quiet", "data.txt")
        git(repository, "commit", "--quiet", "-m", "gone")
        (repository / "data.txt").write_text("mine")
    elif what == "staged":
        (repository / "data.txt").write_text("staged")
        git(repository, "add", "-A")
        (repository / "data.txt").write_text("one\n")
    elif what == "merge":
        (repository / ".git" / "MERGE_HEAD").write_text(f"{first}\n")
    elif what == "locked":
        (repository / ".git" / "index.lock").touch()
    else:
        git(repository, "update-index", "--skip-worktree", "data.txt")
        (repository / "data.txt").unlink()
    before = (repository / ".git" / "index").read_bytes(), git(repository, "rev-parse", "HEAD")
    with pytest.raises(AppError) as caught:
        restore(code(first), repository)
    slugs = {"untracked": "checkout-failed", "staged": "dirty-tree", "merge": "git-under-way", "locked": "git-at-work"}
    assert caught.value.slug == slugs.get(what, "sparse-checkout")
    assert ((repository / ".git" / "index").read_bytes(), git(repository, "rev-parse", "HEAD")) == before
    assert git(repository, "branch", "--list").split() == ["*", "main"]


def test_a_partial_clone_is_told_and_not_filled(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{repository}", str(clone))
    repository.rename(tmp_path / "gone")
    with pytest.raises(AppError) as caught:
        restore(code(git(clone, "rev-parse", "HEAD~1")), clone)
    assert caught.value.slug == "objects-missing"
    assert git(clone, "status", "--porcelain") == ""
