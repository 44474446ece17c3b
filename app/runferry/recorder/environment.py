"""What the run ran in: the environment record, and ``wandb-metadata.json`` with the same content.

Collected once, in `init`, from files and calls of this process. Arguments that look like secrets are masked before
they are written anywhere. Nothing of this is collected for a run that records metrics only.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Any, Mapping, Sequence

from runferry.recorder import git, machine
from runferry.recorder.settings import RunSettings
from runferry.wire.encoding import timestamp

# Patterns as text: compiling them costs milliseconds, and most scripts have no arguments to look at.
_HIDDEN_NAME = r"(?i)(pass(word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|credential|auth)s?\Z"
_HIDDEN_VALUE = (
    r"sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|local-[0-9a-f]{40}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+"
    r"|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])"
)
_URL_LOGIN = r"(://)[^/@\s]+@"
MASK = "***"


def mask(arguments: Sequence[str]) -> list[str]:
    """Command line arguments with what looks like a secret replaced: ``--api-key X``, ``token=X``, keys by shape."""
    out: list[str] = []
    hide_next = False
    for one in arguments:
        name, equals, _ = one.partition("=")
        if hide_next and not one.startswith("--"):
            out.append(MASK)
            hide_next = False
            continue
        secret = bool(re.search(_HIDDEN_NAME, name.lstrip("-")))
        hide_next = secret and not equals and one.startswith("-")
        shown = f"{name}={MASK}" if secret and equals else re.sub(_HIDDEN_VALUE, MASK, one)
        out.append(re.sub(_URL_LOGIN, rf"\1{MASK}@", shown))
    return out


def program() -> tuple[str, list[str]]:
    """The script (absolute, ``-m name``, or empty in a prompt or notebook) and its arguments, not masked yet."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    arguments = list(map(str, sys.argv[1:]))
    if spec is not None and getattr(spec, "name", None):
        name = spec.name[: -len(".__main__")] if spec.name.endswith(".__main__") else spec.name
        return f"-m {name}", arguments
    path = getattr(main, "__file__", None)
    if not path:
        return "", arguments if sys.argv[:1] == ["-c"] else []
    return os.path.abspath(path), arguments


def script_path() -> str:
    """The file of the main program, or empty."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(path) if path else ""


def collect(settings: RunSettings, started: float, writer_id: str) -> dict[str, Any]:
    """The environment record's message (field names of `wire.schema`)."""
    name, arguments = program()
    repository = None if settings.disable_git else git.find(os.path.dirname(script_path()) or os.getcwd())
    remote = settings.git_remote or (repository.remote if repository else "")
    commit = settings.git_commit or (repository.commit if repository else "")
    found: dict[str, Any] = {
        "os": machine.system_text(),
        "python": f"{sys.implementation.name.replace('cpython', 'CPython')} {sys.version.split()[0]}",
        "started_at": timestamp(started),
        "docker": settings.docker,
        "args": mask(settings.args or arguments),
        "program": settings.program or name,
        "root": repository.root if repository else os.getcwd(),
        "host": settings.host or machine.host_name(),
        "username": settings.username or machine.user_name(),
        "executable": sys.executable or "",
        "writer_id": writer_id,
        **machine.hardware(),
        "slurm": _slurm(os.environ),
    }
    if not settings.disable_git and (remote or commit):
        found["git"] = {"remote_url": git.without_credentials(remote), "commit": commit}
    if not settings.disable_code:
        found.update(_code_paths(found["root"]))
    return found


def _code_paths(root: str) -> dict[str, str]:
    path = script_path()
    return {"code_path": code_path(path, root), "code_path_local": code_path(path, os.getcwd())} if path else {}


def code_path(path: str, base: str) -> str:
    """Where `path` is below `base`, with slashes; the bare name when it is not below it."""
    try:
        relative = os.path.relpath(path, base)
    except ValueError:  # another drive
        relative = ".."
    return os.path.basename(path) if relative.startswith("..") else relative.replace(os.sep, "/")


def _slurm(environ: Mapping[str, str]) -> dict[str, str]:
    """Slurm's description of the job; its tokens are left out."""
    return {
        name[6:].lower(): value
        for name, value in environ.items()
        if name.startswith("SLURM_") and not re.search(_HIDDEN_NAME, name) and "JWT" not in name
    }


_RENAMED = {
    "started_at": "startedAt",
    "code_path": "codePath",
    "code_path_local": "codePathLocal",
    "writer_id": "writerId",
    "gpu_type": "gpu",
    "cuda_version": "cudaVersion",
}


def metadata(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``wandb-metadata.json``: the names and forms that W&B's files have (64-bit numbers as text)."""
    found: dict[str, Any] = {}
    for field, value in environment.items():
        if value in ("", None, {}, [], 0):
            continue
        found[_RENAMED.get(field, field)] = value
    started = environment["started_at"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started["seconds"]))
    found["startedAt"] = f"{moment}.{started['nanos'] // 1000:06d}Z"
    if "git" in found:
        pairs = (("remote", found["git"]["remote_url"]), ("commit", found["git"]["commit"]))
        found["git"] = {name: value for name, value in pairs if value}
    if "disk" in found:
        found["disk"] = {place: {k: str(v) for k, v in sizes.items()} for place, sizes in found["disk"].items()}
    if "memory" in found:
        found["memory"] = {"total": str(found["memory"]["total"])}
    if "cpu" in found:
        cpu = found["cpu"]
        found["cpu"] = {"count": cpu["count"], "countLogical": cpu["count_logical"], "model": cpu["model"]}
    if "gpu_nvidia" in found:
        found["gpu_nvidia"] = [
            {"name": one["name"], "uuid": one["uuid"], "pciBusId": one["pci_bus_id"]} for one in found["gpu_nvidia"]
        ]
    return found
