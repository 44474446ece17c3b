"""What other processes may ask the owner: the same commands that a terminal runs when nobody owns the state folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runferry.control import Reply, Request
from runferry.engine.audit import audit
from runferry.engine.cleaning import candidates_in
from runferry.engine.code_state.restore import packed
from runferry.engine.delivering import instead_of
from runferry.engine.engine import Engine
from runferry.engine.guests import WATCH_FOR_ME, watch_for
from runferry.engine.job import SyncJob, SyncRequest, exit_code
from runferry.engine.opening import page_of
from runferry.engine.pauses import end_of
from runferry.engine.restoring import code_of
from runferry.engine.stopping import targets_of
from runferry.errors import UsageError
from runferry.events import Event

ATTEMPTS_TOLD = 10  # of each server, to `status --json`
REFRESH = 0.2  # seconds between two progress messages

_FOR_FRONTS = {"show": ("app",), "quit": ("app", "watch"), "hand-over": ("watch",)}  # who understands which

Progress = Callable[[dict[str, Any]], bool]


def handler(engine: Engine, kind: str = "app") -> Callable[[Request, Reply], int]:
    """The function that answers one request; it runs on a thread of the control server.

    kind: what the owner was started as; it decides what `show`, `quit` and `hand-over` can mean.
    """

    def answer(request: Request, reply: Reply) -> int:
        if request.command in _FOR_FRONTS:
            return _tell_front(engine, kind, request, reply)
        carry_out = _COMMANDS.get(request.command)
        if carry_out is not None:
            return carry_out(engine, request, reply)
        raise UsageError(
            "unknown-command",
            "The running Runferry does not know this command",
            f"It was asked for {request.command!r}.",
            "It may be an older version: end it and start it again.",
        )

    return answer


def _sync(engine: Engine, request: Request, reply: Reply) -> int:
    job = engine.sync(_sync_request(request.arguments), request.environ)
    return follow(engine, job, reply.progress, reply.cancelled.is_set)


def _status(engine: Engine, request: Request, reply: Reply) -> int:
    reply.progress(_short(engine.snapshot().as_dict()))
    return 0


def _verify(engine: Engine, request: Request, reply: Reply) -> int:
    reports = audit(engine, str(request.arguments.get("run", "")), bool(request.arguments.get("deep")))
    reply.progress({"reports": [asdict(one) for one in reports]})
    return 0 if reports and all(not one.wrong for one in reports) else 1


def _look_again(engine: Engine, request: Request, reply: Reply) -> int:
    engine.watching.look_again()
    return 0


def _clean(engine: Engine, request: Request, reply: Reply) -> int:
    told = request.arguments
    root = Path(str(told.get("root", "")))
    candidates, skipped = candidates_in(engine, root, float(str(told.get("min_age", 0))))
    reply.progress({"candidates": [asdict(one) for one in candidates], "skipped": skipped})
    return 0


def _try_now(engine: Engine, request: Request, reply: Reply) -> int:
    engine.try_now(str(request.arguments.get("server", "")))
    return 0


def _resume(engine: Engine, request: Request, reply: Reply) -> int:
    reply.progress({"was_paused": engine.resume(str(request.arguments.get("server", "")))})
    return 0


def _settings_changed(engine: Engine, request: Request, reply: Reply) -> int:
    engine.reload_settings()
    return 0


def _pause(engine: Engine, request: Request, reply: Reply) -> int:
    told = request.arguments
    engine.pause(str(told.get("server", "")), end_of(str(told.get("for", "")), engine.clock.time()))
    return 0


def _stop(engine: Engine, request: Request, reply: Reply) -> int:
    """Who would be stopped; or, once a person has said yes, what became of it."""
    told = request.arguments
    if not told.get("sure"):
        reply.progress({"targets": [asdict(one) for one in targets_of(engine, str(told.get("run", "")))]})
        return 0
    stopped = engine.stop_run(str(told.get("path", "")), wait=True)
    reply.progress({"stopped": asdict(stopped)})
    return 0 if stopped.is_gone else 1


def _open(engine: Engine, request: Request, reply: Reply) -> int:
    reply.progress({"page": page_of(engine, str(request.arguments.get("run", "")))})
    return 0


def _code(engine: Engine, request: Request, reply: Reply) -> int:
    told = request.arguments
    environ = instead_of(engine.environ, request.environ)
    reply.progress(packed(code_of(engine, str(told.get("run", "")), str(told.get("server", "")), environ)))
    return 0


_COMMANDS: dict[str, Callable[[Engine, Request, Reply], int]] = {
    "sync": _sync,
    "status": _status,
    "verify": _verify,
    "look-again": _look_again,
    "clean": _clean,
    "try-now": _try_now,
    "settings-changed": _settings_changed,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "open": _open,
    WATCH_FOR_ME: watch_for,
    "code": _code,
}


def _tell_front(engine: Engine, kind: str, request: Request, reply: Reply) -> int:
    """Hand a command to whoever listens to events: the window, or `watch`; with the token that lets it come forward."""
    command = request.command
    if kind not in _FOR_FRONTS[command]:
        raise UsageError(
            "not-possible-here",
            "The running Runferry cannot do that",
            f"'{command}' means nothing to `runferry {kind}`.",
            "Wait until it ends, or end it.",
        )
    event = Event(command, str(request.arguments.get("token") or ""))
    if command == "show":
        engine.front.show(lambda: engine.bus.publish(event), reply.cancelled.is_set)
    else:
        engine.bus.publish(event)
    if command == "show" and (paths := request.arguments.get("paths")):
        engine.bus.publish(Event("add", json.dumps([str(one) for one in paths])))
    return 0


def _short(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What goes to another process: not every attempt that is remembered."""
    for server in snapshot["servers"]:
        server["attempts"] = server["attempts"][:ATTEMPTS_TOLD]
    return snapshot


def follow(
    engine: Engine,
    job: SyncJob,
    progress: Progress,
    is_cancelled: Callable[[], bool] = lambda: False,
    live_counts: bool = False,
) -> int:
    """Report a job until it is over; its exit code. `progress` gets statuses and notices and tells whether to go on."""
    notices: list[str] = []
    unsubscribe = engine.bus.subscribe(lambda event: notices.append(event.text) if event.text else None)
    try:
        while not is_cancelled():
            job.changed.wait(REFRESH)
            job.changed.clear()
            outcome = job.outcome()
            statuses = job.statuses() if outcome is None else outcome
            told, notices[:] = list(notices), []
            over = outcome is not None
            if not progress({"runs": [asdict(one) for one in statuses], "notices": told, "over": over}):
                return 1
            if over:
                return exit_code(statuses, live_counts)
        return 1
    finally:
        unsubscribe()
        engine.finish(job)


def sync_arguments(request: SyncRequest) -> dict[str, Any]:
    """A sync request as it travels to the owner."""
    return {**asdict(request), "paths": [str(path) for path in request.paths]}


def _sync_request(arguments: Mapping[str, Any]) -> SyncRequest:
    return SyncRequest(
        paths=tuple(Path(str(one)) for one in arguments.get("paths") or ()),
        server=str(arguments.get("server") or ""),
        entity=str(arguments.get("entity") or ""),
        project=str(arguments.get("project") or ""),
        run_id=str(arguments.get("run_id") or ""),
        is_new=bool(arguments.get("is_new")),
        default_entity=str(arguments.get("default_entity") or ""),
        default_project=str(arguments.get("default_project") or ""),
        metrics_only=bool(arguments.get("metrics_only")),
        follow_links=bool(arguments.get("follow_links")),
        named_links=tuple(str(one) for one in arguments.get("named_links") or ()),
    )
