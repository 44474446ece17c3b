"""Begins a run: makes the folder and writes what a log starts with.

Runs once per `init`, before training. Anything wrong with arguments raises UsageError; anything wrong with disks is
told as a warning, and the run goes to the temporary directory, or nowhere. No process, thread or socket.
"""

from __future__ import annotations

import os
import time
from typing import Any, Mapping

from runferry.errors import UsageError
from runferry.recorder import environment, files, folder, git, machine, requirements, resume
from runferry.recorder.children import Part
from runferry.recorder.config import RunConfig, as_mapping
from runferry.recorder.faults import Faults, describe
from runferry.recorder.identity import run_record
from runferry.recorder.log_writer import LogWriter
from runferry.recorder.recording import Recording
from runferry.recorder.run import Parts, Run
from runferry.recorder.settings import RunSettings, wandb_dir
from runferry.recorder.terminal import say
from runferry.recorder.values import plain
from runferry.version import __version__
from runferry.wire.json_text import dumps

PRODUCER = f"runferry/{__version__}"
MIN_CONSUMER = "0.70.0"
MARKER_SCHEMA = 1
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


def random_id(length: int = 8) -> str:
    """Letters and digits of equal chance."""
    found = ""
    while len(found) < length:
        found += "".join(_ALPHABET[byte % 36] for byte in os.urandom(length) if byte < 252)
    return found[:length]


def begin(settings: RunSettings, config: Any, include: list[str] | None, exclude: list[str] | None) -> Run:
    """A run that is being recorded. Raises UsageError for a config or a resume that cannot be."""
    started = time.time()
    chosen = _chosen(as_mapping(config), include, exclude)
    faults = Faults(settings.silent)
    settings, earlier = _resumed(settings)
    marker = {} if settings.mode == "disabled" else _marker(settings, started)
    place, writer = _open(settings, started, faults, marker)
    if place is None:
        settings = settings._replace(mode="disabled")
    first_step = 0 if earlier is None or earlier.last_step is None else earlier.last_step + 1
    runtime = 0.0 if earlier is None else earlier.runtime or 0.0
    recording = Recording(writer, settings.run_id, started, faults, first_step, runtime)
    recording.metrics_only = settings.metrics_only
    state = RunConfig(lambda value: plain(value, faults, False), faults.note)
    for key, value in chosen.items():
        state.assign((key,), value)
    run = Run(Parts(settings, recording, state, faults, place, marker, earlier is not None, started))
    if place is not None:
        _write_beginning(run, recording, settings, place, started, faults)
    run.start()
    if place is not None and not settings.silent and not settings.quiet:
        say(f"recording run {settings.run_id} in {place.path}")
    return run


def begin_part(settings: RunSettings, beside: folder.RunFolder, part_of: str, known: Recording, faults: Faults) -> Part:
    """A folder and a log for a process that a run was handed to. Raises OSError.

    part_of: the name of the run's own folder. The run record only names the run: all else that there is to say of it
    stands in the run's own log.
    """
    now = time.time()
    settings = settings._replace(root_dir=os.path.dirname(beside.parent), console=False)
    marker = {**_marker(settings, now), "part_of": part_of}
    place, writer = _open(settings, now, faults, marker, is_latest=False)
    if place is None:
        raise OSError("there is no place for a log")
    # A time of its own: by that logs of one run are told apart.
    recording = Recording(writer, settings.run_id, now, faults, known.step)
    recording.metrics_only = settings.metrics_only
    recording.know(known)
    recording.record("header", {"version_info": {"producer": PRODUCER, "min_consumer": MIN_CONSUMER}})
    named = RunSettings(run_id=settings.run_id, project=settings.project, entity=settings.entity)
    first = run_record(named, {}, now, "", known.step, True)
    recording.record("run", first)
    for rule in recording.rules.all():
        recording.record("metric", rule.record(False))
    return Part(recording, place, marker, first)


def _chosen(config: dict[str, Any], include: list[str] | None, exclude: list[str] | None) -> dict[str, Any]:
    if include and exclude:
        raise UsageError(
            "config-keys",
            "Two lists of config keys",
            "config_include_keys and config_exclude_keys were both given.",
            "Give one of them.",
        )
    return {
        key: value
        for key, value in config.items()
        if (not include or key in include) and (not exclude or key not in exclude)
    }


def _resumed(settings: RunSettings) -> tuple[RunSettings, resume.Earlier | None]:
    """The settings with an id, and what earlier folders of that id hold; None when this is a new run."""
    parent = wandb_dir(os.path.abspath(settings.root_dir or os.getcwd()))
    run_id = settings.run_id
    if not run_id and settings.resume == "auto":
        run_id = resume.remembered_id(parent)
    if not run_id or settings.mode == "disabled":
        return settings._replace(run_id=run_id or random_id()), None
    settings = settings._replace(run_id=run_id)
    logs = resume.logs_of(parent, run_id) if settings.resume else []
    if logs and settings.resume == "never":
        raise UsageError(
            "run-exists",
            "The run exists already",
            f"resume='never', and {os.path.dirname(logs[-1])} holds a run with id {run_id}.",
            "Choose another id, or resume='allow' to go on with it.",
        )
    return settings, resume.look_back(logs) if logs else None


