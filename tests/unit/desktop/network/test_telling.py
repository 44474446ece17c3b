"""What is said about a server: words of each state, what waits, and where the way out is."""

from __future__ import annotations

import pytest

from runferry.desktop import own_server
from runferry.desktop.network import telling
from runferry.desktop.network.telling import Help
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.status import Attempt, ConnectionState, FolderStatus, ServerStatus, Snapshot

NOW = 1_700_000_000.0
URL = "https://wandb.company.com"


def server(state: ConnectionState, **more: object) -> ServerStatus:
    return ServerStatus(URL, state, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (server(ConnectionState.RETRYING, attempt=3, next_try=NOW + 42), "Retrying — attempt 4, next in 0:42"),
        (server(ConnectionState.RETRYING, attempt=3, next_try=NOW - 1), "Retrying — attempt 4, trying now"),
        (server(ConnectionState.ONLINE, latency=0.004), "Online — 4 ms"),
        (server(ConnectionState.ONLINE), "Online"),
        (server(ConnectionState.SLOWED, requests_per_second=3.0), "Online — slowed by the server to 3 requests/s"),
        (
            server(ConnectionState.SLOWED, requests_per_second=0.1),
            "Online — slowed by the server to one request in 10.0 s",
        ),
        (server(ConnectionState.PAUSED), "Paused until you resume"),
        (server(ConnectionState.PAUSED, paused_because="metered network"), "Paused: metered network"),
        (server(ConnectionState.REFUSED, cause={"slug": "key-refused"}), "Key refused"),
        (server(ConnectionState.REFUSED, cause={"slug": "store-replaced"}), "Stopped"),
        (server(ConnectionState.IDLE), "Not used yet"),
    ],
)
def test_each_state_has_its_words(one: ServerStatus, said: str) -> None:
    assert telling.state_line(one, NOW).text == said


def test_every_state_can_be_said() -> None:
    for state in ConnectionState:
        assert telling.state_line(server(state), NOW).text


def test_a_pause_that_ends_today_says_the_time_and_a_later_one_the_day() -> None:
    soon = telling.state_line(server(ConnectionState.PAUSED, paused_until=NOW + 1800), NOW).text
    late = telling.state_line(server(ConnectionState.PAUSED, paused_until=NOW + 30 * 3600), NOW).text
    assert len(soon) == len("Paused until 10:41")
    assert "-" in late.removeprefix("Paused until ")


def test_what_waits() -> None:
    one = server(ConnectionState.RETRYING, runs_waiting=3, rows_waiting=14_200, files_waiting=1, bytes_per_second=310e3)
    assert telling.waiting_line(one) == "waiting: 3 runs, 14,200 rows, 1 file · ↑ 310 kB/s"
    assert telling.waiting_line(server(ConnectionState.ONLINE)) == ""


@pytest.mark.parametrize(
    ("state", "slug", "kind"),
    [
        (ConnectionState.UNTRUSTED, "tls-unknown-issuer", Help.CERTIFICATES),
        (ConnectionState.UNTRUSTED, "tls-form", Help.CERTIFICATES),
        (ConnectionState.RETRYING, "tls-stalled", None),
        (ConnectionState.REFUSED, "key-refused", Help.KEY),
        (ConnectionState.REFUSED, "proxy-login", Help.PROXY),
        (ConnectionState.RETRYING, "dns", None),
    ],
)
def test_the_way_out(state: ConnectionState, slug: str, kind: Help | None) -> None:
    assert telling.help_for(server(state, cause={"slug": slug})) is kind


def test_a_portal_leads_to_its_page() -> None:
    assert telling.help_for(server(ConnectionState.PORTAL, page="http://sign.in")) is Help.SIGN_IN
    assert telling.help_for(server(ConnectionState.PORTAL)) is None


def test_a_long_error_is_shortened() -> None:
    assert telling.shortened("short") == "short"
    assert telling.shortened("\n".join(map(str, range(40)))) == "0\n1\n2\n3 …"
    assert len(telling.shortened("x" * 5000)) < 500


def test_notes_of_an_attempt() -> None:
    one = Attempt(NOW, "rows", "connection reset", False, 12.4, rows_again=128, count=1)
    assert telling.attempt_notes(one) == "rows · 128 rows are sent again"


def test_servers_that_are_set_and_not_used_yet_are_shown_after_those_in_use() -> None:
    settings = Settings.load(find_home().settings_file, {}).changed(server="cloud")
    used = ServerStatus("http://127.0.0.1:8470", ConnectionState.ONLINE)
    folder = FolderStatus("/runs", "local", "polling")
    overview = Snapshot("1", 1, NOW, (), (used,), (folder, FolderStatus("/more", URL, "polling")))
    shown = telling.shown_servers(overview, settings)
    assert [one.url for one in shown] == [used.url, "https://api.wandb.ai", URL]


def test_names_of_servers() -> None:
    assert telling.title("http://127.0.0.1:8470") == "This computer"
    own_server.note(("http://127.0.0.1:8470",))
    assert telling.title("http://127.0.0.1:8470") == "This computer"
    assert telling.title("http://localhost:9000") == "localhost:9000", "the end of a tunnel, say"
    assert telling.title("https://api.wandb.ai") == "W&B cloud"
    assert telling.title(URL) == "wandb.company.com"
