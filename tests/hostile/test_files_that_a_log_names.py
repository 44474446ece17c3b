"""Logs that name files of this disk by their path: contents of artifacts, lists of them, a TensorBoard folder.

Whoever writes a log knows the MD5 of what he looks for, or guesses it; so the MD5 alone is no permission.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

import runferry
from runferry.errors import PermanentError
from runferry.formats.messages import CLASSES, RECORD
from runferry.sync import artifact_manifest
from runferry.sync.artifact_files import OUTSIDE_OF_STAGING, Finder, open_named, roots, staging_folder
from runferry.sync.artifact_manifest import Entry, read_manifest
from runferry.sync.links import RunLinks
from runferry.wire.framing import chunks
from support.linked import links_of
from support.processes import runferry as command

SECRET = b"FAKE-PRIVATE-KEY\n"


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def entry(path: Path | str, content: bytes = SECRET) -> Entry:
    return Entry("a", md5(content), len(content), local_path=str(path))


def put(path: Path, content: bytes = SECRET) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "wandb" / "run"
    (folder / "files").mkdir(parents=True)
    return folder


def found(one: Entry, run: Path, links: RunLinks | None = None, root: str = "") -> tuple[bytes | None, str]:
    """What would be sent, and why nothing is."""
    file, why = Finder(roots(run, root), links or links_of(run), lambda: None).find(one)
    if file is None:
        return None, why
    with file:
        return file.read(), why


def test_only_what_was_staged_or_belongs_to_the_project(run: Path, tmp_path: Path, clean_environment: Path) -> None:
    assert staging_folder() == clean_environment.resolve() / ".local" / "share" / "wandb" / "artifacts" / "staging"
    for place in (
        staging_folder() / "tmpabc",
        clean_environment / ".cache" / "wandb" / "artifacts" / "obj" / "md5" / "x",
        run / "files" / "media" / "t.json",
        tmp_path / "project" / "data.bin",
    ):
        assert found(entry(put(place)), run) == (SECRET, "")
        place.unlink()
    for place in (
        clean_environment / ".ssh" / "id_rsa",
        tmp_path / "elsewhere" / "data.bin",
        tmp_path / "project" / ".env",
        clean_environment / ".local" / "share" / "wandb" / "other",
    ):
        assert found(entry(put(place)), run) == (None, f"{place}: {OUTSIDE_OF_STAGING}")
        place.unlink()


def test_the_staging_folder_is_where_the_variables_say(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(tmp_path / "scratch" / "artifacts" / "staging" / "tmpabc")
    assert found(entry(place), run)[0] is None
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "scratch"))
    assert found(entry(place), run) == (SECRET, "")


def test_a_log_cannot_move_its_root_to_what_it_wants(run: Path, clean_environment: Path) -> None:
    put(clean_environment / ".ssh" / "id_rsa")
    assert found(entry("id_rsa"), run, root=str(clean_environment / ".ssh"))[0] is None
    assert found(entry("../../../.ssh/id_rsa"), run, root=str(staging_folder()))[0] is None


def test_links_lead_no_further(run: Path, tmp_path: Path, clean_environment: Path) -> None:
    key = put(clean_environment / ".ssh" / "id_rsa")
    staging_folder().mkdir(parents=True)
    (staging_folder() / "link").symlink_to(key)
    (staging_folder() / "folder").symlink_to(key.parent)
    (tmp_path / "project" / "link").symlink_to(key)
    for place in (staging_folder() / "link", staging_folder() / "folder" / "id_rsa", tmp_path / "project" / "link"):
        assert found(entry(place), run)[0] is None
    (tmp_path / "elsewhere").symlink_to(staging_folder())
    assert found(entry(put(staging_folder() / "own")), run)[0] == SECRET
    assert found(entry(tmp_path / "elsewhere" / "own"), run)[0] == SECRET, "where it really lies counts"


def test_a_person_may_say_so(run: Path, tmp_path: Path, clean_environment: Path) -> None:
    place, key = put(tmp_path / "elsewhere" / "data.bin"), put(clean_environment / ".ssh" / "id_rsa")
    assert found(entry(place), run, links_of(run, follow=True)) == (SECRET, "")
    assert found(entry(key), run, links_of(run, follow=True))[0] is None
    assert found(entry(key), run, links_of(run, named=(str(key),))) == (SECRET, "")


def test_devices_and_pipes_are_no_contents(run: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "project" / "pipe")
    for place in (tmp_path / "project" / "pipe", Path("/dev/zero"), tmp_path / "project"):
        assert found(entry(place, b""), run, links_of(run, follow=True))[0] is None
    large = tmp_path / "project" / "large"
    with large.open("wb") as file:
        file.truncate(1 << 40)  # of another size than was recorded: not read at all
    assert found(entry(large), run)[0] is None


def test_what_is_put_in_its_place_is_not_sent(run: Path, tmp_path: Path) -> None:
    """Between the comparison and the sending the path may lead to another file."""
    place = put(tmp_path / "project" / "data.bin", b"data")
    file, _ = Finder([], links_of(run), lambda: None).find(entry(place, b"data"))
    assert file is not None
    with file:
        put(tmp_path / "secret")
        place.unlink()
        place.symlink_to(tmp_path / "secret")
        assert file.read() == b"data"


def test_a_list_of_files_is_read_from_the_same_places_only(run: Path, tmp_path: Path, clean_environment: Path) -> None:
    lines = gzip.compress(json.dumps({"path": "a", "digest": md5(b"x"), "size": 1}).encode() + b"\n")
    message = CLASSES["ArtifactManifest"](version=1)

    def read(place: Path) -> list[str]:
        message.manifest_file_path = str(place)
        return [one.path for one in read_manifest(message, lambda path: open_named(path, links_of(run))).entries]

    assert read(put(staging_folder() / "artifact_manifests" / "m.jl.gz", lines)) == ["a"]
    os.mkfifo(staging_folder() / "pipe")
    for place in (put(clean_environment / ".ssh" / "m.jl.gz", lines), Path("/dev/zero"), staging_folder() / "pipe"):
        with pytest.raises(PermanentError, match="cannot be read"):
            read(place)


def test_a_list_that_never_ends_is_given_up(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_manifest, "LARGEST", 1 << 20)
    line = json.dumps({"path": "a", "digest": md5(b"x"), "size": 1}).encode() + b"\n"
    message = CLASSES["ArtifactManifest"](version=1)
    message.manifest_file_path = str(put(run / "m.jl.gz", gzip.compress(line * 50_000)))
    with pytest.raises(PermanentError, match="cannot be read"):
        read_manifest(message, lambda path: open_named(path, links_of(run)))


def test_a_tensorboard_folder_is_not_looked_into(tmp_path: Path, clean_environment: Path) -> None:
    """The official client puts what it saves of it into ``files``, as links like any other."""
    key = put(clean_environment / ".ssh" / "events.out.tfevents.1")
    made = runferry.init(project="p", id="r", dir=str(tmp_path), settings={"console": "off", "silent": True})
    made.log({"loss": 1})
    made.finish()
    folder = Path(made.dir).parent
    (log,) = folder.glob("*.wandb")
    record = RECORD()
    record.tbrecord.log_dir = str(key.parent)
    record.tbrecord.save = True
    with log.open("ab") as file:
        file.write(chunks(record.SerializeToString(), log.stat().st_size))
    done = command("sync", folder, "--server", "local", "--json")
    assert (done.object["state"], done.code) == ("verified", 0), done.err
    store = clean_environment / "runferry" / "store"
    assert not [one for one in store.rglob("*") if one.is_file() and SECRET in one.read_bytes()]
