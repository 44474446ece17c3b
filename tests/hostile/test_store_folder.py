"""The store's own folder: who may read it, what may stand in it, and what a disk that refuses says."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runferry.errors import AppError
from runferry.server import skeleton
from runferry.server.run_folder import CONSOLE, HISTORY
from runferry.server.serving import LocalServer
from runferry.server.store import Store
from server_rig import Client

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes, pipes and links")


def modes(root: Path) -> dict[str, str]:
    """What others than the owner may open."""
    found = {root.name: root, **{str(one.relative_to(root)): one for one in root.rglob("*")}}
    return {name: oct(one.lstat().st_mode & 0o777) for name, one in found.items() if one.lstat().st_mode & 0o077}


def test_nothing_in_a_store_is_for_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = LocalServer(tmp_path / "above" / "store")
        server.start()
        client = Client(server)
        client.upsert("r1", config=json.dumps({"a": {"value": 1}}))
        files = {name: {"offset": 0, "content": ["{}"]} for name in (HISTORY, CONSOLE, "other")}
        assert client.post({"files": {**files, "wandb-summary.json": {"offset": 0, "content": ["{}"]}}}).ok
        assert client.post({"files": {CONSOLE: {"offset": 0, "content": ["again"]}}}).ok
        assert client.session.put(client.upload_url("a/b/c"), b"x").ok
        client.session.close()
        server.stop()
    finally:
        os.umask(before)
    assert modes(tmp_path / "above" / "store") == {}


def an_old_store(root: Path) -> Store:
    """As earlier versions left them: readable by everybody."""
    store = Store.open(root)
    folder, _ = store.ensure_run("local", "p", "r")
    folder.write_lines(HISTORY, 0, ["{}"])
    store.close()
    told = json.loads((root / "store.json").read_text())
    del told["private"]
    (root / "store.json").write_text(json.dumps(told))
    for one in [root, *root.rglob("*")]:
        one.chmod(0o755 if one.is_dir() else 0o644)
    return store


def test_a_store_of_an_earlier_version_is_tightened(tmp_path: Path) -> None:
    root, foreign = tmp_path / "s", tmp_path / "foreign"
    an_old_store(root)
    foreign.mkdir(mode=0o755)
    (foreign / "file").write_text("x")
    (foreign / "file").chmod(0o644)
    (root / "runs" / "local" / "link").symlink_to(foreign)
    (root / "runs" / "local" / "link to a file").symlink_to(foreign / "file")
    os.link(foreign / "file", root / "runs" / "local" / "hard link")
    Store.open(root).close()
    left = {name for name in modes(root) if "link" not in name}
    assert left == set()
    assert oct(foreign.stat().st_mode & 0o777) == "0o755"
    assert oct((foreign / "file").stat().st_mode & 0o777) == "0o644"
    assert json.loads((root / "store.json").read_text())["private"] is True


def test_a_folder_with_other_things_keeps_its_mode(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir(mode=0o755)
    (root / "thesis.tex").write_text("x")
    (root / "thesis.tex").chmod(0o644)
    an_old_store(root)
    (root / "thesis.tex").chmod(0o644)
    Store.open(root).close()
    assert set(modes(root)) == {"home", "thesis.tex"}


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link(path: Path) -> None:
    outside = path.parent.parent / "outside"
    outside.write_text("theirs")
    path.symlink_to(outside)


def a_link_to_a_folder(path: Path) -> None:
    (path.parent.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent.parent / "elsewhere")


def a_socket(path: Path) -> None:
    os.chdir(path.parent)  # paths of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


@pytest.mark.parametrize(
    "name", ["key", "store.json", "lock", "index.sqlite", "server.json", "server.log", "runs", "tmp"]
)
@pytest.mark.parametrize("make", [a_pipe, a_link, a_link_to_a_folder, a_socket])
def test_what_does_not_belong_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "s"
    root.mkdir()
    make(root / name)
    with pytest.raises(AppError) as caught:
        Store.open(root)
    assert caught.value.slug == "store-unreadable"
    assert name in caught.value.message
    if make is a_link:
        assert (tmp_path / "outside").read_text() == "theirs"


@pytest.mark.parametrize(
    "where", ["run.json", HISTORY, "wandb-summary.json", "files", "files/a", "heartbeat", "alerts.jsonl"]
)
@pytest.mark.parametrize("make", [a_pipe, a_link, a_link_to_a_folder])
def test_a_run_that_came_from_elsewhere_opens_nothing_else(
    tmp_path: Path, where: str, make: Callable[[Path], None]
) -> None:
    server = LocalServer(tmp_path / "s")
    server.start()
    server.store.ensure_run("local", "p", "r")
    server.store.ensure_run("local", "p", "other")
    server.stop()
    folder = tmp_path / "s" / "runs" / "local" / "p" / "r"
    (folder / where).unlink(missing_ok=True)
    (folder / where).parent.mkdir(exist_ok=True)
    make(folder / where)
    (tmp_path / "s" / "index.sqlite").unlink()
    server.start()
    client = Client(server)
    try:
        client.graphql('{ project(name: "p") { runs { edges { node { name historyLineCount summaryMetrics } } } } }')
        client.session.get(server.url + "/local/p/runs/r")
        client.session.get(server.url + "/files/local/p/r/a")
        client.post(
            {"files": {name: {"offset": 0, "content": ['{"a": 1}']} for name in (HISTORY, "wandb-summary.json")}}
        )
        if server.store.run("local", "p", "r") is not None:
            client.session.put(client.upload_url("a", "r"), b"mine", timeout=20)
        assert client.upsert("other")["inserted"] is False
    finally:
        client.session.close()
        server.stop()
    assert all(one.read_text() == "theirs" for one in tmp_path.rglob("outside"))
    assert list(tmp_path.rglob("elsewhere/*")) == []


@pytest.mark.parametrize(
    "content", [b"", b"\n", bytes(41), b"short", b"a" * 39, "ü".encode() * 30, b"a b" * 20, b"\xff" * 50, b"x" * 10_000]
)
def test_a_damaged_key_is_made_anew_and_said(tmp_path: Path, content: bytes) -> None:
    first = Store.open(tmp_path / "s")
    old = first.key
    first.close()
    (tmp_path / "s" / "key").write_bytes(content)
    again = Store.open(tmp_path / "s")
    assert len(again.key) == 40
    assert again.key != old
    assert any("key" in one for one in again.notes)
    again.close()
    third = Store.open(tmp_path / "s")
    assert (third.key, third.notes) == (again.key, [])
    third.close()


def test_a_key_of_ones_own_is_kept(tmp_path: Path) -> None:
    Store.open(tmp_path / "s").close()
    (tmp_path / "s" / "key").write_text("local-" + "0123456789abcdef" * 3 + "\n")
    store = Store.open(tmp_path / "s")
    assert store.key.startswith("local-")
    store.close()


def served_with(data: Path, largest: int) -> subprocess.CompletedProcess[str]:
    """`runferry serve` where no file may be larger: as a disk that is full at some moment of its start."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    command = [sys.executable, "-m", "runferry", "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=full)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.terminate()
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, first + out, err)


