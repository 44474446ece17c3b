"""Help and exit codes: the same for all commands."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runferry.cli.main import run
from runferry.cli.parser import ANSWERS, COMMANDS, build_parser, documentation, module_of


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (found,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return dict(found.choices)


PARSERS = subparsers(build_parser())


def options() -> Iterator[tuple[str, argparse.Action]]:
    for name, parser in PARSERS.items():
        for action in parser._actions:
            yield name, action


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_can_be_typed_and_says_where_more_is(name: str) -> None:
    text = PARSERS[name].format_help()
    assert documentation() in text
    assert "Exit codes: 0" in text
    for example in module_of(name).EXAMPLES:
        assert example in text
        words = shlex.split(example, comments=True)
        build_parser((name,)).parse_args([one for one in words[1:] if one not in ("<", "key.txt")])


def test_defaults_are_shown() -> None:
    silent = [
        f"{name} {action.option_strings}"
        for name, action in options()
        if action.option_strings and action.nargs != 0 and action.help != argparse.SUPPRESS
        if not isinstance(action, argparse._HelpAction) and "default" not in (action.help or "")
    ]
    assert silent == []


def test_descriptions_keep_their_capitals() -> None:
    assert "Company CAs" in PARSERS["certificates"].format_help()


def test_what_works_can_be_quiet() -> None:
    quiet = {name for name, action in options() if "--quiet" in action.option_strings}
    assert quiet == COMMANDS.keys() - ANSWERS


def test_the_parser_is_built_without_running_anything() -> None:
    """For completion scripts and manual pages: nothing is asked, made or started by it."""
    code = "import threading, runferry.cli.parser as one; one.build_parser(); print(threading.active_count())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_strange_argument_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["sync", "--\x1b[31m\nforged"])
    assert "\x1b" not in "".join(capsys.readouterr())
