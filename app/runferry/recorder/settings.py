"""What holds for one run: arguments of `init`, then RUNFERRY_*, then WANDB_* variables, then W&B's settings files.

Reads only; nothing is created. Wrong values raise UsageError here, before training starts, and never later.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, NamedTuple

from runferry.errors import UsageError
from runferry.recorder import checks

MODES = {"online": "online", "run": "online", "shared": "online", "offline": "offline", "dryrun": "dryrun"}
RESUMES = ("allow", "must", "never", "auto")
CONSOLES_OFF = frozenset(("off", "false", "0", "no"))


class RunSettings(NamedTuple):
    """The settings of one run. Empty text means "not given"; `ignore_globs` are patterns of run file names."""

    mode: str = "online"
    root_dir: str = ""
    project: str = ""
    entity: str = ""
    run_id: str = ""
    name: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    job_type: str = ""
    resume: str = ""
    base_url: str = ""
    sweep_id: str = ""
    console: bool = True
    silent: bool = False
    quiet: bool = False
    metrics_only: bool = False
    disable_code: bool = False
    disable_git: bool = False
    disable_stats: bool = False
    save_code: bool | None = None
    symlink: bool = True
    ignore_globs: tuple[str, ...] = ()
    program: str = ""
    args: tuple[str, ...] = ()
    host: str = ""
    username: str = ""
    docker: str = ""
    git_remote: str = ""
    git_commit: str = ""


def _flag(text: Any) -> bool:
    return text if isinstance(text, bool) else str(text).strip().lower() in ("1", "true", "t", "yes", "y", "on")


def _list(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    return tuple(str(one) for one in value)


def _tags(value: Any) -> tuple[str, ...]:
    # A single text as the argument is one tag; from a variable it is a comma list, split by the caller.
    return tuple(dict.fromkeys((value,) if isinstance(value, str) else map(str, value))) if value else ()


def _json_list(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        return tuple(map(str, value))
    import json

    try:
        return tuple(map(str, json.loads(value)))
    except (TypeError, ValueError):
        return tuple(value.split())


def _console(value: Any) -> bool:
    return str(value).strip().lower() not in CONSOLES_OFF


# field: (names in a settings file or dict, variable suffixes, how text is read)
_Reader = Callable[[Any], Any]
_FIELDS: dict[str, tuple[tuple[str, ...], str, _Reader]] = {
    "mode": (("mode",), "MODE", str),
    "root_dir": (("root_dir",), "DIR", os.fspath),
    "project": (("project",), "PROJECT", str),
    "entity": (("entity",), "ENTITY", str),
    "run_id": (("run_id",), "RUN_ID", str),
    "name": (("run_name",), "NAME", str),
    "notes": (("run_notes",), "NOTES", str),
    "tags": (("run_tags",), "TAGS", _list),
    "group": (("run_group",), "RUN_GROUP", str),
    "job_type": (("run_job_type",), "JOB_TYPE", str),
    "resume": (("resume",), "RESUME", str),
    "base_url": (("base_url",), "BASE_URL", str),
    "sweep_id": (("sweep_id",), "SWEEP_ID", str),
    "console": (("console",), "CONSOLE", _console),
    "silent": (("silent",), "SILENT", _flag),
    "quiet": (("quiet",), "QUIET", _flag),
    "metrics_only": (("metrics_only",), "METRICS_ONLY", _flag),
    "disable_code": (("disable_code",), "DISABLE_CODE", _flag),
    "disable_git": (("disable_git",), "DISABLE_GIT", _flag),
    "disable_stats": (("x_disable_stats", "_disable_stats"), "X_DISABLE_STATS _DISABLE_STATS", _flag),
    "save_code": (("save_code",), "SAVE_CODE", _flag),
    "symlink": (("symlink",), "SYMLINK", _flag),
    "ignore_globs": (("ignore_globs",), "IGNORE_GLOBS", _list),
    "program": (("program",), "PROGRAM", str),
    "args": (("args", "program_args"), "ARGS", _json_list),
    "host": (("host",), "HOST", str),
    "username": (("username",), "USERNAME", str),
    "docker": (("docker",), "DOCKER", str),
    "git_remote": (("git_remote_url",), "GIT_REMOTE_URL", str),
    "git_commit": (("git_commit",), "GIT_COMMIT", str),
}
_FILE_FIELDS = {name: field for field, (names, _, _) in _FIELDS.items() for name in names}


class Settings(Dict[str, Any]):
    """W&B's settings by name, as an object for `init(settings=…)`: ``Settings(run_name="x", console="off")``."""

    def __init__(self, **items: Any) -> None:
        super().__init__(items)


