"""Starts the command line; says which extra to install where a part is missing."""

from __future__ import annotations

import sys

_EXTRA_MODULES = {
    "filelock", "google", "graphql", "httptools", "keyring", "orjson", "platformdirs", "psutil", "requests", "rich",
    "starlette", "truststore", "uvicorn", "watchdog",
}  # fmt: skip


def main() -> int:
    """Entry point of the `runferry` command; gives its exit code."""
    if sys.argv[1:] == ["--version"]:
        from runferry.version import __version__

        print(f"runferry {__version__}")  # noqa: T201 - the base install can say at least this
        return 0
    try:
        from runferry.cli.main import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRA_MODULES or sys.version_info < (3, 10):
            raise
        sys.stderr.write(
            "The commands are not installed\n"
            f"  This is the recorder alone; the part that syncs needs {error.name}.\n"
            "  What to do: pip install 'runferry[sync]'\n"
        )
        return 2
    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