@pytest.mark.parametrize("largest", [0, 20, 60, 100, 150, 5000, 20_000])
def test_a_full_disk_is_told_in_words(tmp_path: Path, largest: int) -> None:
    done = served_with(tmp_path / "s", largest)
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert "The store cannot be used" in done.stderr
        assert "What to do" in done.stderr


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    store = Store.open(tmp_path / "s")
    store.ensure_run("local", "p", "r")
    store.close()
    (tmp_path / "s" / "index.sqlite").write_bytes(damage)
    done = served_with(tmp_path / "s", 1 << 30)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    again = Store.open(tmp_path / "s")
    assert again.run("local", "p", "r") is not None
    again.close()


def test_an_index_that_breaks_while_it_is_used_is_an_answer(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "s")
    server.start()
    client = Client(server)
    try:
        client.upsert("r1")
        assert server.store.index._database is not None
        server.store.index._run("DROP TABLE runs")
        reply = client.graphql('{ project(name: "p") { runs { totalCount } } }')
        assert "refuses" in reply["errors"][0]["message"]
    finally:
        client.session.close()
        server.stop()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a second account (run as root)")
def test_a_store_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    """Root may write everywhere, so this one is opened as another account."""
    Store.open(tmp_path / "s").close()
    for one in (tmp_path, *tmp_path.parents):
        one.chmod(one.stat().st_mode | 0o011) if one != Path("/") else None
    (tmp_path / "s").chmod(0o755)
    script = (
        "import os, sys; from pathlib import Path; from runferry.errors import AppError; "
        "from runferry.server.store import Store\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: Store.open(Path(sys.argv[1]))\nexcept AppError as error: print(error.slug)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s")], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("store-unreadable", "")


def test_tightening_ends_and_goes_on_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_old_store(tmp_path / "s")
    monkeypatch.setattr(skeleton, "_PATIENCE", -1.0)
    Store.open(tmp_path / "s").close()
    assert "private" not in json.loads((tmp_path / "s" / "store.json").read_text())
    monkeypatch.undo()
    Store.open(tmp_path / "s").close()
    assert modes(tmp_path / "s") == {}
