"""One artifact's way to a real local server: what is sent, what is not, and what is said when something is missing."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runferry.clock import SystemClock
from runferry.errors import AppError
from runferry.formats.entries import Artifact, ArtifactLink
from runferry.formats.messages import CLASSES
from runferry.remote import artifacts, runs
from runferry.remote.failures import ServerTrouble
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.remote.trust import make_context
from runferry.server.serving import LocalServer
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.sync import artifact_check, artifact_files
from runferry.sync import artifacts as artifacts_module
from runferry.sync.artifact_files import Finder
from runferry.sync.artifact_manifest import Entry, read_manifest
from runferry.sync.artifacts import RunArtifacts
from support import stores
from support.linked import links_of


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


class Rig:
    """A run on a local server, and a folder with contents."""

    def __init__(self, server: LocalServer, ledger: Ledger, folder: Path) -> None:
        self.folder = folder
        self.data = server.store.path
        self.ledger = ledger
        self.session = Session(server.url, server.key, make_context({}), {})
        self.run: Created = runs.upsert(self.session, name="r", project="parity")
        source, target = ledger.source("log", "r", folder), ledger.target(server.url, "local", "parity", "r")
        self.delivery = ledger.delivery(source, target)
        self.logged: list[Artifact] = []
        self.links: list[ArtifactLink] = []
        self.beats = 0

    def log(self, name: str, contents: dict[str, bytes], aliases: tuple[str, ...] = ("latest",), **more: Any) -> Any:
        """A record like those of wandb 0.10: no client ids, nothing that came later."""
        message = CLASSES["ArtifactRecord"](
            run_id="r", project="parity", type="dataset", name=name, aliases=aliases, finalize=True, **more
        )
        digest = hashlib.md5(b"wandb-artifact-manifest-v1\n")
        for path, content in sorted(contents.items()):
            place = self.folder / "staging" / hashlib.md5(content).hexdigest()
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
            message.manifest.contents.add(path=path, digest=md5(content), size=len(content), local_path=str(place))
            digest.update(f"{path}:{md5(content)}\n".encode())
        message.digest = digest.hexdigest()
        self.logged.append(Artifact(len(self.logged), message.type, name, message))
        return message

    def staged(self, content: bytes) -> Path:
        return self.folder / "staging" / hashlib.md5(content).hexdigest()

    def sender(self) -> RunArtifacts:
        """As after a start of the app: it knows what the ledger knows."""

        def beat() -> None:
            self.beats += 1

        delivery = self.delivery
        return RunArtifacts(self.session, self.run, self.ledger, delivery, links_of(self.folder), SystemClock(), beat)

    def deliver(self, sender: RunArtifacts | None = None, is_over: bool = True) -> RunArtifacts:
        sender = sender or self.sender()
        sender.deliver(self.logged, self.links, str(self.folder), is_over)
        return sender

    def differences(self, sender: RunArtifacts) -> list[str]:
        return artifact_check.differences(self.session, artifact_check.expected(self.logged, sender.sent))

    @property
    def stored(self) -> list[stores.StoredArtifact]:
        return stores.artifacts(self.data)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    server = LocalServer(tmp_path / "store")
    server.start()
    folder = tmp_path / "run"
    folder.mkdir()
    with Database(tmp_path / "state.db") as database:
        made = Rig(server, Ledger(database, SystemClock()), folder)
        yield made
        made.session.close()
    server.stop()


def error_of(sender: RunArtifacts) -> AppError:
    error = sender.obstacle()
    assert error is not None
    return error


def test_a_record_of_an_old_client_becomes_a_version(rig: Rig) -> None:
    rig.log("ds", {"a.txt": b"one", "b/ü.bin": b"\0" * 5000, "empty": b""}, ("latest", "best"), description="ü")
    sender = rig.deliver()
    (one,) = rig.stored
    assert one.files == {"a.txt": b"one", "b/ü.bin": b"\0" * 5000, "empty": b""}
    assert (one.version, one.aliases, one.client_id, one.run) == (0, ("best", "latest"), None, "r")
    assert (one.description, one.digest) == ("ü", rig.logged[0].message.digest)
    assert (sender.obstacle(), sender.committed, rig.differences(sender)) == (None, 1, [])
    assert rig.staged(b"one").read_bytes() == b"one", "the staged copy is gone"
    assert rig.beats > 0


def test_equal_ones_are_one_version_and_others_follow(rig: Rig) -> None:
    rig.log("ds", {"a": b"one"}, ("latest", "first"))
    rig.log("ds", {"a": b"one"}, ("latest", "again"))
    rig.log("ds", {"a": b"two"})
    sender = rig.deliver()
    assert [(one.version, one.aliases) for one in rig.stored] == [(0, ("again", "first")), (1, ("latest",))]
    assert (sender.committed, len(artifact_check.expected(rig.logged, sender.sent))) == (3, 2)
    before = rig.stored
    rig.deliver()
    assert rig.stored == before


def test_what_a_manifest_says_besides_files(rig: Rig) -> None:
    message = rig.log("ds", {"a": b"one"}, ttl_duration_seconds=60, tags=["t"], metadata='{"k":1}')
    item = message.manifest.storage_policy_config.add(key="storageLayout", value_json='"V2"')
    assert item.key
    entry = message.manifest.contents.add(path="far", digest="etag", ref="s3://bucket/key", size=7)
    entry.extra.add(key="versionID", value_json='"3"')
    message.manifest.contents.add(path="kept", digest=md5(b"one"), size=3, birth_artifact_id="QXJ0aWZhY3Q6MQ==")
    rig.deliver()
    (path,) = rig.data.glob("artifacts/*/*/*/*.manifest.json")
    told = json.loads(path.read_text())
    assert (told["version"], told["storagePolicy"]) == (1, "wandb-storage-policy-v1")
    assert told["storagePolicyConfig"] == {"storageLayout": "V2"}
    reference = {"digest": "etag", "size": 7, "skip_cache": False, "ref": "s3://bucket/key"}
    assert told["contents"]["far"] == {**reference, "extra": {"versionID": "3"}}
    assert told["contents"]["kept"]["birthArtifactID"] == "QXJ0aWZhY3Q6MQ=="
    assert str(rig.folder) not in path.read_text(), "the manifest tells where the files lie on this computer"
    assert (rig.stored[0].tags, rig.stored[0].metadata) == (("t",), '{"k":1}')


def test_many_files_go_in_batches_and_each_content_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_files, "AT_ONCE", 3)
    rig.log("ds", {f"{number:02}": b"content %d" % (number // 2) for number in range(11)})
    sender = rig.deliver()
    assert len(rig.stored[0].files) == 11
    assert len(list(rig.data.glob("blobs/*/*"))) == 6
    assert rig.differences(sender) == []


def test_a_huge_manifest_lies_in_a_file(rig: Rig) -> None:
    message = rig.log("ds", {"a": b"one", "b": b"two"})
    lines = [
        {"path": one.path, "digest": one.digest, "size": one.size, "local_path": one.local_path, "skip_cache": True}
        for one in message.manifest.contents
    ]
    lines.append({"path": "r", "digest": "s3://x", "ref": "s3://x", "extra": {}, "skip_cache": False})
    place = rig.folder / "manifest.jl.gz"
    del message.manifest.contents[:]
    message.manifest.manifest_file_path = str(place)
    assert error_of(rig.deliver()).slug == "artifact-manifest-gone"
    place.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in lines).encode())[:-9])
    error = error_of(rig.deliver())
    assert (error.slug, str(place) in error.message) == ("artifact-manifest-gone", True)
    place.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in lines).encode()))
    sender = rig.deliver()
    assert (rig.stored[0].files, list(rig.stored[0].references)) == ({"a": b"one", "b": b"two"}, ["r"])
    assert rig.stored[0].policy == ("wandb-storage-policy-v1", {"storageLayout": "V2"})
    assert rig.differences(sender) == []


def test_a_file_that_is_gone_is_named_and_comes_later(rig: Rig) -> None:
    rig.log("ds", {"a": b"one", "b": b"two"}, ("latest", "old"))
    rig.log("ds", {"a": b"three"}, ("latest",))
    rig.staged(b"one").rename(rig.folder / "elsewhere")
    sender = rig.deliver()
    error = error_of(sender)
    assert error.slug == "artifact-file-gone"
    assert f"Artifact ds: a ({rig.staged(b'one')}: No such file or directory)." in error.message
    assert [(one.version, one.aliases) for one in rig.stored] == [(0, ("latest",))]
    (rig.folder / "elsewhere").rename(rig.staged(b"one"))
    rig.deliver(sender)
    assert len(rig.stored) == 1, "tried again at once though nobody asked"
    sender.ask_again()
    rig.deliver(sender)
    assert sender.obstacle() is None
    assert [(one.files, one.aliases) for one in rig.stored] == [
        ({"a": b"three"}, ("latest",)),
        ({"a": b"one", "b": b"two"}, ("old",)),
    ], "the older version took the newer one's alias"
    assert len(list(rig.data.glob("artifacts/local/parity/ds/*.manifest.json"))) == 2


def test_a_file_that_was_changed_is_not_sent(rig: Rig) -> None:
    rig.log("ds", {"a": b"one"})
    rig.staged(b"one").write_bytes(b"0ne")
    assert "was changed since it was logged" in error_of(rig.deliver()).message
    rig.staged(b"one").write_bytes(b"another size")
    assert "was changed since it was logged" in error_of(rig.deliver()).message
    assert list(rig.data.glob("blobs/*/*")) == []


def test_a_file_that_is_rewritten_while_it_is_sent_is_not_committed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.log("ds", {"a": b"one"})
    put = artifact_files.uploads.put

    def rewritten(session: Session, place: Any, source: Any, size: int) -> None:
        if place.name != "a":
            put(session, place, source, size)
            return
        rig.staged(b"one").write_bytes(b"two")
        while source.read(1 << 16):  # a server that takes anything; ours compares itself
            pass

    monkeypatch.setattr(artifact_files.uploads, "put", rewritten)
    error = error_of(rig.deliver())
    assert (error.slug, "a (it was changed since it was logged)" in error.message) == ("artifact-file-gone", True)
    assert rig.stored == []
    monkeypatch.undo()
    rig.staged(b"one").write_bytes(b"one")
    assert rig.deliver().obstacle() is None
    assert rig.stored[0].files == {"a": b"one"}


def test_content_that_the_server_has_need_not_be_here(rig: Rig) -> None:
    rig.log("ds", {"a": b"one"})
    rig.deliver()
    rig.log("other", {"x": b"one"})
    rig.staged(b"one").unlink()
    sender = rig.deliver()
    assert (sender.obstacle(), len(rig.stored)) == (None, 2)


def test_the_official_clients_copy_is_found(rig: Rig, tmp_path: Path) -> None:
    rig.log("ds", {"a": b"one"})
    name = hashlib.md5(b"one").hexdigest()
    copy = tmp_path / "cache" / "artifacts" / "obj" / "md5" / name[:2] / name[2:]
    copy.parent.mkdir(parents=True)
    rig.staged(b"one").rename(copy)
    assert rig.deliver().obstacle() is None
    assert rig.stored[0].files == {"a": b"one"}


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else -1


def test_where_relative_paths_start(tmp_path: Path) -> None:
    folder = tmp_path / "w" / "wandb" / "run-x"
    (folder / "files").mkdir(parents=True)
    old = tmp_path / "old"
    (folder / "files" / "wandb-metadata.json").write_text(json.dumps({"root": str(old)}))
    roots = artifact_files.roots(folder, str(tmp_path / "root"))
    assert roots == [tmp_path / "root", old, tmp_path / "w", folder]
    entry = Entry("a", md5(b"one"), 3, local_path="data/a")
    links = links_of(folder, follow=True)

    def found(entry: Entry) -> Path:
        file, why = Finder(roots, links, lambda: None).find(entry)
        assert file is not None, why
        with file:
            return next(one for one in roots if _inode(one / "data" / "a") == os.fstat(file.fileno()).st_ino)

    for root in reversed(roots):  # the likelier one wins, if it has the content
        (root / "data").mkdir(parents=True)
        (root / "data" / "a").write_bytes(b"one")
        assert found(entry) == root
    (roots[0] / "data" / "a").write_bytes(b"two")
    assert found(entry) == old
    path, why = Finder([tmp_path], links, lambda: None).find(Entry("a", "not an MD5", 3, local_path="/etc/hostname"))
    assert (path, why) == (None, "the log gives no MD5 of it")


def test_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    for path in ("/dev/zero", str(tmp_path)):
        links = links_of(tmp_path / "run", follow=True)
        found, why = Finder([], links, lambda: None).find(Entry("a", md5(b""), 0, local_path=path))
        assert (found, why) == (None, f"{path}: it is not a file")


def test_references_to_artifacts_of_the_same_training(rig: Rig) -> None:
    rig.log("first", {"a": b"one"}, client_id="c1")
    rig.log("same content", {"a": b"one"}, client_id="c2")
    rig.log("first", {"a": b"one"}, client_id="c3")  # becomes the version of c1
    message = rig.log("second", {"b": b"two"})
    for name, client in (("x", "c1"), ("y", "c3")):
        reference = f"wandb-client-artifact://{client}/a"
        message.manifest.contents.add(path=name, digest=md5(b"one"), ref=reference, size=3)
    sender = rig.deliver()
    identifier = base64.b64decode(sender.sent[0].artifact_id).hex()
    assert sender.sent[2].artifact_id == sender.sent[0].artifact_id
    (path,) = rig.data.glob("artifacts/local/parity/second/*.manifest.json")
    contents = json.loads(path.read_text())["contents"]
    assert contents["x"]["ref"] == contents["y"]["ref"] == f"wandb-artifact://{identifier}/a"
    other = rig.log("third", {})
    other.manifest.contents.add(path="z", digest="d", ref="wandb-client-artifact://nobody/a")
    assert error_of(rig.deliver()).slug == "artifact-reference"


@pytest.mark.parametrize(
    "more",
    [{"distributed_id": "x"}, {"incremental_beta1": True}, {"digest_algorithm": "MANIFEST_XXH128"}],
    ids=["distributed", "incremental", "another digest"],
)
def test_kinds_that_are_not_carried_are_said(rig: Rig, more: dict[str, Any]) -> None:
    rig.log("odd", {"a": b"one"}, **more)
    rig.log("ds", {"a": b"one"})
    sender = rig.deliver()
    assert error_of(sender).slug == "artifact-unsupported"
    assert [one.collection for one in rig.stored] == ["ds"]


def test_what_the_server_refuses_is_said_and_the_rest_goes_on(rig: Rig) -> None:
    message = rig.log("bad", {"a": b"one"})
    message.manifest.contents[0].size = 3
    message.manifest.contents.add(path="lie", digest=md5(b"never uploaded"), size=14)
    rig.log("ds", {"a": b"one"})
    sender = rig.deliver()
    error = error_of(sender)
    assert (error.slug, error.message.startswith("Artifact bad: CommitArtifact:")) == ("rejected", True)
    assert "'lie' was not uploaded" in error.message
    assert [one.collection for one in rig.stored] == ["ds"]
    assert sender.sent[0].artifact_id == "", "the next try begins anew"


def test_a_link_that_the_server_does_not_take_is_said(rig: Rig) -> None:
    rig.log("ds", {"a": b"one"}, client_id="c1")
    rig.links.append(ArtifactLink(0, "c1", "", "registry", "", "", ("prod",)))
    error = error_of(rig.deliver())
    assert error.message.startswith("Link to registry: LinkArtifact:")
    assert len(rig.stored) == 1


def test_a_lost_ledger_makes_no_second_version(rig: Rig) -> None:
    for content in (b"one", b"two", b"one"):
        rig.log("ds", {"a": content})
    rig.deliver()
    before = rig.stored
    other = rig.ledger.source("the same log, as a new state folder sees it", "r", rig.folder)
    rig.delivery = rig.ledger.delivery(other, rig.delivery.target)
    sender = rig.deliver()
    assert (rig.stored, sender.committed) == (before, 3)


def test_one_that_was_begun_is_gone_on_with(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.log("ds", {"a": b"one"})

    def broken_off(*_: Any) -> None:
        raise ServerTrouble("connection-lost", "The connection broke off", "", "")

    for name in ("announce_manifest", "file_places", "manifest_place", "commit"):
        with monkeypatch.context() as patch:
            patch.setattr(artifacts, name, broken_off)
            with pytest.raises(ServerTrouble):
                rig.deliver()
    assert rig.stored == []
    assert rig.deliver().obstacle() is None
    assert len(list(rig.data.glob("artifacts/local/parity/ds/*.json"))) == 2, "one record and one manifest"


def test_a_live_runs_turn_ends_early(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts_module, "SLICE", 0.0)
    rig.log("ds", {"a": b"one", "b": b"two"})
    rig.log("other", {"c": b"three"})
    sender, turns = rig.sender(), 0
    while turns == 0 or sender.is_unfinished:
        rig.deliver(sender, is_over=False)
        turns += 1
    assert (turns, len(rig.stored)) == (4, 2), "one turn for each file, and the last"
    assert rig.differences(sender) == []


def test_what_the_server_lost_is_noticed(rig: Rig) -> None:
    rig.log("ds", {"a": b"one", "b": b"two"})
    rig.log("other", {"c": b"three"})
    sender = rig.deliver()
    assert rig.differences(sender) == []
    name = hashlib.md5(b"two").hexdigest()
    (rig.data / "blobs" / name[:2] / name).unlink()
    assert rig.differences(sender) == ["artifact ds: 1 files are not there as sent, 'b' first"]
    delete = "mutation D($i: DeleteArtifactInput!) { deleteArtifact(input: $i) { artifact { id } } }"
    document = {"query": delete, "variables": {"i": {"artifactID": sender.sent[1].artifact_id, "deleteAliases": True}}}
    rig.session.post_json("/graphql", document, "a deletion")
    assert rig.differences(sender)[1:] == ["artifact other is not on the server (any more)"]


def test_a_server_that_says_committed_and_has_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.log("ds", {"a": b"one"})
    real = artifacts.create

    def boasting(session: Session, fields: dict[str, Any]) -> artifacts.RemoteArtifact:
        return dataclasses.replace(real(session, fields), state=artifacts.COMMITTED)

    monkeypatch.setattr(artifacts, "create", boasting)
    sender = rig.deliver()
    assert sender.obstacle() is None
    assert rig.differences(sender) == ["artifact ds is not on the server (any more)"]


def test_a_manifests_file_is_the_same_for_the_same_content() -> None:
    message = CLASSES["ArtifactManifest"](version=1, storage_policy="wandb-storage-policy-v1")
    message.contents.add(path="b", digest="x", size=1, local_path="/b")
    message.contents.add(path="a", digest="y", size=2, local_path="/a")
    turned = CLASSES["ArtifactManifest"](version=1, storage_policy="wandb-storage-policy-v1")
    turned.contents.extend(reversed(message.contents))
    assert read_manifest(message).encode() == read_manifest(turned).encode()
