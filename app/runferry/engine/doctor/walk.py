"""The examination of one server of a running engine, as a window wants it: with the key and the way of its runs."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from runferry.engine.choice import Choice
from runferry.engine.doctor.examination import examine
from runferry.engine.doctor.step import Step
from runferry.servers import LOCAL

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def walk(engine: Engine, server: str, writes: bool = True) -> Generator[Step, None, None]:
    """All steps, each as soon as it is taken. server: an address, or ``local``. Raises AppError.

    The next step is not taken before it is asked for; closing ends the examination, and deletes a test run that was
    made (see `examine` for `writes`).
    """
    known = engine.connections.named(server) if server else []
    if known:
        choice = engine.connections.choice_of(known[0])
    else:
        choice = Choice(LOCAL if server in ("", LOCAL) else server, "the window")
    running = engine.connections.local() if choice.is_local else None
    yield from examine(choice, engine.home, engine.settings, engine.environ, running, writes=writes)
