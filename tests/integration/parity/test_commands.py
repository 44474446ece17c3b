"""The commands as other programs use them: keys, types, exit codes, and which server is meant."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from support import stores, training
from support.processes import RUNFERRY, Server, python, runferry, started, until

SYNC_KEYS = {
    "path": str, "run_id": str, "entity": str, "project": str, "server": str, "url": str, "state": str,
    "run_state": str, "rows": int, "rows_sent": int, "events": int, "console_lines": int, "files": int,
    "artifacts": int, "artifacts_sent": int, "damage": (dict, type(None)), "error": (dict, type(None)),
}  # fmt: skip
INSPECT_KEYS = {
    "run_id": str, "project": str, "entity": str, "name": str, "config": dict, "tags": list, "rows": int, "keys": list,
    "summary": dict, "events": int, "console_lines": int, "files": list, "exit_code": (int, type(None)),
    "writer": str, "damage": (dict, type(None)),
}  # fmt: skip


def folders(work: Path) -> list[Path]:
    """Run folders, oldest first."""
    return sorted((work / "wandb").glob("*run-*-*"))


def check_types(told: dict[str, object], keys: dict[str, object]) -> None:
    for key, kind in keys.items():
        assert isinstance(told[key], kind), (key, told[key])
        assert not (kind is int and isinstance(told[key], bool)), key


def test_json_has_exactly_the_fixed_keys(server: Server, work: Path) -> None:
    python(training.short("first"), work)
    python(training.short("second"), work)
    nothing = work / "nothing"
    nothing.mkdir()
    done = runferry("sync", work / "wandb", "--json", **server.environ)
    assert done.code == 0, done.err
    assert len(done.objects) == 2
    for told in done.objects:
        assert set(told) == set(SYNC_KEYS)
        check_types(told, SYNC_KEYS)
    assert {one["run_id"] for one in done.objects} == {"first", "second"}
    failed = runferry("sync", *folders(work), nothing, "--json", **server.environ)
    assert failed.code == 2
    rejected = next(one for one in failed.objects if one["path"] == str(nothing))
    assert set(rejected) == set(SYNC_KEYS)
    check_types(rejected, SYNC_KEYS)
    assert (rejected["state"], rejected["error"]["slug"]) == ("problem", "not-a-run")
    assert set(rejected["error"]) == {"slug", "title", "message", "todo", "cause"}


def test_one_id_for_several_runs_is_an_error_and_for_one_is_its_id(server: Server, work: Path) -> None:
    python(training.short("first"), work)
    python(training.short("second"), work)
    refused = runferry("sync", work, "--id", "mine", "--json", **server.environ)
    assert refused.code == 2
    assert refused.object["error"]["slug"] == "one-id-many-runs"
    assert "Traceback" not in refused.err
    assert stores.runs_of(server.data) == []
    done = runferry(
        "sync", folders(work)[0], "--id", "mine", "--project", "elsewhere", "--entity", "team", "--json",
        **server.environ,
    )  # fmt: skip
    assert (done.code, done.object["run_id"], done.object["project"], done.object["entity"]) == (
        0, "mine", "elsewhere", "team",
    )  # fmt: skip
    assert len(stores.read(server.data, "mine", "elsewhere", "team").rows) == 5


def test_new_makes_another_run(server: Server, work: Path) -> None:
    python(training.short("first"), work)
    assert runferry("sync", work, **server.environ).code == 0
    done = runferry("sync", work, "--new", "--json", **server.environ)
    assert (done.code, done.object["state"], done.object["rows_sent"]) == (0, "verified", 5)
    new = done.object["run_id"]
    assert stores.runs_of(server.data) == sorted(["first", new])
    assert stores.read(server.data, new).rows == stores.read(server.data, "first").rows
    both = runferry("sync", work, "--new", "--id", "mine", **server.environ)
    assert both.code == 2


def test_a_dry_run_connects_to_nobody(work: Path) -> None:
    python(training.short("first"), work)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        done = runferry("sync", work, "--dry-run", "--json", WANDB_BASE_URL=url, WANDB_API_KEY="k" * 40)
        assert done.code == 0, done.err
        told = done.object
        assert (told["run_id"], told["project"], told["server"], told["rows"]) == ("first", "parity", url, 5)
        people = runferry("sync", work, "--dry-run", WANDB_BASE_URL=url, WANDB_API_KEY="k" * 40)
        assert "5 rows" in people.out
        with pytest.raises(BlockingIOError):
            listener.accept()  # nobody knocked


def test_inspect_is_strict_json(work: Path) -> None:
    script = training.recorded("rich")
    python(script, work)
    done = runferry("inspect", folders(work)[0], "--json")
    assert done.code == 0, done.err
    told = done.object  # refuses NaN
    assert set(told) >= set(INSPECT_KEYS)
    check_types(told, INSPECT_KEYS)
    assert told["summary"]["odd"] == "NaN"
    assert told["summary"]["odds"] == ["NaN", 1, "Infinity"]
    assert told["summary"]["written"] == {"by": "hand", "value": "Infinity"}
    assert (told["run_id"], told["project"], told["rows"], told["exit_code"]) == ("rich", "parity", 43, 0)
    assert told["config"]["name"] == "ünïcode ☃ 🎉"
    assert {"loss", "nested.deep.value", "dotted.key", "slash/key"} <= set(told["keys"])
    missing = runferry("inspect", work / "nobody", "--json")
    assert missing.code == 2
    assert "Traceback" not in missing.err


def test_status_has_a_schema_and_a_block_per_server(server: Server, other: Server, work: Path) -> None:
    python(training.short("first"), work)
    assert runferry("sync", work, **server.environ).code == 0
    assert runferry("sync", work, **other.environ).code == 0
    told = runferry("status", "--json").object
    assert told["schema"] == 1
    assert told["running"] is False
    assert {one["url"] for one in told["servers"]} == {server.url, other.url}
    assert {(one["run_id"], one["state"], one["server"]) for one in told["runs"]} == {
        ("first", "verified", server.url), ("first", "verified", other.url),
    }  # fmt: skip
    people = runferry("status")
    assert people.code == 0
    assert people.out.count("✓ verified") == 2


@pytest.mark.parametrize("where", ["netrc", "variable"])
@pytest.mark.parametrize("command", ["sync", "watch"])
def test_a_wandb_key_and_no_server_asks_the_person(
    clean_environment: Path, work: Path, where: str, command: str
) -> None:
    python(training.short("first"), work)
    environ: dict[str, str] = {}
    if where == "netrc":
        (clean_environment / ".netrc").write_text(f"machine api.wandb.ai\n  login user\n  password {'k' * 40}\n")
    else:
        environ["WANDB_API_KEY"] = "k" * 40
    done = runferry(command, work, **environ)
    assert done.code == 2
    assert "--server cloud" in done.err
    assert "--server local" in done.err
    assert "Traceback" not in done.err


def test_the_server_flag_wins_over_the_variables_and_these_over_the_setting(
    server: Server, other: Server, work: Path
) -> None:
    python(training.short("first"), work)
    done = runferry("sync", work, "--server", other.url, WANDB_BASE_URL=server.url, WANDB_API_KEY=other.key)
    assert done.code == 0, done.err
    assert done.err.startswith(f"Server: {other.url}, by --server.")
    assert (stores.runs_of(server.data), stores.runs_of(other.data)) == ([], ["first"])
    python(training.short("second"), work)
    home = work / "home"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps({"server": server.url}))
    second = folders(work)[-1]
    done = runferry("sync", second, RUNFERRY_HOME=str(home), **other.environ)
    assert done.code == 0, done.err
    assert done.err.startswith(f"Server: {other.url}, by WANDB_BASE_URL.")
    twin = {"RUNFERRY_SERVER": server.url, "WANDB_BASE_URL": other.url, "WANDB_API_KEY": server.key}
    done = runferry("sync", second, **twin)
    assert done.code == 0, done.err
    assert done.err.startswith(f"Server: {server.url}, by RUNFERRY_SERVER.")
    assert stores.runs_of(server.data) == ["second"]


def test_each_server_gets_its_own_key_from_netrc(
    server: Server, other: Server, work: Path, clean_environment: Path
) -> None:
    python(training.short("first"), work)
    lines = [
        f"machine {one.url.removeprefix('http://')}\n  login user\n  password {one.key}\n" for one in (server, other)
    ]
    netrc = clean_environment / ".netrc"
    netrc.write_text("".join(lines))
    before = netrc.read_bytes()
    for one in (server, other):
        done = runferry("sync", work, "--server", one.url)
        assert done.code == 0, done.err
        assert stores.runs_of(one.data) == ["first"]
    assert netrc.read_bytes() == before
    wrong = runferry("sync", work, "--server", other.url, WANDB_API_KEY="0" * 40, RUNFERRY_HOME=str(work / "home"))
    assert wrong.code == 1
    assert "key" in wrong.err


def test_the_local_server_is_the_default_and_keeps_its_key_private(clean_environment: Path, work: Path) -> None:
    python(training.short("first"), work)
    done = runferry("sync", work, "--json")
    assert done.code == 0, done.err
    assert "this computer (the local server), by the default" in done.err
    store = clean_environment / "runferry" / "server"
    if not store.exists():
        (store,) = [one.parent for one in (clean_environment / "runferry").rglob("store.json")]
    assert stores.runs_of(store) == ["first"]
    assert stat.S_IMODE((store / "key").stat().st_mode) == 0o600
    assert len((store / "key").read_text().strip()) == 40
    assert (store / "key").read_text().strip() not in done.out + done.err


def test_runs_that_wait_until_asked(server: Server, work: Path) -> None:
    """`watch` shows our dry runs and the official client's own online runs, and sends neither."""
    python(training.short("held"), work, RUNFERRY_MODE="dryrun")
    python(training.short("theirs"), work)
    theirs = folders(work)[-1]
    (theirs / "runferry.json").unlink()
    theirs.rename(theirs.with_name(theirs.name.removeprefix("offline-")))
    python(training.short("sent"), work)
    log = work / "watch.log"
    with started(*RUNFERRY, "watch", work, cwd=work, log=log, **server.environ):

        def settled() -> dict[str, dict[str, object]] | None:
            told = json.loads(runferry("status", "--json").out)
            runs = {one["run_id"]: one for one in told["runs"]}
            return runs if len(runs) == 3 and runs["sent"]["state"] == "verified" else None

        runs = until(settled, f"the watch has settled: {log.read_text()}")
        assert (runs["held"]["state"], runs["theirs"]["state"]) == ("waiting", "waiting")
        assert "request" in str(runs["held"]["held"])
        assert "official client" in str(runs["theirs"]["held"])
        assert stores.runs_of(server.data) == ["sent"]
        asked = runferry("sync", *folders(work), "--json", **server.environ)
        assert (asked.code, len(asked.objects)) == (0, 3), asked.err
        assert stores.runs_of(server.data) == ["held", "sent", "theirs"]
