"""On networks that cost money nothing is sent where that is wanted, and it goes on by itself; this computer's server is
never held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.paths import Home
from runferry.remote.failures import ServerRefused
from runferry.settings import Settings
from runferry.status import ConnectionState, ServerStatus

NEAR, FAR, OTHER = "http://127.0.0.1:1", "https://one.invalid", "https://two.invalid"
IDLE, PAUSED = ConnectionState.IDLE, ConnectionState.PAUSED


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    with Engine(home, Settings.load(home.settings_file, {}).changed(metered="pause"), {}) as made:
        yield made


def connect(engine: Engine, *urls: str) -> None:
    for url in urls:
        engine.connections.get(Choice(url, "test"), {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": url})


def servers(engine: Engine) -> dict[str, ServerStatus]:
    return {one.url: one for one in engine.snapshot().servers}


def states(engine: Engine) -> list[ConnectionState]:
    return [one.state for one in engine.snapshot().servers]


def test_it_pauses_with_a_reason_and_goes_on_by_itself(engine: Engine) -> None:
    connect(engine, NEAR, FAR)
    engine.network_is_metered(True)
    connect(engine, OTHER)  # one that is needed later
    found = servers(engine)
    assert [found[url].paused_because for url in (NEAR, FAR, OTHER)] == ["", "metered network", "metered network"]
    assert states(engine) == [IDLE, PAUSED, PAUSED]
    assert not any(one.enter() for one in engine.connections.all() if one.server.url != NEAR)
    engine.network_is_metered(False)
    assert states(engine) == [IDLE, IDLE, IDLE]
    assert [one.text for one in engine.activity.entries() if "metered" in one.text] == [
        "Paused: metered network.",
        "Resumed: no metered network any more.",
    ]


@pytest.mark.parametrize("slug", ["tls-untrusted", "key-refused"])
def test_what_stopped_in_another_network_is_tried_behind_a_metered_one(engine: Engine, slug: str) -> None:
    """It came to a stop at home or in a hotel; the change of network is told while it is held."""
    connect(engine, FAR)
    (far,) = engine.connections.all()
    far.leave(ServerRefused(slug, "Stopped", "why", "what to do"))
    assert states(engine) in ([ConnectionState.UNTRUSTED], [ConnectionState.REFUSED])
    engine.network_is_metered(True)
    engine.network_changed()
    assert states(engine) == [PAUSED]
    engine.network_is_metered(False)
    assert states(engine) == [ConnectionState.RETRYING]
    assert far.enter()


def test_a_network_of_which_nobody_knows_is_used(engine: Engine) -> None:
    connect(engine, FAR)
    engine.network_is_metered(None)
    assert states(engine) == [IDLE]


def test_the_setting_counts_at_once(engine: Engine) -> None:
    connect(engine, FAR)
    engine.network_is_metered(True)
    engine.change_settings(metered="continue")
    assert states(engine) == [IDLE]
    engine.change_settings(metered="pause")
    assert states(engine) == [PAUSED]


def test_a_person_may_send_all_the_same_until_the_network_changes(engine: Engine) -> None:
    connect(engine, FAR, OTHER)
    engine.network_is_metered(True)
    engine.network_changed()
    engine._look()
    assert states(engine) == [PAUSED, PAUSED]  # that was nobody's wish
    assert engine.resume(FAR)
    engine.network_is_metered(True)  # the system says it again
    assert states(engine) == [IDLE, PAUSED] or states(engine) == [ConnectionState.RETRYING, PAUSED]
    engine.network_is_metered(False)
    engine.network_is_metered(True)
    assert states(engine) == [PAUSED, PAUSED]


def test_a_persons_pause_outlives_the_network(engine: Engine) -> None:
    connect(engine, FAR)
    engine.network_is_metered(True)
    engine.pause()
    assert servers(engine)[FAR].paused_because == ""
    engine.network_is_metered(False)
    assert states(engine) == [PAUSED]
    assert engine.resume()
    assert states(engine) == [IDLE]
    assert not engine.resume()
