"""Plain pages for people: what this server is, and what a run holds. No script, nothing loaded, everything escaped."""

from __future__ import annotations

import json
from urllib.parse import quote

from starlette.responses import HTMLResponse

from runferry.server.html_page import escaped, html_page
from runferry.server.record import iso
from runferry.server.rows import flatten, parse, plain
from runferry.server.run_folder import CONSOLE, EVENTS, HISTORY, RunFolder
from runferry.server.store import Store
from runferry.version import __version__

_MOST = 300  # rows of a table


def _table(rows: list[tuple[str, str]]) -> str:
    lines = [f"<tr><th>{escaped(key)}<td><code>{escaped(value)}</code>" for key, value in rows[:_MOST]]
    more = f"<p>… and {len(rows) - _MOST} more.</p>" if len(rows) > _MOST else ""
    return f"<table>{''.join(lines)}</table>{more}"


def front_page(store: Store) -> HTMLResponse:
    """What this is, and which projects it has."""
    places = [(entity, project) for entity in store.index.entities() for project, _ in store.index.projects(entity)]
    lines = [f"<h2>{escaped(f'{one[0]}/{one[1]}')}</h2>{_run_list(store, *one)}" for one in places]
    text = (
        f"<p>Runferry {escaped(__version__)}: a local server that speaks the W&amp;B protocol and keeps runs as "
        "plain files on this machine. It is meant for programs; this page is for a quick look.</p>"
    )
    return html_page("Runferry local server", text + "".join(lines))


def project_page(store: Store, entity: str, project: str) -> HTMLResponse:
    """A project's runs, newest first."""
    if all(name != project for name, _ in store.index.projects(entity)):
        return html_page("No such project", "<p>This server has no such project.</p>", 404)
    return html_page(f"{entity}/{project}", _run_list(store, entity, project))


def _run_list(store: Store, entity: str, project: str) -> str:
    lines = []
    for name in reversed(store.index.run_names(entity, project)[-_MOST:]):
        address = "/".join(quote(part, safe="", errors="replace") for part in (entity, project, "runs", name))
        lines.append(f'<li><a href="/{escaped(address)}">{escaped(name)}</a>')
    return f"<ul>{''.join(lines)}</ul>"


def run_page(store: Store, entity: str, project: str, name: str) -> HTMLResponse:
    """One run: state, counts, last values, files."""
    folder = store.run(entity, project, name)
    if folder is None:
        return html_page("No such run", "<p>This server has no such run.</p>", 404)
    record = folder.record
    state = record.state_at(store.clock.time(), folder.heartbeat())
    with folder.lock:
        counts = [(title, str(folder.lines(stream).count)) for title, stream in _STREAMS]
    about = [
        ("State", state.value), ("Run", f"{entity}/{project}/{name}"), ("Created", iso(record.created)),
        ("Last sign of life", iso(folder.heartbeat())), ("Tags", ", ".join(record.tags)),
        ("Notes", record.notes or ""), ("Folder", str(folder.path)), *counts,
    ]  # fmt: skip
    return html_page(
        record.display_name or name,
        _table([pair for pair in about if pair[1]])
        + "<h2>Last values</h2>" + _table(_last_values(folder))
        + "<h2>Config</h2>" + _table(_config(folder))
        + "<h2>Files</h2>" + _table([(one.name, f"{one.size} bytes") for one in folder.files()]),
    )  # fmt: skip


_STREAMS = (("History rows", HISTORY), ("System metrics rows", EVENTS), ("Console lines", CONSOLE))


def _last_values(folder: RunFolder) -> list[tuple[str, str]]:
    summary = folder.summary()
    if not summary:
        with folder.lock:
            tail = folder.lines(HISTORY).tail(1)
        summary = parse(tail[0]) if tail else {}
    return [(key, _short(value)) for key, value in sorted(flatten(summary)) if not key.startswith("_wandb")]


def _config(folder: RunFolder) -> list[tuple[str, str]]:
    shown = {key: one.get("value") if isinstance(one, dict) else one for key, one in folder.record.config.items()}
    return [(key, _short(value)) for key, value in sorted(flatten(shown)) if not key.startswith("_wandb")]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= 500 else text[:500] + "…"
