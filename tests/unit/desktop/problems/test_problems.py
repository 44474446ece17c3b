"""One entry per thing that needs a person, each with its button; none where all is well."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.bridge import Update
from runferry.desktop.parts.buttons import Button
from runferry.desktop.problems.groups import FIXES, grouped, shortened
from runferry.desktop.problems.page import ProblemsPage
from runferry.desktop.summary import Totals
from runferry.desktop.system.open import Opener
from runferry.engine.job import SyncRequest
from runferry.engine.problems import fix_for
from runferry.errors import PermanentError
from runferry.status import About, Fix, Problem, Snapshot, SyncState
from runferry.sync.run_sync import RunSync

PATIENCE = 40_000  # milliseconds
COMPANY = "https://wandb.company.com"


def problem(slug: str = "tls-issuer", fix: Fix = Fix.ADD_CERTIFICATE, **rest: Any) -> Problem:
    told: dict[str, Any] = {
        "title": "Not trusted",
        "message": "The certificate was issued by nobody.",
        "todo": "Add a certificate.",
        "cause": "",
        "about": About.SERVER,
        "subject": COMPANY,
        "server": COMPANY,
    }
    told.update(rest)
    return Problem(id=f"{slug}:{told['subject']}", slug=slug, fix=fix, **told)


def deleted(number: int) -> Problem:
    return problem(
        "deleted-on-server",
        Fix.UPLOAD_AS_NEW,
        title="Deleted",
        about=About.RUN,
        subject=f"/runs/{number}",
        name=f"run {number}",
    )


def update(*problems: Problem) -> Update:
    return Update(Snapshot("1", 1, time.time(), problems=problems), Totals())


class Shown:
    """The page in a window that only notes where it was sent."""

    def __init__(self, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.went: list[tuple[str, str]] = []
        monkeypatch.setattr(desk.window, "go", lambda page, subject="": self.went.append((page, subject)))
        self.page = ProblemsPage(desk.context)
        desk.window.stack.addWidget(self.page)
        desk.window.stack.setCurrentWidget(self.page)
        desk.window.show()

    def card(self, number: int = 0) -> Any:
        return list(self.page.cards.values())[number]


@pytest.fixture
def shown(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(desk, monkeypatch)


def test_nothing_needs_you(shown: Shown) -> None:
    assert shown.page.empty.isVisible()
    assert shown.page.count.text() == ""
    shown.page.take(update(problem()))
    assert not shown.page.empty.isVisible()
    assert shown.page.count.text() == "1 problem"
    shown.page.take(update())
    assert shown.page.empty.isVisible()
    assert not shown.page.cards


@pytest.mark.parametrize(
    ("fix", "goes"),
    [
        (Fix.ADD_CERTIFICATE, ("settings", f"certificates {COMPANY}")),
        (Fix.CLIENT_CERTIFICATE, ("settings", f"certificates {COMPANY}")),
        (Fix.LOGIN, ("settings", f"servers {COMPANY}")),
        (Fix.PROXY, ("settings", "network")),
        (Fix.CHECK_CONNECTION, ("network", COMPANY)),
        (Fix.CHOOSE_SERVER, ("settings", "servers")),
        (Fix.SETTINGS, ("settings", "advanced")),
    ],
)
def test_the_button_leads_to_where_it_is_solved(shown: Shown, fix: Fix, goes: tuple[str, str]) -> None:
    shown.page.take(update(problem(fix=fix)))
    card = shown.card()
    assert card.fix.text() == FIXES[fix][0]
    card.fix.click()
    assert shown.went == [goes]


def test_every_fix_has_a_button() -> None:
    assert set(FIXES) == set(Fix)


def test_pages_and_folders_are_opened_by_the_system(
    qtbot: QtBot, shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Opener, "_open", lambda self, what, named: opened.append(what))
    signed = problem("portal", Fix.SIGN_IN_PAGE, page="http://wifi.example.com/login")
    lost = problem("file-gone", Fix.OPEN_FOLDER, about=About.RUN, subject=str(tmp_path), name="x")
    shown.page.take(update(signed, lost))
    shown.card(0).fix.click()
    qtbot.waitUntil(lambda: opened == ["http://wifi.example.com/login"], timeout=5000)
    shown.card(1).fix.click()
    qtbot.waitUntil(lambda: opened[1:] == [str(tmp_path)], timeout=5000)


def test_links_that_were_not_followed_are_looked_at_in_the_sheet_that_has_the_tick(
    shown: Shown, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[list[Path]] = []
    monkeypatch.setattr(desk.window, "add", lambda paths=(): added.append(list(paths)))
    fix = fix_for("links-left-out")
    left = [problem("links-left-out", fix, about=About.RUN, subject=f"/runs/{number}") for number in (1, 2)]
    shown.page.take(update(*left))
    shown.card().fix.click()
    assert added == [[Path("/runs/1"), Path("/runs/2")]]


def test_a_folder_that_is_gone_is_not_offered_to_be_opened(shown: Shown) -> None:
    gone = problem("folder-gone", Fix.OPEN_FOLDER, about=About.FOLDER, subject="/mnt/scratch")
    shown.page.take(update(gone))
    card = shown.card(0)
    assert card.fix.isHidden()
    assert card.show_it.text() == "Folder settings…"
    shown.page.open("/mnt/scratch")  # has something else to put the focus on


def test_runs_that_fail_alike_are_one_entry(shown: Shown) -> None:
    shown.page.take(update(*(deleted(number) for number in range(1000)), problem()))
    assert len(shown.page.cards) == 2
    server, runs = shown.card(0), shown.card(1)
    assert server.group.first.about is About.SERVER, "servers come first"
    assert runs.title.text() == "Deleted (1,000)"
    assert runs.where.text() == "run 0, run 1, run 2, run 3, run 4, 995 more on wandb.company.com"
    assert runs.fix.text() == "Upload 1,000 as new runs"
    assert shown.page.count.text() == "1,001 problems"


def test_a_card_stays_where_it_is_while_it_changes(shown: Shown) -> None:
    shown.page.take(update(deleted(1), problem()))
    before = dict(shown.page.cards)
    shown.page.take(update(problem(), deleted(1), deleted(2), problem("key-refused", Fix.LOGIN, subject="http://b")))
    assert {key: shown.page.cards[key] for key in before} == before
    assert len(shown.page.cards) == 3
    shown.page.open("/runs/2")
    assert shown.card(1).fix.text() == "Upload 2 as new runs"


def test_a_report_can_be_copied(shown: Shown) -> None:
    shown.page.take(update(deleted(1), deleted(2)))
    shown.card().copy.click()
    text = QApplication.clipboard().text()
    assert "Deleted (2)" in text
    assert "/runs/1\n/runs/2" in text
    assert "deleted-on-server" in text


def test_a_message_of_forty_lines_is_cut_on_the_card_and_whole_in_the_report(shown: Shown) -> None:
    text = "\n".join(f"line {number}" for number in range(40))
    shown.page.take(update(problem(message=text)))
    assert shown.card().message.text().count("\n") == 5
    assert shown.card().message.text().endswith("…")
    assert text in grouped([problem(message=text)])[0].report
    assert shortened("short") == "short"


def test_all_buttons_say_what_they_are_about(shown: Shown) -> None:
    shown.page.take(update(problem(), deleted(1)))
    for button in shown.page.findChildren(Button):
        assert button.accessibleName() or button.text()
    assert shown.card().fix.accessibleName() == "Certificates…: Not trusted"


def test_a_run_is_uploaded_as_new_and_its_old_way_given_up(
    desk: Any, shown: Shown, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runferry.init(dir=str(tmp_path), project="demo", settings={"console": "off", "silent": True})
    runferry.log({"loss": 1.0})
    run.finish()
    folder = Path(run.dir).parent
    advance = RunSync.advance

    def refused(self: RunSync) -> float | None:
        if not self.destination.run_id:  # under its own id
            raise PermanentError("deleted-on-server", "Deleted", "It is gone.", "Upload it as new.")
        return advance(self)

    monkeypatch.setattr(RunSync, "advance", refused)

    def states() -> list[SyncState]:
        return [one.state for one in desk.context.bridge.runs.values() if one.path == str(folder)]

    desk.engine.finish(desk.engine.sync(SyncRequest((folder,), server="local")))
    qtbot.waitUntil(lambda: states() == [SyncState.PROBLEM], timeout=PATIENCE)
    shown.page.take(Update(desk.engine.overview(), Totals()))
    assert shown.card().title.text() == "Deleted"
    shown.card().fix.click()
    qtbot.waitUntil(lambda: states() == [SyncState.VERIFIED], timeout=PATIENCE)
    assert not desk.engine.overview().problems
