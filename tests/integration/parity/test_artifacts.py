"""Artifacts of a real offline run: the same versions as by the official `wandb sync`, and nothing is lost or taken."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from support import stores, training
from support.processes import Server, python, run, runferry

pytestmark = pytest.mark.peer

SAME_TWICE, VERSIONS = 6, 5  # artifacts in the log, and versions on the server


@pytest.fixture(scope="module")
def trained(peer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a training ran once for all tests: `home`, and `project` with `data` and `wandb`. To be copied."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "home").mkdir()
    (folder / "project").mkdir()
    environ = {"HOME": str(folder / "home"), "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    python(training.artifacts(), folder / "project", interpreter=peer, **environ)
    return folder


@pytest.fixture
def work(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The training's project, whole again: logs name its files by their absolute paths. It is this account's."""
    monkeypatch.setenv("HOME", str(trained / "home"))
    pristine = trained.with_name(trained.name + "-pristine")
    if not pristine.exists():
        shutil.copytree(trained, pristine, symlinks=True)
    shutil.rmtree(trained)
    shutil.copytree(pristine, trained, symlinks=True)
    return trained / "project"


def log_folder(work: Path) -> Path:
    """The only run folder there."""
    (folder,) = (work / "wandb").glob("offline-run-*")
    return folder


def staged(work: Path, content: bytes) -> list[Path]:
    """The official client's copies of a content."""
    folder = work.parent / "home" / ".local" / "share" / "wandb" / "artifacts" / "staging"
    return [one for one in folder.iterdir() if one.is_file() and one.read_bytes() == content]


def everything(work: Path) -> dict[str, str]:
    """Digests of all files below a folder."""
    found = (one for one in work.rglob("*") if one.is_file())
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in found}


def test_the_same_as_by_the_official_sync(peer: Path, server: Server, other: Server, work: Path) -> None:
    before = everything(work.parent)
    done = runferry("sync", log_folder(work), "--json", **server.environ)
    told = done.object
    assert (told["state"], told["error"], done.code) == ("verified", None, 0), done.err
    assert (told["artifacts"], told["artifacts_sent"]) == (SAME_TWICE, SAME_TWICE)
    assert everything(work.parent) == before, "a file of the person was changed or deleted"
    copy = work / "copy" / log_folder(work).name
    shutil.copytree(log_folder(work), copy, symlinks=True)
    official = run(peer.with_name("wandb"), "sync", copy, cwd=work, **other.environ)
    assert official.code == 0, official.err
    ours, theirs = stores.artifacts(server.data), stores.artifacts(other.data)
    # The official sync sends all at once, and now and then gives up one whose own part is in another one on its way.
    given_up = {one.collection for one in ours} - {one.collection for one in theirs}
    assert given_up <= {"refers"}
    assert [one for one in ours if one.collection not in given_up] == theirs
    assert [(one.collection, one.version, one.aliases) for one in ours] == [
        ("ds", 0, ("best",)),
        ("ds", 1, ("latest", "newest")),
        ("refers", 0, ("latest",)),
        ("run-arts-table", 0, ("latest",)),
        ("with-table", 0, ("latest",)),
    ]
    assert ours[0].files["own.bin"] == bytes(range(256)) * 400
    assert sorted(ours[0].references) == ["elsewhere", "local"]
    assert ours[2].references["again.table.json"][0] == "wandb-artifact://ID/inner.table.json"


READ = """
import json, pathlib, wandb
api = wandb.Api()
found = {}
for name in ("ds:best", "ds:latest", "ds:newest", "run-arts-table:latest", "with-table:v0"):
    one = api.artifact("local/parity/" + name)
    root = pathlib.Path(one.download(root="down/" + name.replace(":", "-"), allow_missing_references=True))
    files = {path.relative_to(root).as_posix(): path.read_bytes().hex() for path in root.rglob("*") if path.is_file()}
    by = one.logged_by().id
    found[name] = [one.version, one.type, one.description, one.metadata, sorted(one.tags), one.digest, by, files]
table = api.artifact("local/parity/refers:latest").get("again")
logged = sorted(one.name for one in api.run("local/parity/arts").logged_artifacts())
print(json.dumps([found, table.data, logged]))
"""


def test_the_official_client_reads_them_back(peer: Path, server: Server, work: Path) -> None:
    assert runferry("sync", log_folder(work), **server.environ).code == 0
    reading = work / "reading"
    reading.mkdir()
    done = python(READ, reading, interpreter=peer, HOME=str(reading), WANDB_SILENT="true", **server.environ)
    found, table, logged = json.loads(done.out.splitlines()[-1])
    assert table == [[5]]
    assert logged == ["ds:v0", "ds:v1", "refers:v0", "run-arts-table:v0", "with-table:v0"]
    version, kind, description, metadata, tags, _, by, files = found["ds:newest"]
    assert (version, kind, description, tags, by) == ("v1", "dataset", "a ü description", ["t1", "t2"], "arts")
    assert metadata == {"k": 1, "ü": ["x", None]}
    contents = {name: bytes.fromhex(one) for name, one in files.items()}
    contents.pop("local", None)  # a reference to this disk, which the client copies
    assert contents == {
        "notes.txt": b"hello file\n", "own.bin": bytes(range(256)) * 400, "skip/n.txt": b"hello file\n",
        "tree/a.txt": b"a", "tree/deep/b.txt": b"b", "empty": b"", "sub/n.json": b"{}", "more ü.txt": b"second",
    }  # fmt: skip
    assert (found["ds:best"][0], found["ds:latest"][0]) == ("v0", "v1")
    assert "more ü.txt" not in found["ds:best"][-1]


