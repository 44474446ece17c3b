"""What happened and what needs a person: told once, kept over restarts, each problem with what helps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runferry.clock import SystemClock
from runferry.engine.activity import MOST, Activity, ActivityKind, Severity
from runferry.engine.problems import fix_for
from runferry.engine.run_news import RunNews
from runferry.errors import AppError, NeedsUser
from runferry.events import EventBus
from runferry.state.activity import ActivityTable
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.status import ConnectionState, DamageReport, Fix, RunState, RunStatus, SyncState

SERVER = "https://w.example"


class Around:
    """State on disk, and what is noted."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path).open()
        self.ledger = Ledger(self.database, SystemClock())
        self.activity = Activity(ActivityTable(self.database, MOST), SystemClock(), EventBus())
        self.activity.load()
        self.news = RunNews(self.activity, self.ledger)

    @property
    def kinds(self) -> list[ActivityKind]:
        return [one.kind for one in self.activity.entries()]


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Around]:
    made = Around(tmp_path / "state.db")
    yield made
    made.database.close()


class Run:
    """A run whose status the test sets."""

    def __init__(self, cause: AppError | None = None) -> None:
        self.log = Path("/runs/a/run-a.wandb")
        server = SimpleNamespace(identity=SERVER, url=SERVER)
        self.connection = SimpleNamespace(cause=cause, server=server)
        self.values: dict[str, Any] = {}

    def status(self) -> RunStatus:
        fields = {"path": "/runs/a", "run_id": "a", "entity": "e", "project": "p", "name": "fit", "server": SERVER}
        return RunStatus(**{**fields, "url": "", "rows": 7, "key": "k", **self.values})

    def becomes(self, state: SyncState, run_state: RunState, **values: Any) -> Any:
        self.values = {"state": state, "run_state": run_state, **values}
        return self


def test_a_life_is_told_once(around: Around) -> None:
    run, look = Run(), around.news.look
    steps = [
        (SyncState.SYNCING, RunState.UNKNOWN),
        (SyncState.SENT, RunState.RUNNING),
        (SyncState.SYNCING, RunState.RUNNING),
        (SyncState.SENT, RunState.RUNNING),
        (SyncState.SENT, RunState.QUIET),
        (SyncState.SENT, RunState.RUNNING),
        (SyncState.SYNCING, RunState.FINISHED),
        (SyncState.VERIFIED, RunState.FINISHED),
        (SyncState.SYNCING, RunState.FINISHED),
        (SyncState.VERIFIED, RunState.FINISHED),
    ]
    for state, run_state in steps:
        look(run.becomes(state, run_state))
    kinds = ActivityKind
    assert around.kinds == [kinds.FOUND, kinds.QUIET, kinds.FINISHED, kinds.VERIFIED]
    assert around.activity.entries()[-1].text == "fit: 7 rows verified on https://w.example."
    assert [one.kind for one in around.activity.entries(since=3)] == [kinds.VERIFIED]


def test_after_a_restart_nothing_is_told_twice_and_what_happened_meanwhile_is(tmp_path: Path, around: Around) -> None:
    ledger, run = around.ledger, Run()
    delivery = ledger.delivery(ledger.source("i", "a", run.log), ledger.target(SERVER, "e", "p", "a"))
    ledger.update(delivery, state="sent", counts={"run_state": "running", "rows": 5})
    around.activity.note(ActivityKind.FOUND, "/runs/a", "fit is training.")
    around.database.close()
    again = Around(tmp_path / "state.db")
    try:
        again.news.look(run.becomes(SyncState.SYNCING, RunState.UNKNOWN))
        again.news.look(run.becomes(SyncState.SENT, RunState.RUNNING))
        assert again.kinds == [ActivityKind.FOUND]
        again.news.look(run.becomes(SyncState.SYNCING, RunState.CRASHED))
        assert again.kinds == [ActivityKind.FOUND, ActivityKind.CRASHED]
        assert again.activity.entries()[-1].severity is Severity.WARNING
    finally:
        again.database.close()


def test_damage_and_problems(around: Around) -> None:
    run = Run()
    error = NeedsUser("not-as-sent", "The server does not have it", "2 rows.", "Upload as new.").as_dict()
    around.news.look(run.becomes(SyncState.SYNCING, RunState.FINISHED, damage=DamageReport(2, 90, 5)))
    around.news.look(run.becomes(SyncState.PROBLEM, RunState.FINISHED, damage=DamageReport(2, 90, 5), error=error))
    around.news.look(run.becomes(SyncState.PROBLEM, RunState.FINISHED, damage=DamageReport(2, 90, 5), error=error))
    assert around.kinds == [ActivityKind.DAMAGE, ActivityKind.PROBLEM]
    (problem,) = around.news.problems()
    assert (problem.slug, problem.fix, problem.subject, problem.name) == (
        "not-as-sent",
        Fix.UPLOAD_AS_NEW,
        "/runs/a",
        "fit",
    )
    around.news.look(run.becomes(SyncState.VERIFIED, RunState.FINISHED))
    assert around.news.problems() == ()
    around.news.look(run.becomes(SyncState.PROBLEM, RunState.FINISHED, error=error))
    around.news.forget(run)  # type: ignore[arg-type]
    assert around.news.problems() == ()


