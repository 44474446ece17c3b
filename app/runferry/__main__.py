"""Starts the command line; says which extra to install where a part is missing."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the `runferry` command; gives its exit code."""
    if sys.argv[1:] == ["--version"]:
        from runferry.version import __version__

        print(f"runferry {__version__}")  # noqa: T201 - the base install can say at least this
        return 0
    if sys.version_info < (3, 10):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return _missing(
            f"The recorder works on Python {version}; the commands need 3.10 or newer.",
            "with a newer Python: python3 -m pip install 'runferry[sync]'",
        )
    try:
        if sys.argv[1:] == ["--find-proxy"]:  # of `remote.pac`, to itself
            from runferry.remote import pac_script

            return pac_script.main()
        from runferry.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while it was still starting
        return 130
    except ModuleNotFoundError as error:  # each command imports what it needs when it starts
        if (error.name or "runferry").split(".")[0] == "runferry":  # not what an extra would bring: a bug
            raise
        return _missing(
            f"This is the recorder alone; the part that syncs needs {error.name}.", "pip install 'runferry[sync]'"
        )


def _missing(why: str, todo: str) -> int:
    sys.stderr.write(f"The commands are not installed\n  {why}\n  What to do: {todo}\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
