"""What follows from what was found and what was chosen: ticks, places, requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from runferry.desktop.drop.rows import Row, first_row, requests
from runferry.desktop.drop.words import details, kind_line, names_of, rows_text
from runferry.engine.contents import Contents
from runferry.engine.drop import Found, SentBefore
from runferry.engine.places import Places
from runferry.status import DamageReport, RunState

COMPANY = "https://wandb.company.com"


def found(number: int = 1, **rest: Any) -> Found:
    told: dict[str, Any] = {
        "path": f"/runs/offline-run-{number}",
        "log": f"/runs/offline-run-{number}/run-{number}.wandb",
        "kind": "wandb-offline",
        "run_id": f"id{number}",
        "name": f"run {number}",
        "writer": "wandb/0.31.0",
        "rows": 2000,
        "bytes": 648_000,
        "entity": "team",
        "project": "demo",
        "contents": Contents(rows=2000, host="node", user="jane", files=("config.yaml",)),
        "is_complete": True,
    }
    return Found(**{**told, **rest})


def sent(server: str = COMPANY, **rest: Any) -> SentBefore:
    told: dict[str, Any] = {
        "server": server,
        "address": server,
        "entity": "team",
        "project": "demo",
        "run_id": "id1",
        "url": "",
        "verified_at": 1_790_000_000.0,
        "is_whole": True,
        "files": 3,
    }
    return SentBefore(**{**told, **rest})


def row(**rest: Any) -> Row:
    return first_row(found(**rest), Places((), COMPANY), frozenset())


def test_what_is_there_already_is_not_ticked() -> None:
    there = row(sent=(sent(),))
    assert not there.is_ticked
    assert replace(there, server="local").is_ticked, "another server does not have it"
    assert replace(there, project="other").is_ticked
    assert replace(there, is_new=True).is_ticked
    assert replace(there, ticked=True).is_ticked, "a person may insist"
    assert row(sent=(sent(is_whole=False),)).is_ticked, "it has grown since"
    assert row(sent=(sent(project="elsewhere"),)).is_ticked, "it would go to the project that its log names"
    assert row(sent=(sent(run_id="new"),)).is_ticked, "it was sent as another run"
    bare = row(sent=(sent(files=0),))
    assert bare.is_ticked
    assert "its metrics are verified there, its files are not" in kind_line(bare)


def test_a_log_without_rows_or_project_does_not_stand_in_the_way() -> None:
    assert not row(rows=0, project="").is_ticked
    assert row(rows=0, project="", is_complete=False).is_ticked, "its rows may still be found"
    assert row(rows=0).is_ticked, "nothing has to be chosen for it"
    assert row(project="").is_ticked, "its rows are worth a choice"


def test_what_wandb_uploads_itself_is_ticked_only_where_it_was_named() -> None:
    online = found(kind="wandb-online")
    assert not first_row(online, Places((), COMPANY), frozenset()).is_ticked
    assert first_row(online, Places((), COMPANY), frozenset([online.path])).is_ticked
    assert first_row(online, Places((), COMPANY), frozenset([online.log])).is_ticked


def test_a_server_and_a_project_have_to_be_known() -> None:
    assert row().missing == ""
    assert row(project="").missing == "project"
    assert first_row(found(project=""), Places((), COMPANY, project="mine"), frozenset()).missing == ""
    assert first_row(found(), Places(()), frozenset()).missing == "server"


def test_one_request_for_each_place() -> None:
    rows = [row(number=number) for number in range(3)]
    rows[1] = replace(rows[1], server="local", project="other")
    rows.append(row(number=3, sent=(sent(run_id="id3"),)))
    rows.append(row(number=4, project=""))
    first, second = requests(rows, metrics_only=False)
    assert first.paths == (Path(rows[0].found.log), Path(rows[2].found.log))
    assert (first.server, first.entity, first.project, first.by_hand) == (COMPANY, "", "", True)
    assert (second.server, second.project) == ("local", "other")
    assert not first.metrics_only
    assert all(one.metrics_only for one in requests(rows, metrics_only=True))


def test_choosing_what_the_log_says_is_no_other_place() -> None:
    """Else a watched folder's way and this one would be two, and rows would be sent twice."""
    (request,) = requests([replace(row(), entity="team", project="demo")], metrics_only=False)
    assert (request.entity, request.project) == ("", "")


def test_a_legacy_run_is_named_by_its_folder() -> None:
    (request,) = requests([row(kind="legacy")], metrics_only=False)
    assert request.paths == (Path("/runs/offline-run-1"),)


def test_names_by_folder_and_id() -> None:
    one, other = row(path="/a", run_id="x", name="one"), row(path="/a", run_id="y", name="other")
    alone = row(path="/b", run_id="z", name="alone")
    assert names_of([one, other, alone]) == {
        ("/a", "x"): "one",
        ("/a", "y"): "other",
        ("/b", "z"): "alone",
        ("/b", ""): "alone",
    }


def test_words() -> None:
    damage = DamageReport(2, 100, 31, ("bytes 1 to 2", "bytes 3 to 4"))
    hurt = row(rows=4969, expected=5000, damage=damage)
    assert rows_text(hurt) == "4,969 of ~5,000"
    assert kind_line(hurt) == "damaged: 2 gaps · offline-run-1, id1 · offline run, wandb 0.31.0"
    assert ("Lost", "bytes 1 to 2\nbytes 3 to 4") in details(hurt, metrics_only=False)
    assert kind_line(row(is_complete=False)).startswith("reading…")
    assert rows_text(row(is_complete=False)) == "2,000…"
    assert "still training" in kind_line(row(run_state=RunState.RUNNING))
    assert "its log has no end" in kind_line(row(run_state=RunState.QUIET))
    told = dict(details(row(), metrics_only=False))["To send"]
    assert "host name node" in told
    assert "user name jane" in told
    assert "config.yaml" in told
    assert dict(details(row(), metrics_only=True))["To send"] == "2,000 rows, config, summary, nothing else"


def test_a_long_report_is_cut() -> None:
    lines = tuple(f"bytes {one}" for one in range(80))
    told = dict(details(row(damage=DamageReport(80, 1, None, lines)), metrics_only=False))["Lost"]
    assert told.count("\n") == 50
    assert told.endswith("and 30 more")
