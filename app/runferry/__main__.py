"""Starts the command line; says which extra to install where a part is missing."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the `runferry` command; gives its exit code."""
    if sys.argv[1:] == ["--version"]:
        from runferry.cli.output import finish, set_up, tell
        from runferry.version import __version__

        set_up()
        tell(f"runferry {__version__}")  # the base install can say at least this
        return finish(0, is_answer=True)
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
        from runferry import leaving
        from runferry.cli.main import run

        leaving.ours()
        try:
            return run(sys.argv[1:])
        finally:
            leaving.begin()  # Python waits for threads, too
    except KeyboardInterrupt:  # while it was still starting
        return 130
    except ModuleNotFoundError as error:  # each command imports what it needs when it starts
        if (error.name or "runferry").split(".")[0] == "runferry":  # not what an extra would bring: a bug
            raise
        return _missing(
            f"This is the recorder alone; the part that syncs needs {error.name}.", "pip install 'runferry[sync]'"
        )


def _missing(why: str, todo: str) -> int:
    from runferry.cli.output import warn

    warn("The commands are not installed", f"  {why}", f"  What to do: {todo}")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