def test_a_file_that_is_gone_keeps_the_run_from_being_verified(server: Server, work: Path) -> None:
    (second,) = staged(work, b"second")
    second.rename(work / "kept")
    done = runferry("sync", log_folder(work), "--json", **server.environ)
    told = done.object
    assert (told["state"], told["error"]["slug"], done.code) == ("sent", "artifact-file-gone", 1), done.err
    assert told["error"]["message"].startswith(f"Artifact ds: more ü.txt ({second}: No such file or directory)")
    assert (told["artifacts"], told["artifacts_sent"], told["rows"]) == (SAME_TWICE, SAME_TWICE - 1, 2)
    assert len(stores.read(server.data, "arts").rows) == 2
    assert len(stores.artifacts(server.data)) == VERSIONS - 1
    verify = runferry("verify", log_folder(work), **server.environ)
    assert (verify.code, f"1 of {SAME_TWICE} artifacts were not sent yet" in verify.out) == (1, True), verify.out
    (work / "kept").rename(second)
    done = runferry("sync", log_folder(work), "--json", **server.environ)
    assert (done.object["state"], done.object["rows_sent"], done.code) == ("verified", 0, 0), done.err
    assert len(stores.artifacts(server.data)) == VERSIONS


def test_staged_by_another_account_it_is_sent_where_somebody_says_so(
    server: Server, work: Path, clean_environment: Path
) -> None:
    """The default staging folder is this account's; a log from elsewhere may name any file of this disk."""
    elsewhere = {**server.environ, "HOME": str(clean_environment)}
    done = runferry("sync", log_folder(work), "--json", **elsewhere)
    told = done.object
    assert (told["state"], told["error"]["slug"], done.code) == ("sent", "artifact-file-gone", 1), done.err
    assert "neither in the staging folder of wandb nor in the run's project" in told["error"]["message"]
    staging = str(work.parent / "home" / ".local" / "share" / "wandb")
    done = runferry("sync", log_folder(work), "--json", WANDB_DATA_DIR=staging, **elsewhere)
    assert (done.object["state"], done.object["artifacts_sent"]) == ("verified", SAME_TWICE), done.err


def test_a_persons_own_file_that_was_changed(server: Server, work: Path) -> None:
    (work / "data" / "own.bin").write_bytes(b"trained on")
    done = runferry("sync", log_folder(work), "--json", **server.environ)
    told = done.object
    assert (told["state"], told["error"]["slug"], done.code) == ("sent", "artifact-file-gone", 1), done.err
    assert f"own.bin ({work}/data/own.bin: it was changed since it was logged)" in told["error"]["message"]
    assert told["error"]["message"].endswith("And 2 more artifacts.")
    assert [one.collection for one in stores.artifacts(server.data)] == ["refers", "run-arts-table", "with-table"]


def test_a_lost_state_folder_makes_no_new_version(server: Server, work: Path, clean_environment: Path) -> None:
    assert runferry("sync", log_folder(work), **server.environ).code == 0
    before = stores.artifacts(server.data)
    shutil.rmtree(clean_environment / "runferry" / "state")
    done = runferry("sync", log_folder(work), "--json", **server.environ)
    assert (done.object["state"], done.object["rows_sent"], done.code) == ("verified", 0, 0), done.err
    assert stores.artifacts(server.data) == before


def test_what_the_server_loses_is_noticed(server: Server, work: Path) -> None:
    assert runferry("sync", log_folder(work), **server.environ).code == 0
    name = hashlib.md5(b"second").hexdigest()
    (server.data / "blobs" / name[:2] / name).unlink()
    verify = runferry("verify", log_folder(work), **server.environ)
    assert verify.code == 1
    assert "artifact ds: 1 files are not there as sent, 'more ü.txt' first" in verify.out


def test_metrics_only_sends_none(server: Server, work: Path) -> None:
    planned = runferry("sync", log_folder(work), "--dry-run", **server.environ)
    assert f"{SAME_TWICE} artifacts" in planned.out
    planned = runferry("sync", log_folder(work), "--dry-run", RUNFERRY_METRICS_ONLY="1", **server.environ)
    assert "artifacts" not in planned.out
    done = runferry("sync", log_folder(work), "--json", RUNFERRY_METRICS_ONLY="1", **server.environ)
    assert (done.object["state"], done.object["artifacts_sent"], done.code) == ("verified", 0, 0), done.err
    assert not (server.data / "artifacts").exists()
    assert not (server.data / "blobs").exists()
