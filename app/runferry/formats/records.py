"""What each kind of record does to a batch and to the content of the run. History rows are `log_reader`'s.

One method per kind; a kind without a method is counted and otherwise ignored (header of newer clients, footer, final).
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
from typing import Any

from runferry.formats import telemetry
from runferry.formats.entries import (
    Alert,
    Artifact,
    ArtifactLink,
    Batch,
    ConsoleChunk,
    FileEntry,
    MetricRule,
    RunContent,
    RunInfo,
)
from runferry.formats.json_text import dumps
from runferry.formats.key_values import KeyValues
from runferry.formats.messages import ENVIRONMENT
from runferry.formats.odd_values import LAST_SECOND, NO_JSON, NO_RECORD, NO_TIME, TOO_DEEP, OddValues, is_too_deep

log = logging.getLogger(__name__)

POLICIES = {0: "now", 1: "end", 2: "live"}
KINDS = {0: "other", 1: "wandb", 2: "media", 3: "artifact"}
RULES = ("min", "max", "mean", "best", "last", "none", "copy", "first")


def empty_content() -> RunContent:
    """Nothing read yet."""
    odd = OddValues()
    return RunContent(RunInfo(), KeyValues(merge=True, odd=odd), KeyValues(odd=odd), ENVIRONMENT(), odd=odd)


class RecordFolder:
    """Folds records into `content`; a new one starts with nothing."""

    def __init__(self, content: RunContent) -> None:
        self.content = content
        self._start_ns: int | None = None
        self._alerts = 0
        self._artifacts = 0
        self._links = 0
        self._config_read = False

    def fold(self, kind: str, record: Any, batch: Batch) -> None:
        """Take one record in; `kind` is the name of its field. What is wrong with it costs this one only."""
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            try:
                handler(getattr(record, kind), batch)
            except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
                log.warning("a record of kind %s: %r", kind, error)
                self.content.odd.note(NO_RECORD, kind)
        self.content.counts[kind] = self.content.counts.get(kind, 0) + 1

    def _header(self, header: Any, batch: Batch) -> None:
        producer = header.version_info.producer
        if producer:
            self.content.writer = writer_of(producer)

    def _run(self, run: Any, batch: Batch) -> None:
        content = self.content
        content.run_records += 1
        if run.HasField("start_time") and self._start_ns is None:
            self._start_ns = self._time(run.start_time, "start of the run")
        content.run = _merged(content.run, run, self._start_ns)
        if not self._config_read:  # later ones repeat it; what changed comes in config records
            self._config_read = True
            content.config.update(run.config.update)
        content.summary.update(run.summary.update)
        self._telemetry(run.telemetry, batch)

    def _config(self, config: Any, batch: Batch) -> None:
        self.content.config.update(config.update)
        self.content.config.remove(config.remove)

    def _telemetry(self, raw: bytes, batch: Batch) -> None:
        content = self.content
        if raw:
            content.telemetry = telemetry.merge(content.telemetry, telemetry.decode(raw))
        if not content.writer and "5" in content.telemetry:
            content.writer = f"wandb {content.telemetry['5']}"

    def _environment(self, environment: Any, batch: Batch) -> None:
        known = self.content.environment
        for field, _ in environment.ListFields():
            if field.name in ("args", "gpu_nvidia", "gpu_amd"):  # a later record repeats the list
                known.ClearField(field.name)
        if environment.HasField("started_at") and self._time(environment.started_at, "start of the program") is None:
            environment.ClearField("started_at")
        known.MergeFrom(environment)

    def _metric(self, metric: Any, batch: Batch) -> None:
        new = MetricRule(
            name=metric.name,
            glob=metric.glob_name,
            step_metric=metric.step_metric,
            step_sync=metric.options.step_sync,
            hidden=metric.options.hidden,
            defined=metric.options.defined,
            summary=tuple(rule for rule in RULES if getattr(metric.summary, rule)),
            goal=metric.goal,
            expanded=metric.expanded_from_glob,
        )
        overwrite = getattr(metric, "_control").overwrite  # noqa: B009 -- a field's name, not a private attribute
        rules = self.content.metrics
        for index, old in enumerate(rules):
            if (old.name, old.glob) == (new.name, new.glob):
                rules[index] = new if overwrite else _combined(old, new)
                return
        rules.append(new)

    def _stats(self, stats: Any, batch: Batch) -> None:
        nanoseconds = self._time(stats.timestamp, "system metrics")
        if nanoseconds is None:
            nanoseconds = int(self._now() * 1e9)
        if self._start_ns is None:
            self._start_ns = nanoseconds  # the run record is lost: the first sample is the best there is
        timestamp = _seconds(nanoseconds)
        parts = [f'"_wandb":true,"_timestamp":{timestamp!r},"_runtime":{_seconds(nanoseconds - self._start_ns)!r}']
        for item in stats.item:
            if not item.key.startswith("_"):
                parts.extend(self._stat(f"system.{item.key}", item.value_json))
        batch.events.append("{" + ",".join(parts) + "}")
        self.content.events += 1
        self.content.last_timestamp = timestamp

    def _stat(self, key: str, text: str) -> list[str]:
        """One value, or one per label where old clients put an object (``network``)."""
        try:
            value = json.loads(text) if not is_too_deep(text) else None
        except (ValueError, RecursionError):
            self.content.odd.note(NO_JSON, key)
            return []
        if value is None and text != "null":
            self.content.odd.note(TOO_DEEP, key)
            return []
        if not isinstance(value, dict):
            return [f"{json.dumps(key, ensure_ascii=False)}:{text}"]
        found: list[str] = []
        for label, node in value.items():
            found.extend(self._stat(f"{key}.{label}", dumps(node)))
        return found

    def _output_raw(self, output: Any, batch: Batch, is_line: bool = False) -> None:
        known = self._time(output.timestamp, "console")
        timestamp = self._now() if known is None else known / 1e9
        self._console(ConsoleChunk(output.output_type == 0, output.line, timestamp, is_line), batch)
        self.content.last_timestamp = timestamp

    def _output(self, output: Any, batch: Batch) -> None:
        self._output_raw(output, batch, is_line=True)

    def _output_logger(self, output: Any, batch: Batch) -> None:
        self._console(ConsoleChunk(False, output.line, self._now(), is_line=True), batch)

    def _now(self) -> float:
        """The best guess where a record has no time of its own."""
        return self.content.last_timestamp or self.content.run.start_time or 0.0

    def _time(self, timestamp: Any, what: str) -> int | None:
        """Nanoseconds since the epoch; None, and noted, where it is a time of no calendar."""
        nanoseconds = _nanoseconds(timestamp)
        if 0 <= nanoseconds < (LAST_SECOND + 1) * 1_000_000_000:
            return nanoseconds
        self.content.odd.note(NO_TIME, what)
        return None

    def _console(self, chunk: ConsoleChunk, batch: Batch) -> None:
        batch.console.append(chunk)
        self.content.console_chunks += 1

    def _files(self, files: Any, batch: Batch) -> None:
        for item in files.files:
            batch.files.append(FileEntry(item.path, POLICIES.get(item.policy, "now"), KINDS.get(item.type, "other")))

    def _alert(self, alert: Any, batch: Batch) -> None:
        batch.alerts.append(Alert(self._alerts, alert.title, alert.text, alert.level, alert.wait_duration))
        self._alerts += 1

    def _artifact(self, artifact: Any, batch: Batch) -> None:
        batch.artifacts.append(Artifact(self._artifacts, artifact.type, artifact.name, artifact))
        self._artifacts += 1

    def _link_artifact(self, link: Any, batch: Batch) -> None:
        if not (link.client_id or link.server_id):  # newer clients use the number for a record that says nothing
            return
        batch.links.append(
            ArtifactLink(
                self._links,
                link.client_id,
                link.server_id,
                link.portfolio_name,
                link.portfolio_entity,
                link.portfolio_project,
                tuple(link.portfolio_aliases),
            )
        )
        self._links += 1

    def _tbrecord(self, record: Any, batch: Batch) -> None:
        self.content.tensorboard_dirs.append(record.log_dir)

    def _preempting(self, record: Any, batch: Batch) -> None:
        batch.preempting = True

    def _exit(self, record: Any, batch: Batch) -> None:
        content = self.content
        content.exit_code = record.exit_code
        content.exit_runtime = record.runtime
        content.not_complete = record.not_complete


def writer_of(producer: str) -> str:
    """``runferry/0.1.0`` or ``0.31.0+15f8cbc…`` as a name and a version."""
    name, slash, version = producer.partition("/")
    if not slash:
        name, version = "wandb", producer
    return f"{name} {re.split('[+ ]', version)[0]}"


def _nanoseconds(timestamp: Any) -> int:
    return int(timestamp.seconds) * 1_000_000_000 + int(timestamp.nanos)


def _seconds(nanoseconds: int) -> float:
    """Seconds and their fraction added up, which rounds the last digit as the official client does."""
    sign = -1 if nanoseconds < 0 else 1
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return sign * (seconds + rest / 1e9)


def _merged(old: RunInfo, run: Any, start_ns: int | None) -> RunInfo:
    """Non-empty fields of a later record win; the start and whether it resumes are the first one's."""
    return RunInfo(
        run_id=run.run_id or old.run_id,
        entity=run.entity or old.entity,
        project=run.project or old.project,
        name=run.display_name or old.name,
        notes=run.notes or old.notes,
        tags=tuple(run.tags) or old.tags,
        group=run.run_group or old.group,
        job_type=run.job_type or old.job_type,
        sweep_id=run.sweep_id or old.sweep_id,
        host=run.host or old.host,
        start_time=None if start_ns is None else start_ns / 1e9,
        starting_step=run.starting_step or old.starting_step,
        resume=run.resume or old.resume,
        git_remote=run.git.remote_url or old.git_remote,
        git_commit=run.git.commit or old.git_commit,
    )


def _combined(old: MetricRule, new: MetricRule) -> MetricRule:
    return dataclasses.replace(
        old,
        step_metric=new.step_metric or old.step_metric,
        step_sync=new.step_sync or old.step_sync,
        hidden=new.hidden or old.hidden,
        defined=new.defined or old.defined,
        summary=tuple(rule for rule in RULES if rule in old.summary or rule in new.summary),
        goal=new.goal or old.goal,
        expanded=new.expanded and old.expanded,
    )


def environment_is_empty(content: RunContent) -> bool:
    """Whether no environment record was read: wandb before 0.19 wrote wandb-metadata.json itself."""
    return not content.environment.ListFields()