def gather(arguments: Mapping[str, Any], settings: Any = None, environ: Mapping[str, str] | None = None) -> RunSettings:
    """The settings in force. `arguments`: fields of RunSettings given to `init`, None where not given.

    Raises UsageError for values that no run can have.
    """
    environ = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    variables = _from_variables(environ)
    given = _from_object(settings)
    direct = {field: value for field, value in arguments.items() if value is not None}
    if "tags" in direct:
        direct["tags"] = _tags(direct["tags"])
    root = str({**variables, **given, **direct}.get("root_dir") or os.getcwd())
    for layer in (*_settings_files(root, environ), variables, given, direct):
        found.update(layer)
    return _checked(found)


def _checked(found: dict[str, Any]) -> RunSettings:
    found["mode"] = checks.mode(found.get("mode") or "online", MODES)
    found["resume"] = checks.resume(found.get("resume"), RESUMES)
    for field in ("project", "entity", "run_id", "name", "notes", "group", "job_type"):
        found[field] = checks.text(field, found.get(field) or "")
    checks.project(found["project"])
    checks.run_id(found["run_id"])
    found["tags"] = checks.tags(found.get("tags") or ())
    found["root_dir"] = os.path.expanduser(os.fspath(found.get("root_dir") or ""))
    return RunSettings(**found)


def _from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for field, (_, suffixes, read) in _FIELDS.items():
        for name in [prefix + one for one in suffixes.split() for prefix in ("RUNFERRY_", "WANDB_")]:
            text = environ.get(name)
            if text:  # W&B, too, takes an empty variable for one that is not set
                found[field] = read(text)
                break
    return found


def _from_object(settings: Any) -> dict[str, Any]:
    if settings is None:
        return {}
    items = settings if isinstance(settings, Mapping) else getattr(settings, "__dict__", None)
    if items is None:
        raise UsageError(
            "settings-unusable",
            "The settings cannot be used",
            f"settings is a {type(settings).__name__}; a dict or runferry.Settings(…) is wanted.",
            "Pass for example settings={'console': 'off'}.",
        )
    known = {_FILE_FIELDS[name]: value for name, value in items.items() if name in _FILE_FIELDS and value is not None}
    return {field: _FIELDS[field][2](value) for field, value in known.items()}


def _settings_files(root: str, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """W&B's settings files: the person's, then the directory's, which wins."""
    own = environ.get("WANDB_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".config", "wandb")
    places = [os.path.join(own, "settings"), os.path.join(wandb_dir(root), "settings")]
    return [_from_object(read_settings_file(path)) for path in places]


def read_settings_file(path: str) -> dict[str, str]:
    """The ``[default]`` section of one of W&B's INI files; empty when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(1_000_000).splitlines()
    except OSError:
        return {}
    found = {}
    section = "default"
    for line in lines:
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().lower()
        elif section == "default" and line and line[0] not in "#;":
            cut = min((line.find(mark) for mark in "=:" if mark in line), default=-1)
            if cut > 0:
                found[line[:cut].strip().lower()] = line[cut + 1 :].strip()
    return {name: value for name, value in found.items() if value}


def wandb_dir(root: str) -> str:
    """The directory below `root` that holds run folders: ``.wandb`` where there is one, else ``wandb``."""
    hidden = os.path.join(root, ".wandb")
    return hidden if os.path.isdir(hidden) else os.path.join(root, "wandb")
