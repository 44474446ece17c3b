"""Where a run's code state comes from: this computer, or a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.choice import choose
from runferry.engine.code_state.restore import CodeOfRun, about_in, commit_in, local_code
from runferry.engine.named import named_runs
from runferry.errors import UsageError
from runferry.formats.detect import identify, is_there
from runferry.remote import run_state

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def code_of(engine: Engine, run: str, server: str, environ: Mapping[str, str]) -> CodeOfRun:
    """The code state of a run: named by its path, id or name, or on a server as ENTITY/PROJECT/RUN. Raises AppError."""
    is_path = is_there(run)
    if not server and (is_path or "/" not in run):
        folder = named_runs(engine, run)[-1]
        return local_code(folder, engine.code_state.files(folder.log))
    if is_path:
        found = identify(Path(run))
        raise UsageError(
            "path-on-server",
            "A path names no run on a server",
            f"{found.path} is on this computer.",
            "Leave out --server, or name the run as ENTITY/PROJECT/RUN.",
        )
    return _from_server(engine, run, server, environ)


def _from_server(engine: Engine, run: str, server: str, environ: Mapping[str, str]) -> CodeOfRun:
    parts = run.strip("/").split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise UsageError(
            "no-run-on-server", "This names no run", f"{run!r} has not the form ENTITY/PROJECT/RUN.", "Write it so."
        )
    entity, project, run_id = ["", *parts][-3:]
    connection = engine.connections.get(choose(server, environ, engine.settings), environ)
    connection.prepare()
    session = connection.session
    found = run_state.look_up(session, entity or connection.account().entity, project, run_id)
    files = {name: session.get(url, name) for name, url in found.files.items()}
    metadata = files.pop("wandb-metadata.json", b"")
    told = about_in(files.pop("runferry-code.json", b""))
    commit = str(told.get("commit") or found.commit or commit_in(metadata))
    return CodeOfRun(run_id, commit, files, told)