def _open(
    settings: RunSettings, started: float, faults: Faults, marker: Mapping[str, Any], is_latest: bool = True
) -> tuple[folder.RunFolder | None, LogWriter | None]:
    """The folder and its open log: where wanted, else below the temporary directory, else none."""
    if settings.mode == "disabled":
        return None, None
    problem = ""
    for place in folder.places(settings.root_dir):
        try:
            made = folder.make(place, settings.run_id, started, is_latest)
            # The marker first: a log is never seen without it, so that nobody takes this run for the official client's.
            faults.guard("marker", lambda: folder.write_marker(made.marker, dict(marker)))  # noqa: B023 - called at once
            writer = LogWriter(made.log)
            writer.open()
        except OSError as error:
            problem = problem or f"cannot write to {wandb_dir(place)} ({describe(error)})"
            continue
        if problem:
            faults.note("folder-elsewhere", f"{problem}; the run is recorded in {made.path}")
        return made, writer
    faults.note("folder-none", f"{problem}; nothing of this run is recorded")
    return None, None


def _marker(settings: RunSettings, started: float) -> dict[str, Any]:
    """The content of ``runferry.json``; see docs/format.md."""
    return {
        "schema": MARKER_SCHEMA,
        "writer": PRODUCER,
        "run_id": settings.run_id,
        **machine.identity(),
        "mode": settings.mode,
        "started_at": started,
        "cwd": os.getcwd(),
        "script": None if settings.disable_code or settings.metrics_only else environment.script_path() or None,
        "entity": settings.entity or None,
        "project": settings.project or None,
        "base_url": settings.base_url or None,
        "resume": settings.resume or None,
        "metrics_only": settings.metrics_only,
        "console": settings.console and not settings.metrics_only,
        "disable_code": settings.disable_code,
        "disable_git": settings.disable_git,
        "disable_stats": settings.disable_stats,
        "save_code": settings.save_code,
        "ignore_globs": list(settings.ignore_globs),
        "rank": {name: os.environ[name] for name in _RANKS if name in os.environ},
    }


def _write_beginning(
    run: Run,
    recording: Recording,
    settings: RunSettings,
    place: folder.RunFolder,
    started: float,
    faults: Faults,
) -> None:
    """Header, run, environment, telemetry and the first files, in wandb-core's order."""
    recording.record("header", {"version_info": {"producer": PRODUCER, "min_consumer": MIN_CONSUMER}})
    host = "" if settings.metrics_only else settings.host or machine.host_name()
    going_on = settings.resume in ("allow", "must") or (settings.resume == "auto" and run.resumed)
    first = run_record(settings, run.config, started, host, recording.step, going_on)
    run.wrote_run_record(first)
    recording.record("run", first)
    if not settings.metrics_only:
        faults.guard("environment", lambda: _write_environment(recording, settings, place, started))
        faults.guard("requirements", lambda: _write_requirements(recording, settings, place))
    if settings.save_code and not settings.disable_code and not settings.metrics_only:
        faults.guard("code", lambda: run.own_files.add(_save_code(recording, settings, place)))
    if settings.resume == "auto":
        faults.guard("resume-note", lambda: resume.remember_id(place.parent, settings.run_id))
    run.write_files()


def _write_environment(recording: Recording, settings: RunSettings, place: folder.RunFolder, started: float) -> None:
    found = environment.collect(settings, started, _writer_id())
    recording.record("environment", found)
    recording.record("telemetry", {"python_version": found["python"].split()[-1], "platform": machine.platform_tag()})
    text = dumps(environment.metadata(found))
    folder.write_text(os.path.join(place.files, "wandb-metadata.json"), text + "\n")


def _write_requirements(recording: Recording, settings: RunSettings, place: folder.RunFolder) -> None:
    name = "requirements.txt"
    if files.ignored(name, settings.ignore_globs):
        return
    folder.write_text(os.path.join(place.files, name), requirements.text(requirements.installed()))
    recording.record("files", {"files": [{"path": name, "policy": files.POLICIES["now"], "type": 1}]})


def _save_code(recording: Recording, settings: RunSettings, place: folder.RunFolder) -> str:
    """The main script under ``files/code/``, as it is now (a copy: it may be edited while the training runs).

    Gives its name; empty where there is none.
    """
    import shutil

    script = environment.script_path()
    if not script or not os.path.isfile(script):
        return ""
    repository = git.find(os.path.dirname(script))
    name = "code/" + environment.code_path(script, repository.root if repository else os.getcwd())
    if files.ignored(name, settings.ignore_globs):
        return ""
    target = os.path.join(place.files, *name.split("/"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(script, target)
    recording.record("files", {"files": [{"path": name, "policy": files.POLICIES["now"], "type": 1}]})
    return name


def _writer_id() -> str:
    text = os.urandom(16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
