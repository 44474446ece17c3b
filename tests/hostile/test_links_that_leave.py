"""Run folders whose links lead out of them: what a link leads to is sent only where that is allowed, and else named.

Links, files and the server are real ones. The home of these tests is a folder of theirs (see tests/conftest.py).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import runferry
from runferry.engine.commands import _sync_request, sync_arguments
from runferry.engine.file_states import FileState, file_details
from runferry.engine.job import SyncRequest
from runferry.formats.detect import NotARun, RunFolder, identify
from runferry.formats.entries import FileEntry
from runferry.formats.log_reader import LogReader
from runferry.regular_files import NotRegular
from runferry.state.links import KnownLink
from runferry.sync.keeping import _mark_synced
from runferry.sync.links import HIDDEN_IN_HOME, OUTSIDE, OWN, RunLinks
from runferry.sync.wishes import Wishes
from support import stores
from support.linked import links_of, run_folder
from support.processes import Server, serving
from support.processes import runferry as command

SECRET = "FAKE-PRIVATE-KEY\n"


def record(at: Path, run_id: str, *names: str) -> Path:
    """A finished run that says that it saved these files; none of them is there."""
    at.mkdir(parents=True, exist_ok=True)
    run = runferry.init(project="parity", id=run_id, dir=str(at), settings={"console": "off", "silent": True})
    files = Path(run.dir)
    for name in names:
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_text("placeholder")
        run.save(str(files / name), base_path=str(files))
    run.log({"loss": 1})
    run.finish()
    for name in names:
        (files / name).unlink()
    return files.parent


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a ``wandb`` folder in it, and one of another project beside it."""
    (tmp_path / "project" / "wandb" / "run" / "files").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data.bin").write_text("other")
    return tmp_path / "project"


