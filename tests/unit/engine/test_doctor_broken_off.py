"""An examination that somebody closes in the middle leaves no test run on the server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runferry.engine.choice import Choice
from runferry.engine.doctor import examination
from runferry.engine.doctor.step import Step, good
from runferry.engine.local_server import Running
from runferry.settings import Settings


@pytest.mark.parametrize(("seen", "tidied"), [("login", 0), ("write", 1), ("upload", 1)])
def test_it_is_tidied_up(monkeypatch: pytest.MonkeyPatch, seen: str, tidied: int) -> None:
    done: list[str] = []

    def write(visit: Any) -> Step:
        visit.run = object()
        return good("made")

    def tidy(visit: Any) -> Step:
        done.append("tidy")
        return good("deleted")

    for name in ("is_wandb", "clock", "login", "upload"):
        monkeypatch.setattr(examination.server, name, lambda visit: good("well"))
    monkeypatch.setattr(examination.server, "write", write)
    monkeypatch.setattr(examination.server, "tidy", tidy)
    session = SimpleNamespace(url="http://127.0.0.1:1", use_key=lambda key: None)
    visit: Any = SimpleNamespace(session=session, run=None)
    local = Running("http://127.0.0.1:1", "store", "k" * 40)
    steps = examination._at_server(visit, Choice("local", "test"), Settings(), {}, local, True)
    for step in steps:
        if step.name == seen:
            break
    steps.close()  # type: ignore[attr-defined]
    assert len(done) == tidied
