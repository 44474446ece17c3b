"""`init` and the module's own functions: what ``import runferry`` gives a training script.

Imports next to nothing by itself: what a run needs is loaded by `init`. One run at a time stands behind the module's
functions; `init` ends the one before, as notebooks need it.
"""

from __future__ import annotations

# Known to type checkers; `typing` itself is two thirds of what importing this module would cost.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runferry.recorder.run import Run

_current: Run | None = None

_ARGUMENTS = [
    "project",
    "name",
    "config",
    "dir",
    "id",
    "entity",
    "group",
    "job_type",
    "tags",
    "notes",
    "mode",
    "resume",
    "settings",
    "save_code",
    "reinit",
    "config_include_keys",
    "config_exclude_keys",
    "allow_val_change",
]
# W&B's arguments that change nothing here: how a login is asked for, what is allowed without one.
_WITHOUT_EFFECT = frozenset(("force", "anonymous"))


def init(
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    dir: Any = None,
    id: str | None = None,
    entity: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    tags: Any = None,
    notes: str | None = None,
    mode: str | None = None,
    resume: bool | str | None = None,
    settings: Any = None,
    save_code: bool | None = None,
    reinit: bool | str | None = None,
    config_include_keys: list[str] | None = None,
    config_exclude_keys: list[str] | None = None,
    allow_val_change: bool | None = None,
    **unknown: Any,
) -> Run:
    """Begin a run; the arguments mean what they mean in ``wandb.init``.

    What is not given comes from RUNFERRY_* or WANDB_* variables, then from W&B's settings files. A run that is still
    open is finished first; ``reinit="return_previous"`` (or False) gives it back, ``"create_new"`` leaves it open.
    Raises UsageError for arguments that no run can have. Nothing that is called later raises.
    """
    from runferry.recorder import checks
    from runferry.recorder import settings as settings_module
    from runferry.recorder.start import begin

    unknown = {key: value for key, value in unknown.items() if key not in _WITHOUT_EFFECT}
    checks.unknown_arguments(unknown, _ARGUMENTS)
    previous = _current if _current is not None and _current.is_open else None
    if previous is not None and (reinit is False or reinit == "return_previous"):
        return previous
    arguments = {
        "project": project, "name": name, "root_dir": dir, "run_id": id, "entity": entity, "group": group,
        "job_type": job_type, "tags": tags, "notes": notes, "mode": mode, "resume": resume, "save_code": save_code,
    }  # fmt: skip
    found = settings_module.gather(arguments, settings)
    if previous is not None and reinit != "create_new":
        previous.finish()
    run = begin(found, config, config_include_keys, config_exclude_keys)
    if previous is None or reinit != "create_new":
        _set_current(run)
    return run


def _set_current(run: Run | None) -> None:
    global _current
    _current = run


def current() -> Run | None:
    """The run that the module's functions act on; None before `init` and after `finish`."""
    return _current if _current is not None and _current.is_usable else None


def _needed(what: str) -> Run:
    """The current run, or the last one (whose methods then warn). Raises UsageError before the first `init`."""
    if _current is None:
        from runferry.errors import UsageError

        raise UsageError(
            "no-run",
            "There is no run yet",
            f"runferry.{what} was used before runferry.init().",
            "Call runferry.init() first.",
        )
    return _current


def log(data: Any, step: int | None = None, commit: bool | None = None) -> None:
    """Record a row of metrics; see `Run.log`."""
    _needed("log()").log(data, step, commit)


def define_metric(name: str, *arguments: Any, **named: Any) -> Any:
    """How a metric is summarised and plotted; see `Run.define_metric`."""
    return _needed("define_metric()").define_metric(name, *arguments, **named)


def save(glob_str: Any = None, base_path: Any = None, policy: str = "live", glob: bool = True) -> bool | list[str]:
    """Send files along with the run; see `Run.save`."""
    return _needed("save()").save(glob_str, base_path, policy, glob)


def alert(title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """Notify people; see `Run.alert`."""
    _needed("alert()").alert(title, text, level, wait_duration)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the run, if there is one."""
    if _current is not None:
        _current.finish(exit_code, quiet)


class BeforeInit:
    """What `runferry.config` and `runferry.summary` are before `init`: every use says what is missing."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self) -> Any:
        return _needed(object.__getattribute__(self, "_name"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse()

    def __getitem__(self, key: Any) -> Any:
        return self._refuse()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._refuse()

    def __repr__(self) -> str:
        return f"<runferry.{object.__getattribute__(self, '_name')} before runferry.init()>"


def attribute(name: str) -> Any:
    """`runferry.run`, `runferry.config` and `runferry.summary`, which change with the run."""
    if name == "run":
        return current()
    if name in ("config", "summary"):
        return getattr(_current, name) if _current is not None else BeforeInit(name)
    if name == "Run":
        from runferry.recorder.run import Run

        return Run
    if name == "Settings":
        from runferry.recorder.settings import Settings

        return Settings
    raise AttributeError(f"module 'runferry' has no attribute {name!r}")