def link(run: Path, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.write_text(SECRET)
    place = run / "files" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


# -- the whole way ----------------------------------------------------------------------------------------------------


def test_what_is_sent_is_a_decision_and_stays_one(server: Server, tmp_path: Path, clean_environment: Path) -> None:
    names = ("own.pt", "scratch.pt", "key", "sub/hidden", "dir/in")
    run = record(tmp_path / "work" / "project", "r", *names)
    key = clean_environment / ".ssh" / "id_rsa"
    scratch = tmp_path / "scratch"
    link(run, "own.pt", tmp_path / "work" / "project" / "ckpt" / "own.pt")
    link(run, "scratch.pt", scratch / "scratch.pt")
    link(run, "key", key)
    link(run, "sub/hidden", tmp_path / "work" / "project" / ".env")
    (run / "files" / "dir").rmdir()
    (scratch / "dir").mkdir()
    (scratch / "dir" / "in").write_text("in")
    (run / "files" / "dir").symlink_to(scratch / "dir")

    planned = command("sync", run, "--dry-run", **server.environ)
    assert f"own.pt → {tmp_path}/work/project/ckpt/own.pt" in planned.out
    assert f"not scratch.pt → {scratch}/scratch.pt, as it lies outside of the run's project" in planned.out
    assert f"not key → {key}, as it is hidden in a home folder" in planned.out

    first = command("sync", run, "--json", **server.environ)
    told = first.object
    assert (told["state"], told["error"]["slug"], first.code) == ("sent", "links-left-out", 1), first.err
    for name, target in (("scratch.pt", scratch / "scratch.pt"), ("key", key), ("dir/in", scratch / "dir" / "in")):
        assert f"{name} → {target} (" in told["error"]["message"]
    assert "--follow-links" in told["error"]["todo"]
    assert "--follow-link FILE" in told["error"]["todo"]
    assert set(stores.read(server.data, "r").files) & set(names) == {"own.pt"}

    second = command("sync", run, "--follow-links", "--json", **server.environ)
    assert (second.object["state"], second.code) == ("sent", 1), "the key was not named"
    assert f"key → {key} ({HIDDEN_IN_HOME})" in second.object["error"]["message"]
    assert "scratch.pt" not in second.object["error"]["message"]
    sent = stores.read(server.data, "r").files
    assert set(sent) & set(names) == {"own.pt", "scratch.pt", "sub/hidden", "dir/in"}

    third = command("sync", run, "--follow-link", key, "--json", **server.environ)
    assert (third.object["state"], third.code) == ("verified", 0), third.err
    assert stores.read(server.data, "r").files["key"] == SECRET.encode()

    (scratch / "scratch.pt").write_text("trained on")  # what was decided is remembered
    assert "not scratch" not in command("sync", run, "--dry-run", **server.environ).out
    fourth = command("sync", run, "--json", **server.environ)
    assert (fourth.object["state"], fourth.code) == ("verified", 0), fourth.err
    assert stores.read(server.data, "r").files["scratch.pt"] == b"trained on"


def test_files_may_be_a_link_itself(server: Server, tmp_path: Path, clean_environment: Path) -> None:
    run = record(tmp_path / "project", "r", "id_rsa")
    link(run, "id_rsa", tmp_path / "unused")
    (clean_environment / ".ssh").mkdir()
    (clean_environment / ".ssh" / "id_rsa").write_text(SECRET)
    (run / "files").rename(tmp_path / "files")
    (run / "files").symlink_to(clean_environment / ".ssh")
    done = command("sync", run, "--follow-links", "--json", **server.environ)
    assert (done.object["error"]["slug"], done.code) == ("links-left-out", 1), done.err
    assert "id_rsa" not in stores.read(server.data, "r").files


def test_a_wandb_folder_on_scratch_is_resolved_first(server: Server, tmp_path: Path) -> None:
    run = record(tmp_path / "scratch" / "me", "r", "a.pt", "b.pt")
    project = tmp_path / "project"
    link(run, "a.pt", project / "a.pt")
    link(run, "b.pt", tmp_path / "scratch" / "me" / "b.pt")
    (project / "wandb").symlink_to(tmp_path / "scratch" / "me" / "wandb")
    done = command("sync", project / "wandb", "--json", **server.environ)
    assert (done.object["state"], done.code) == ("verified", 0), done.err
    assert {"a.pt", "b.pt"} <= set(stores.read(server.data, "r").files)


# -- the rule ---------------------------------------------------------------------------------------------------------


def test_only_unhidden_files_of_the_project_are_followed(project: Path, tmp_path: Path) -> None:
    run = project / "wandb" / "run"
    targets = {
        "ours": (project / "a" / "b.pt", ""),
        "inside": (run / "files" / "real", ""),
        "of another project": (tmp_path / "other" / "data.bin", OUTSIDE),
        "hidden": (project / ".env", OUTSIDE),
        "below a hidden one": (project / ".git" / "config", OUTSIDE),
        "by way of": (tmp_path / "other" / "back", ""),
    }
    (tmp_path / "other" / "back").symlink_to(project / "c.pt")
    (project / "c.pt").write_text("c")
    for name, (target, _) in targets.items():
        link(run, name, target)
    links = links_of(run)
    assert {name: links.spot(name).why for name in targets} == {name: why for name, (_, why) in targets.items()}


@pytest.mark.parametrize(
    "place", ["home", "above the home", "Downloads", "temporary", "no wandb folder", "Téléchargements"]
)
def test_a_folder_that_holds_more_than_a_project_is_none(
    place: str, tmp_path: Path, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "people" / "me"
    (home / ".config").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (home / ".config" / "user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/Téléchargements"\n', encoding="utf-8")
    holder = {"home": home, "above the home": home.parent, "temporary": tmp_path / "temporary"}.get(place, home / place)
    run = holder / ("wandb" if place != "no wandb folder" else "runs") / "run"
    link(run, "a", holder / "documents" / "a")
    assert links_of(run).spot("a").why == OUTSIDE
    below = holder / "project" / "wandb" / "run"
    link(below, "a", holder / "project" / "a")
    assert links_of(below).spot("a").why == ""


def test_hidden_folders_of_a_home_need_the_very_file(project: Path, clean_environment: Path, tmp_path: Path) -> None:
    run, key = project / "wandb" / "run", clean_environment / ".ssh" / "id_rsa"
    link(run, "key", key)
    link(run, "netrc", clean_environment / ".netrc")
    link(run, "unhidden", clean_environment / "notes")
    links = links_of(run, follow=True)
    assert [links.spot(one).why for one in ("key", "netrc", "unhidden")] == [HIDDEN_IN_HOME, HIDDEN_IN_HOME, ""]
    named = links_of(run, named=(str(key),))
    assert [named.spot(one).why for one in ("key", "netrc", "unhidden")] == ["", HIDDEN_IN_HOME, OUTSIDE]


def test_runferrys_own_files_never_go(project: Path, clean_environment: Path) -> None:
    run, keys = project / "wandb" / "run", clean_environment / "runferry" / "keys.json"
    link(run, "keys", keys)
    assert links_of(run, follow=True, named=(str(keys),)).spot("keys").why == OWN


def test_devices_pipes_and_folders_never_go(project: Path, tmp_path: Path) -> None:
    run = project / "wandb" / "run"
    os.mkfifo(project / "pipe")
    (run / "files" / "pipe").symlink_to(project / "pipe")
    (run / "files" / "device").symlink_to("/dev/zero")
    (run / "files" / "folder").symlink_to(project)
    os.mkfifo(run / "files" / "own pipe")
    links = links_of(run, follow=True, named=("/dev/zero",))
    for name in ("pipe", "device", "folder", "own pipe"):
        with pytest.raises(OSError):
            links.spot(name).open()


def test_what_was_decided_is_about_one_link_and_one_target(project: Path, tmp_path: Path) -> None:
    run, target = project / "wandb" / "run", tmp_path / "other" / "data.bin"
    link(run, "a", target)
    spot = links_of(run).spot("a")
    assert (spot.why, spot.link is not None) == (OUTSIDE, True)
    known: dict[str, KnownLink] = {"a": spot.link}  # type: ignore[dict-item]
    links = RunLinks(run_folder(run), Wishes(), lambda: known)
    assert links.spot("a").why == ""
    (tmp_path / "other" / "secret").write_text(SECRET)
    (tmp_path / "other" / "data.bin").unlink()
    (tmp_path / "other" / "data.bin").symlink_to(tmp_path / "other" / "secret")  # the same link leads on now
    assert links.spot("a").why == OUTSIDE
    (tmp_path / "other" / "data.bin").unlink()
    (tmp_path / "other" / "data.bin").write_text("other")
    assert links.spot("a").why == ""
    other = run / "files" / "new"
    other.symlink_to(target)
    other.rename(run / "files" / "a")  # another link with the same target
    links.look_anew()
    assert links.spot("a").why == OUTSIDE


def test_nothing_can_be_put_in_the_way_after_the_judgement(project: Path, tmp_path: Path) -> None:
    """Whatever stands at a path when it is opened: what is read is a file that was allowed, or nothing."""
    run, secret = project / "wandb" / "run", tmp_path / "secret"
    (secret / "deep").mkdir(parents=True)
    (secret / "deep" / "f").write_text(SECRET)
    (run / "files" / "deep").mkdir()
    (run / "files" / "deep" / "f").write_text("own")
    (project / "deep").mkdir()
    (project / "deep" / "f").write_text("own")
    (run / "files" / "out").symlink_to(project / "deep" / "f")
    stop = threading.Event()

    def swap(folder: Path) -> None:
        while not stop.is_set():
            folder.rename(folder.with_name("aside"))
            folder.symlink_to(secret / "deep")
            folder.unlink()
            folder.with_name("aside").rename(folder)

    threads = [threading.Thread(target=swap, args=(one / "deep",)) for one in (run / "files", project)]
    for one in threads:
        one.start()
    links, read = links_of(run), 0
    try:
        for _ in range(1000):
            links.look_anew()
            for name in ("deep/f", "out"):
                try:
                    with links.spot(name).open() as file:
                        assert file.read() == b"own"
                        read += 1
                except OSError:
                    continue
    finally:
        stop.set()
        for one in threads:
            one.join()
    assert read, "no file was ever read"


@pytest.mark.parametrize("is_legacy", [False, True], ids=["log", "legacy"])
@pytest.mark.parametrize("swapped", ["run", "wandb"])
def test_the_runs_folder_becomes_a_link_after_it_was_found(tmp_path: Path, is_legacy: bool, swapped: str) -> None:
    """Whoever shares the folder swaps it, or one above it, for a link: at once, or while other files are sent."""
    run = tmp_path / "project" / "wandb" / "run-20200101_000000-r"
    private = tmp_path / "private" if swapped == "run" else tmp_path / "private" / run.name
    for place, text in ((run, "own"), (private, SECRET)):
        (place / "files").mkdir(parents=True)
        for one in (place / "files" / "f", place / "f"):
            one.write_text(text)
    (run / ("wandb-history.jsonl" if is_legacy else "run-r.wandb")).write_bytes(b"")
    found = identify(run)
    assert isinstance(found, RunFolder)
    links = RunLinks(found, Wishes())
    before = links.spot("f")
    with before.open() as file:
        assert file.read() == b"own"
    folder = run if swapped == "run" else run.parent
    folder.rename(folder.with_name("aside"))
    folder.symlink_to(tmp_path / "private")
    for spot in (before, links.spot("f"), RunLinks(found, Wishes()).spot("f")):
        with pytest.raises(OSError):
            spot.open()
    assert RunLinks(found, Wishes()).spot("f").why == OUTSIDE, "it is named, with where it leads"


def test_the_page_says_where_a_link_leads(project: Path, tmp_path: Path) -> None:
    run, target = project / "wandb" / "run", tmp_path / "other" / "data.bin"
    link(run, "a", target)
    named = {"a": FileEntry("a"), "n\udcff": FileEntry("n\udcff")}
    found = {one.name: one for one in file_details(run / "files", links_of(run), named, {}, (), Wishes(), True)}
    assert (found["a"].state, found["a"].why) == (FileState.KEPT, f"a link to {target}: {OUTSIDE}")
    assert "not UTF-8" in found["n\udcff"].why


# -- logs and folders -------------------------------------------------------------------------------------------------


def test_a_log_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    private = record(tmp_path / "private", "mine")
    foreign = tmp_path / "foreign" / "wandb" / "offline-run-20260101_000000-mine"
    foreign.mkdir(parents=True)
    (log,) = private.glob("*.wandb")
    (foreign / "run-mine.wandb").symlink_to(log)
    (tmp_path / "foreign" / "bare.wandb").symlink_to(log)
    found = identify(foreign)
    assert isinstance(found, RunFolder)
    with pytest.raises(Exception, match="log is a link"):
        LogReader(found.log).read()
    done = command("sync", tmp_path / "foreign", "--server", "local", "--json")
    assert done.code in (1, 2), done.out
    assert [one["rows"] for one in done.objects if one["run_id"]] in ([], [0])
    assert "is a link to" in done.err
    assert "leads to" in done.err
    named = command("sync", foreign / "run-mine.wandb", "--server", "local", "--json")
    assert (named.object["state"], named.code) == ("verified", 0), "the person named it"


def test_a_legacy_folder_gives_nothing_by_its_links(tmp_path: Path, clean_environment: Path) -> None:
    history = clean_environment / ".bash_history"
    history.write_text("mysql -p hunter2\n")
    run = tmp_path / "wandb" / "run-20200101_000000-old"
    run.mkdir(parents=True)
    (run / "wandb-history.jsonl").write_text('{"_step": 0, "_timestamp": 1, "loss": 1}\n')
    (run / "wandb-metadata.json").write_text('{"state": "finished", "exitcode": 0}')
    (run / "output.log").symlink_to(history)
    (run / "config.yaml").symlink_to(history)
    (run / "media").symlink_to(clean_environment)
    (run / "wandb-events.jsonl").symlink_to(history)
    done = command("sync", run, "--server", "local", "--json")
    told = done.object
    assert (told["rows"], told["console_lines"], told["events"]) == (1, 0, 0), done.err
    assert "media → " in done.err, done.err
    store = clean_environment / "runferry" / "store"
    assert not [one for one in store.rglob("*") if one.is_file() and b"hunter2" in one.read_bytes()]
    assert any("output.log: a link" in one for one in told["damage"]["details"]), told["damage"]


def test_a_pipe_that_is_named_is_told_for_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run-x.wandb")
    found = identify(tmp_path / "run-x.wandb")
    assert isinstance(found, NotARun)
    assert "pipe" in found.reason


def test_what_is_left_out_is_refused_when_it_is_opened(project: Path, tmp_path: Path) -> None:
    link(project / "wandb" / "run", "a", tmp_path / "other" / "data.bin")
    with pytest.raises(NotRegular):
        links_of(project / "wandb" / "run").spot("a").open()


def test_w_and_bs_marker_is_written_through_no_link(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (tmp_path / "run-x.wandb.synced").symlink_to(mine)
    _mark_synced(tmp_path / "run-x.wandb")
    assert not mine.exists()
    _mark_synced(tmp_path / "run-y.wandb")
    assert (tmp_path / "run-y.wandb.synced").read_bytes() == b""


def test_what_was_asked_travels_to_the_owner_of_the_state(tmp_path: Path) -> None:
    asked = SyncRequest((tmp_path,), follow_links=True, named_links=("/a/b",))
    assert _sync_request(json.loads(json.dumps(sync_arguments(asked)))) == asked
