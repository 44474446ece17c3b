"""The bar over a sync: what servers and runs are called is text, whatever it looks like."""

from __future__ import annotations

import io
import sys

import pytest

from runferry.cli.progress import BarView, LineView, make_view, print_results

EVIL = "[/bold][link=http://evil.invalid]\x1b[31m\n✓ forged\u202e"


class Terminal(io.StringIO):
    """Takes everything, or nothing once it hung up."""

    gone = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.gone:
            raise OSError(5, "Input/output error")
        return super().write(text)


def message(**run: object) -> dict[str, object]:
    about = {
        "path": f"/runs/{EVIL}", "run_id": EVIL, "name": EVIL, "state": "retrying", "rows": 5, "rows_acknowledged": 2,
        "rows_sent": 2, "bytes_read": 10, "bytes_total": 20, "files": 1, "url": EVIL, "server": EVIL, "held": EVIL,
        "error": {"title": EVIL, "message": EVIL, "todo": EVIL}, "damage": {"gaps": 1, "bytes": 5},
    }  # fmt: skip
    return {"runs": [{**about, **run}], "notices": [EVIL]}


def test_names_are_no_markup_and_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    view = make_view(quiet=False)
    assert isinstance(view, BarView)
    with view:
        view.show(message())
    said = terminal.getvalue()
    assert "\x1b[31m" not in said
    assert "\u202e" not in said
    assert "evil.invalid" in said
    assert "[/bold]" in said


def test_a_terminal_that_hangs_up_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    view = BarView()
    with view:
        view.show(message())
        terminal.gone = True
        view.show(message())


def test_a_closed_terminal_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(make_view(quiet=False), LineView)


def test_results_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([message()["runs"][0]], quiet=False)  # type: ignore[index]
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert err.count("\n") == 6  # four of the error, two of the damage
    assert "\x1b" not in out + err
