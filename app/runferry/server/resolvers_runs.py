"""GraphQL: runs, their rows, and what changes them."""

from __future__ import annotations

import json
from typing import Any

from runferry.server.record import State, iso
from runferry.server.resolvers_artifacts import input_artifacts, output_artifacts
from runferry.server.resolvers_files import run_files
from runferry.server.rows import flatten, is_deeper, parse, plain, project, spread
from runferry.server.run_folder import CONSOLE, EVENTS, HISTORY, RunFolder
from runferry.server.views import Context, RequestRefusedError, names_of, page

MAX_SAMPLES = 100_000
_LOG_PAGE = 10_000
_MOST_SPECS = 100  # each reads the file anew
_MOST_NESTED = 200  # levels of a config


class RunView:
    """One run."""

    typename = "Run"
    read_only = False

    def __init__(self, context: Context, folder: RunFolder) -> None:
        from runferry.server.resolvers_projects import ProjectView, UserView  # they show runs in turn

        folder.seen()
        record = folder.record
        heartbeat = folder.heartbeat()
        self._folder = folder
        self.id = record.storage_id
        self.name = record.name
        self.project = ProjectView(context, record.entity, record.project)
        self.project_id = int(self.project.internal_id)
        self.user = UserView()
        self.display_name = record.display_name or record.name
        self.description, self.notes, self.tags = record.description, record.notes, list(record.tags)
        self.sweep_name, self.commit, self.repo, self.host = record.sweep, record.commit, record.repo, record.host
        self.group = self.group_name = record.group
        self.job_type, self.job_program = record.job_type, record.program
        self.exitcode = record.exit_code
        self.state = record.state_at(context.store.clock.time(), heartbeat).value
        self.stopped = record.stop_requested
        self.created_at, self.heartbeat_at = iso(record.created), iso(heartbeat)
        self.updated_at = self.heartbeat_at

    # Config and summary

    def config(self, _: Context) -> str:
        """JSON text of ``{key: {"value": …}}``."""
        return json.dumps(self._folder.record.config)

    def wandb_config(self, _: Context, keys: list[str] | None = None) -> str:
        """JSON text of what W&B's own part of the config holds under `keys`."""
        own = self._folder.record.config.get("_wandb")
        values = own.get("value") if isinstance(own, dict) else None
        values = values if isinstance(values, dict) else {}
        return json.dumps({key: values[key] for key in (keys or values) if key in values})

    def summary_metrics(self, _: Context) -> str:
        """The summary as it was sent."""
        return self._folder.summary_text()

    def system_metrics(self, _: Context) -> str:
        """JSON text of the latest value of each system metric."""
        with self._folder.lock:
            rows = self._folder.lines(EVENTS).tail(50)
        latest = {key: plain(one) for row in rows for key, one in flatten(parse(row))}
        return json.dumps(latest)

    # Counts

    def _count(self, stream: str) -> int:
        with self._folder.lock:
            return self._folder.lines(stream).count

    def _holes(self, stream: str) -> int:
        with self._folder.lock:
            return self._folder.lines(stream).holes()

    def history_line_count(self, _: Context) -> int:
        """The number of lines, which is where the next row goes; holes are counted too."""
        return self._count(HISTORY)

    def events_line_count(self, _: Context) -> int:
        """As for history."""
        return self._count(EVENTS)

    def log_line_count(self, _: Context) -> int:
        """As for history."""
        return self._count(CONSOLE)

    def history_hole_count(self, _: Context) -> int:
        """How many lines below the count were never written."""
        return self._holes(HISTORY)

    def events_hole_count(self, _: Context) -> int:
        """As for history."""
        return self._holes(EVENTS)

    def log_hole_count(self, _: Context) -> int:
        """As for history."""
        return self._holes(CONSOLE)

    def _first_hole(self, stream: str) -> int | None:
        with self._folder.lock:
            return self._folder.lines(stream).first_hole()

    def history_first_hole(self, _: Context) -> int | None:
        """The number of the first line below the count that was never written."""
        return self._first_hole(HISTORY)

    def events_first_hole(self, _: Context) -> int | None:
        """As for history."""
        return self._first_hole(EVENTS)

    def log_first_hole(self, _: Context) -> int | None:
        """As for history."""
        return self._first_hole(CONSOLE)

    # Rows

    def _texts(self, stream: str, number: int) -> str:
        with self._folder.lock:
            return json.dumps([line.decode("utf-8", "replace") for line in self._folder.lines(stream).tail(number)])

    def history_tail(self, _: Context) -> str:
        """JSON text of a list with the last row's text."""
        return self._texts(HISTORY, 1)

    def events_tail(self, _: Context) -> str:
        """As for history."""
        return self._texts(EVENTS, 1)

    def history_keys(self, _: Context) -> dict[str, Any]:
        """Which keys occur with which types, and the last step."""
        with self._folder.lock:
            index = self._folder.rows(HISTORY)
            keys = {
                key: {"typeCounts": [{"type": kind, "count": number} for kind, number in counts.items()]}
                for key, counts in index.keys().items()
            }
            return {"keys": keys, "sets": [], "lastStep": index.last_step}

    def history(
        self, _: Context, samples: int | None = None, min_step: int | None = None, max_step: int | None = None
    ) -> list[str]:
        """Rows as they were sent: all of a range of steps, or samples from everywhere."""
        with self._folder.lock:
            if min_step is None and max_step is None:
                rows = spread(self._folder.lines(HISTORY), _samples(samples))
            else:
                high = 2**62 if max_step is None else max_step
                rows = self._folder.rows(HISTORY).between(min_step or 0, high)
            return [row.decode("utf-8", "replace") for row in rows]

    def events(self, _: Context, samples: int | None = None) -> list[str]:
        """Samples of the system metrics' rows as they were sent."""
        with self._folder.lock:
            rows = spread(self._folder.lines(EVENTS), _samples(samples))
            return [row.decode("utf-8", "replace") for row in rows]

    def sampled_history(self, _: Context, specs: list[str]) -> list[list[dict[str, Any]]]:
        """For each spec the values of its keys, of the rows that have all of them."""
        if len(specs) > _MOST_SPECS:
            raise RequestRefusedError(f"more than {_MOST_SPECS} specs at once")
        return [self._sample(_spec(text)) for text in specs]

    def _sample(self, spec: dict[str, Any]) -> list[dict[str, Any]]:
        low, high = spec.get("minStep"), spec.get("maxStep")
        samples: int | None = _samples(spec.get("samples"))
        keys = [str(key) for key in spec.get("keys") or ()]
        with self._folder.lock:
            if low is None and high is None:
                rows = self._folder.lines(HISTORY).iterate()
            else:
                low, high = _number(low, 0), _number(high, 2**62)
                rows = self._folder.rows(HISTORY).between(low, high)
                if high - low <= (samples or 0):
                    samples = None  # a page of a scan: every row
            return project((row for row in rows if row), keys, samples)

    def parquet_history(self, _: Context, live_keys: list[str] | None = None) -> dict[str, Any]:
        """There are no exported histories here: clients read the rows."""
        return {"parquet_urls": [], "live_data": []}

    def log_lines(
        self,
        _: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        use_improved_pagination: bool | None = None,
    ) -> dict[str, Any]:
        """A page of the console."""
        with self._folder.lock:
            lines = self._folder.lines(CONSOLE)
            start = int(after) if after and after.isdigit() else 0
            number = min(_LOG_PAGE, last or first or _LOG_PAGE)
            start = max(0, lines.count - number) if last else start
            found = list(lines.iterate(start, start + number))
            count = lines.count
        edges = [
            {"node": console_line(start + at, line.decode("utf-8", "replace")), "cursor": str(start + at + 1)}
            for at, line in enumerate(found)
        ]
        end = start + len(found)
        return {"edges": edges, "page_info": {"end_cursor": str(end), "has_next_page": end < count}}

    # Files and artifacts

    def file_count(self, _: Context) -> int:
        """How many files were uploaded."""
        return len(self._folder.files())

    def files(
        self,
        _: Context,
        names: list[str] | None = None,
        after: str | None = None,
        first: int | None = None,
        pattern: str | None = None,
        upload: bool | None = None,
    ) -> dict[str, Any]:
        """The uploaded files."""
        return run_files(self._folder, names, pattern, after, first)

    def output_artifacts(self, context: Context, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        """What the run logged."""
        return output_artifacts(context, self._folder.record, after, first)

    def input_artifacts(self, context: Context, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        """What the run used."""
        return input_artifacts(context, self._folder.record, after, first)


def _samples(wanted: Any) -> int:
    return int(min(MAX_SAMPLES, wanted)) if isinstance(wanted, (int, float)) and wanted > 0 else 500


def _number(value: Any, otherwise: int) -> int:
    if value is None:
        return otherwise
    if not isinstance(value, (int, float)) or not abs(value) < 2**62:
        raise RequestRefusedError("a step is a number")
    return int(value)


def _spec(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestRefusedError("the spec is no JSON") from error
    if not isinstance(value, dict):
        raise RequestRefusedError("the spec is no JSON object")
    return value


def console_line(number: int, text: str) -> dict[str, Any]:
    """One console line in its parts; both forms that clients send are understood."""
    if text.startswith('{"'):
        row = parse(text.encode("utf-8", "replace"))
        if "content" in row:
            moment = row.get("ts")
            return {
                "number": number, "timestamp": moment, "level": row.get("level"), "label": row.get("label"),
                "line": str(row["content"]),
            }  # fmt: skip
    level = "error" if text.startswith("ERROR ") else None
    rest = text.removeprefix("ERROR ")
    moment, _, line = rest.partition(" ")
    if len(moment) == 26 and moment[10] == "T" and moment[:4].isdigit():
        return {"number": number, "timestamp": moment, "level": level, "label": None, "line": line}
    return {"number": number, "timestamp": None, "level": None, "label": None, "line": text}


_FIELDS = {
    "displayName": "display_name", "description": "description", "notes": "notes", "groupName": "group",
    "jobType": "job_type", "commit": "commit", "jobRepo": "repo", "host": "host", "jobProgram": "program",
    "sweep": "sweep",
}  # fmt: skip


class RunMutations:
    """Mutations about runs."""

    def upsert_bucket(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Make a run, or change one. What is null stays as it is."""
        store = context.store
        inserted = False
        if input.get("id"):
            folder = _run_of_id(context, input["id"])
        else:
            if not input.get("name"):
                raise RequestRefusedError("a run needs a name or an id")
            place = names_of(input.get("entityName"), input.get("modelName"))
            folder, inserted = store.ensure_run(*place, input["name"])
        with folder.lock:
            values = {ours: input[theirs] for theirs, ours in _FIELDS.items() if input.get(theirs) is not None}
            if input.get("tags") is not None:
                values["tags"] = tuple(input["tags"])
            if input.get("config") is not None:
                values["config"] = _config(input["config"])
            if input.get("state") is not None:
                values["state"] = _state(input["state"])
            if inserted:
                folder.beat(store.clock.time())
            elif not input.get("id") and folder.record.stop_requested and _is_over(context, folder):
                values["stop_requested"] = False  # whoever begins again is not stopped by an old wish
            store.change_run(folder, **values)
            if input.get("summaryMetrics") is not None:
                folder.write_summary(input["summaryMetrics"])
        return {"bucket": RunView(context, folder), "inserted": inserted, "client_mutation_id": None}

    def stop_run(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Ask the run to stop: its client is told with the next answer on the file stream."""
        context.store.change_run(_run_of_id(context, input["id"]), stop_requested=True)
        return {"success": True, "client_mutation_id": None}

    def update_run_state(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Set the state by hand."""
        context.store.change_run(_run_of_id(context, input["id"]), state=_state(input["state"]))
        return {"success": True, "client_mutation_id": None}

    def delete_run(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Take a run, and on demand the artifacts that it logged, out of the store."""
        folder = _run_of_id(context, input["id"])
        record = folder.record
        if input.get("deleteArtifacts"):
            for one in context.store.artifacts.versions(record.entity, record.project):
                if one.run == record.name:
                    context.store.artifacts.delete(one.id)
        context.store.delete_run(folder)
        return {"success": True, "client_mutation_id": None}

    def notify_scriptable_run_alert(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Keep an alert with its run."""
        folder = context.store.run(*names_of(input.get("entityName"), input["projectName"]), input["runName"])
        if folder is None:
            raise RequestRefusedError("no such run")
        folder.add_alert(
            {
                "title": input["title"],
                "text": input["text"],
                "level": input.get("severity") or "INFO",
                "wait_ms": input.get("waitDuration"),
                "time": context.store.clock.time(),
            }
        )
        return {"success": True, "client_mutation_id": None}


def _run_of_id(context: Context, identifier: str) -> RunFolder:
    folder = context.store.run_of_id(identifier)
    if folder is None:
        raise RequestRefusedError("no such run")
    return folder


def _is_over(context: Context, folder: RunFolder) -> bool:
    return folder.record.state_at(context.store.clock.time(), folder.heartbeat()) is not State.RUNNING


def _config(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestRefusedError("the config is no JSON") from error
    if not isinstance(value, dict):
        raise RequestRefusedError("the config is no JSON object")
    if is_deeper(value, _MOST_NESTED):
        raise RequestRefusedError(f"the config is nested deeper than {_MOST_NESTED} levels")
    return value


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError as error:
        raise RequestRefusedError(f"no run state: {text}") from error


def run_page(context: Context, folders: list[RunFolder], after: str | None, first: int | None) -> dict[str, Any]:
    """A connection over runs."""
    return page(folders, lambda one: RunView(context, one), after, first)
