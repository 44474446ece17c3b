"""*Check connection* against real servers: steps come one by one, the bad one says why and leads to its fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from runferry.desktop.network.check import CheckView, report
from runferry.desktop.network.step_row import StepRow
from runferry.desktop.network.telling import Help
from runferry.engine import company_certificates as company_cas
from runferry.engine.doctor import Mark, Step
from runferry.engine.engine import Engine
from runferry.paths import find_home
from runferry.settings import Settings
from support.company import Company, TlsServer
from support.pages import NotedShell, surroundings

PATIENCE = 20_000  # milliseconds


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def server(company: Company) -> Iterator[TlsServer]:
    with TlsServer(company.good()) as made:
        yield made


@pytest.fixture
def engine(server: TlsServer) -> Iterator[Engine]:
    environ = {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": server.url}
    home = find_home()
    with Engine(home, Settings.load(home.settings_file, environ), environ) as made:
        yield made


class Sheet:
    """A view in a shell, and where its buttons led."""

    def __init__(self, qtbot: QtBot, view: CheckView, shell: NotedShell, led: list[Help]) -> None:
        self.qtbot, self.view, self.shell, self.led = qtbot, view, shell, led

    def walk(self) -> dict[str, StepRow]:
        self.view.start()
        self.qtbot.waitUntil(lambda: not self.view.is_walking, timeout=PATIENCE)
        return {step.name: row for step, row in zip(self.view.steps, self.view.rows, strict=True)}


@pytest.fixture
def sheet(qtbot: QtBot, engine: Engine, server: TlsServer) -> Iterator[Sheet]:
    with surroundings(engine) as (context, _, shell):
        led: list[Help] = []
        view = CheckView(context, server.url, led.append)
        qtbot.addWidget(view)
        view.show()
        yield Sheet(qtbot, view, shell, led)
        view.stop()
        qtbot.waitUntil(lambda: context.tasks.open == 0, timeout=PATIENCE)


def test_an_untrusted_server_shows_its_chain_and_leads_to_the_certificates(sheet: Sheet, server: TlsServer) -> None:
    rows = sheet.walk()
    row = rows["TLS"]
    assert "✗ issued by" in row.lines.text()
    assert row.lines.isVisibleTo(row)
    assert "TLS" in sheet.view.steps[[one.name for one in sheet.view.steps].index("TLS")].name
    assert row.help is not None
    row.help.click()
    assert sheet.led == [Help.CERTIFICATES]
    assert {one.mark for one in sheet.view.steps if one.name in ("login", "write")} == {Mark.SKIPPED}
    assert "not trust" in sheet.view.verdict.text()
    assert server.requests == [], "nothing is sent to a server that is not trusted"


def test_after_the_ca_is_added_the_walk_goes_on(sheet: Sheet, engine: Engine, company: Company) -> None:
    company_cas.add(engine.settings, company.ca_file)
    engine.reload_settings()
    rows = sheet.walk()
    marks = {one.name: one.mark for one in sheet.view.steps}
    assert marks["TLS"] is marks["login"] is Mark.GOOD
    assert not rows["TLS"].lines.isVisibleTo(rows["TLS"]), "what is well is closed"
    rows["TLS"].more.click()
    assert rows["TLS"].lines.isVisibleTo(rows["TLS"])


def test_it_can_be_walked_again(sheet: Sheet) -> None:
    first = sheet.walk()
    again = sheet.walk()
    assert list(first) == list(again)
    assert len(sheet.view.rows) == len(again)


def test_leaving_the_sheet_ends_the_walk(qtbot: QtBot, sheet: Sheet) -> None:
    sheet.view.start()
    sheet.view.hide()
    qtbot.waitUntil(lambda: not sheet.view.is_walking, timeout=PATIENCE)
    assert len(sheet.view.steps) < 8


def test_a_server_without_a_key(qtbot: QtBot, engine: Engine, company: Company, server: TlsServer) -> None:
    company_cas.add(engine.settings, company.ca_file)
    engine.environ.clear()
    engine.reload_settings()
    with surroundings(engine) as (context, _, shell):
        led: list[Help] = []
        view = CheckView(context, server.url, led.append)
        qtbot.addWidget(view)
        row = Sheet(qtbot, view, shell, led).walk()["key"]
        assert row.help is not None
        row.help.click()
        assert led == [Help.KEY]


def test_the_report_is_text_without_the_key(sheet: Sheet, server: TlsServer) -> None:
    sheet.walk()
    sheet.view._copy.click()
    text = QApplication.clipboard().text()
    assert text == report(server.url, sheet.view.steps)
    assert "[bad] TLS" in text
    assert "k" * 40 not in text
    assert sheet.shell.toasts == ["Copied"]


@pytest.mark.parametrize("mark", list(Mark))
def test_each_mark_has_a_shape_and_words(qtbot: QtBot, mark: Mark) -> None:
    row = StepRow(Step("login", mark, "said <b>so</b>", "do this"), lambda kind: None)
    qtbot.addWidget(row)
    assert row.accessibleName().startswith("Login: ")
    assert "said <b>so</b>" in row.accessibleName()