def test_a_problem_that_lasts_while_it_is_tried_again_is_told_once(around: Around) -> None:
    run = Run()
    error = NeedsUser("file-gone", "A file could not be sent", "notes.txt is gone.", "Bring it back.").as_dict()
    for _ in range(3):
        around.news.look(run.becomes(SyncState.SENT, RunState.QUIET, error=error))
        around.news.look(run.becomes(SyncState.SYNCING, RunState.QUIET))
        around.news.look(run.becomes(SyncState.WAITING, RunState.QUIET))
    assert around.kinds == [ActivityKind.FOUND, ActivityKind.PROBLEM]
    around.news.look(run.becomes(SyncState.VERIFIED, RunState.FINISHED))
    around.news.look(run.becomes(SyncState.SENT, RunState.FINISHED, error=error))  # once it was well it is news again
    assert around.kinds.count(ActivityKind.PROBLEM) == 2


def test_the_words_about_damage(around: Around) -> None:
    around.news.look(Run().becomes(SyncState.SENT, RunState.FINISHED, damage=DamageReport(1, 315, 0)))
    assert around.activity.entries()[-1].text == "fit is damaged: 1 gap, 315 bytes."


def test_what_is_its_servers_problem_is_not_each_runs(around: Around) -> None:
    cause = NeedsUser("key-refused", "The key was refused", "401.", "Log in.")
    run = Run(cause)
    around.news.look(run.becomes(SyncState.PROBLEM, RunState.FINISHED, error=cause.as_dict()))
    assert around.news.problems() == ()
    assert around.kinds == []


def test_two_thousand_entries_are_kept(around: Around) -> None:
    with around.database.transaction():
        for number in range(MOST + 250):
            around.activity.note(ActivityKind.NOTICE, "", str(number))
    assert len(around.activity.entries()) == MOST
    around.activity.load()
    entries = around.activity.entries()
    assert len(entries) == MOST
    assert entries[-1].text == str(MOST + 249)
    (count,) = around.database.rows("SELECT count(*) FROM activity")
    assert count[0] <= MOST + 100


def test_an_entry_that_cannot_be_kept_is_shown_all_the_same(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise NeedsUser("disk-full", "The disk is full", "No room.", "Free some.")

    monkeypatch.setattr(around.activity._table, "add", full)
    around.activity.note(ActivityKind.NOTICE, "", "one")
    around.activity.note(ActivityKind.NOTICE, "", "two")
    assert [one.text for one in around.activity.entries()] == ["one", "two"]
    assert around.activity.entries()[0].number < around.activity.entries()[1].number


@pytest.mark.parametrize(
    ("slug", "fix"),
    [
        ("tls-unknown-issuer", Fix.ADD_CERTIFICATE),
        ("tls-client-certificate", Fix.CLIENT_CERTIFICATE),
        ("proxy-login", Fix.PROXY),
        ("key-refused", Fix.LOGIN),
        ("disk-full", Fix.RETRY),
    ],
)
def test_what_helps(slug: str, fix: Fix) -> None:
    assert fix_for(slug) is fix


def test_the_engine_gathers_servers_folders_and_settings(tmp_path: Path) -> None:
    from runferry.engine.choice import Choice
    from runferry.engine.engine import Engine
    from runferry.paths import Home
    from runferry.remote.failures import KeyRefused
    from runferry.settings import Settings

    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    home.config.mkdir()
    home.settings_file.write_text('{"poll_interval": "soon"}')
    environ = {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": SERVER}
    with Engine(home, Settings.load(home.settings_file, {}), environ) as engine:
        connection = engine.connections.get(Choice(SERVER, "test"), environ)
        connection.leave(KeyRefused("key-refused", "The key was refused", "401.", "Log in."))
        settings, server = engine.problems()
        assert (settings.slug, settings.fix) == ("bad-setting", Fix.SETTINGS)
        assert (server.slug, server.fix, server.subject) == ("key-refused", Fix.LOGIN, SERVER)
        assert engine.snapshot().servers[0].state is ConnectionState.REFUSED
        assert engine.activity.entries()[-1].kind is ActivityKind.REFUSED
        assert engine.snapshot().as_dict()["problems"][1]["fix"] == "login"
