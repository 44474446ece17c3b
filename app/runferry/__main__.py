"""Starts the command line."""

from __future__ import annotations


def main() -> int:
    """Entry point of the `runferry` command."""
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
