"""The network page, fed with snapshots: cards stay in place, buttons ask the engine, long errors stay readable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from runferry.desktop.context import Context
from runferry.desktop.network.page import NetworkPage
from runferry.status import Attempt, ConnectionState, ServerStatus
from support.pages import NotedShell, surroundings, update

URL = "https://wandb.company.com"
DNS = {"slug": "dns", "title": "Server name unknown", "message": "Cannot find it.", "todo": "Are you on the VPN?"}


@pytest.fixture
def around(qtbot: QtBot) -> Iterator[tuple[Context, Any, NotedShell]]:
    with surroundings() as made:
        yield made


@pytest.fixture
def page(qtbot: QtBot, around: tuple[Context, Any, NotedShell]) -> NetworkPage:
    made = NetworkPage(around[0])
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    return made


def retrying(**more: Any) -> ServerStatus:
    told = {"cause": DNS, "attempt": 3, "next_try": time.time() + 42, **more}
    return ServerStatus(URL, ConnectionState.RETRYING, **told)


def test_an_empty_page_shows_this_computer_as_not_used_yet(page: NetworkPage) -> None:
    page.take(update())
    (card,) = page.cards.values()
    assert (card.name.text(), card.state.text()) == ("This computer", "Not used yet")


def test_a_server_that_does_not_answer(page: NetworkPage) -> None:
    page.take(update(retrying(runs_waiting=3)))
    card = page.cards[URL]
    assert card.state.text().startswith("Retrying — attempt 4, next in 0:4")
    assert card.cause.text() == "Server name unknown. Cannot find it."
    assert card.todo.text() == "Are you on the VPN?"
    assert card.waiting.text() == "waiting: 3 runs"
    assert card.try_now.isVisibleTo(card)
    assert not card.resume.isVisibleTo(card)
    assert card.accessibleName().startswith("wandb.company.com: Retrying")
    assert card.try_now.accessibleName() == "Try now: wandb.company.com"


def test_the_countdown_goes_on_without_a_new_snapshot(page: NetworkPage) -> None:
    now = time.time()
    page.take(update(retrying(next_try=now + 100)))
    page.tick(now + 60)
    assert page.cards[URL].state.text() == "Retrying — attempt 4, next in 0:40"


def test_cards_stay_while_their_servers_change(page: NetworkPage) -> None:
    page.take(update(retrying()))
    before = page.cards[URL]
    page.take(update(ServerStatus(URL, ConnectionState.ONLINE, latency=0.1)))
    assert page.cards[URL] is before
    assert before.state.text() == "Online — 0.10 s"
    assert not before.cause.isVisibleTo(before)
    page.take(update())
    assert URL not in page.cards


def test_one_address_with_two_keys_has_two_cards(page: NetworkPage) -> None:
    page.take(update(retrying(), ServerStatus(URL, ConnectionState.ONLINE)))
    assert [one.name.text() for one in page.cards.values()].count("wandb.company.com") == 2


def test_try_now_and_pause_are_asked_of_the_engine(
    qtbot: QtBot, page: NetworkPage, around: tuple[Context, Any, NotedShell]
) -> None:
    context, engine, _ = around
    page.take(update(retrying()))
    card = page.cards[URL]
    qtbot.mouseClick(card.try_now, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: context.tasks.open == 0)
    assert engine.asked == [("try_now", URL)]
    menu = card.pause.menu()
    assert [one.text() for one in menu.actions()] == [
        "For 30 minutes",
        "For 1 hour",
        "Until tomorrow morning",
        "Until I resume",
    ]
    before = time.time()
    menu.actions()[0].trigger()
    menu.actions()[3].trigger()
    qtbot.waitUntil(lambda: len(engine.asked) == 3 and context.tasks.open == 0)
    lengths = {one[2] for one in engine.asked[1:]}
    (ends,) = [one for one in lengths if one is not None]
    assert 1800 <= ends - before < 1860
    assert None in lengths


def test_a_paused_server_offers_to_resume_only(page: NetworkPage) -> None:
    page.take(update(ServerStatus(URL, ConnectionState.PAUSED)))
    card = page.cards[URL]
    assert card.resume.isVisibleTo(card)
    assert not card.pause.isVisibleTo(card)
    assert not card.try_now.isVisibleTo(card)


@pytest.mark.parametrize(
    ("state", "slug", "button", "place"),
    [
        (ConnectionState.UNTRUSTED, "tls-unknown-issuer", "Certificates…", ("settings", f"certificates {URL}")),
        (ConnectionState.REFUSED, "key-refused", "Enter a key…", ("settings", f"servers {URL}")),
        (ConnectionState.REFUSED, "proxy-login", "Proxy…", ("settings", "network")),
    ],
)
def test_each_problem_leads_to_its_fix(
    page: NetworkPage,
    around: tuple[Context, Any, NotedShell],
    state: ConnectionState,
    slug: str,
    button: str,
    place: tuple[str, str],
) -> None:
    page.take(update(ServerStatus(URL, state, {**DNS, "slug": slug})))
    help_button = page.cards[URL].help
    assert help_button.isVisibleTo(page.cards[URL])
    assert help_button.text() == button
    help_button.click()
    assert around[2].gone == [place]


def test_the_last_attempts_a_few_and_all(page: NetworkPage) -> None:
    tried = tuple(Attempt(1.7e9 - 60 * n, "graphql", f"outcome {n}", n % 2 == 0, 0.02) for n in range(50))
    page.take(update(retrying(attempts=tried)))
    card = page.cards[URL]
    shown = [one.text() for one in card.attempts.findChildren(type(card.name)) if one.isVisibleTo(card)]
    assert [one for one in shown if one.startswith("outcome")] == ["outcome 0", "outcome 1", "outcome 2"]
    card.more.click()
    shown = [one.text() for one in card.attempts.findChildren(type(card.name)) if one.isVisibleTo(card)]
    assert len([one for one in shown if one.startswith("outcome")]) == 50


def test_a_long_error_is_cut_and_its_details_are_whole(
    page: NetworkPage, around: tuple[Context, Any, NotedShell]
) -> None:
    message = "\n".join(f"line {n}" for n in range(40))
    page.take(update(retrying(cause={**DNS, "message": message})))
    card = page.cards[URL]
    assert card.cause.text().count("\n") == 3
    card.details.click()
    assert around[2].errors[0].message == message


def test_what_looks_like_markup_is_shown_as_it_is(page: NetworkPage) -> None:
    page.take(update(retrying(cause={**DNS, "message": "<b>bold</b>"})))
    assert page.cards[URL].cause.textFormat() is Qt.TextFormat.PlainText


def test_a_narrow_page_needs_no_scrolling_sideways(qtbot: QtBot, page: NetworkPage) -> None:
    page.take(update(retrying(cause={**DNS, "title": "x" * 200, "message": "word " * 200}, proxy="p" * 200)))
    page.resize(519, 480)
    qtbot.waitUntil(lambda: page.cards[URL].width() <= 519)
    assert page.cards[URL].minimumSizeHint().width() <= 487
