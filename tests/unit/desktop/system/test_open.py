"""Opening folders and pages: which program is started, and what is said where it fails. A bus is in tests/desktop."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

import runferry.desktop
from runferry.desktop.system import open as opening
from runferry.desktop.system.open import Opener, copy_text, for_others
from runferry.errors import AppError

posix = pytest.mark.skipif(os.name != "posix", reason="needs Linux or macOS")


class Starter:
    """A program named xdg-open that keeps what it was asked."""

    def __init__(self, folder: Path, ending: str = "exit 0") -> None:
        self.told = folder / "told"
        self.folder = folder / "bin"
        self.folder.mkdir()
        script = self.folder / "xdg-open"
        script.write_text(f'#!/bin/sh\nprintf "%s|%s" "$$" "$1" > "{self.told}"\n{ending}\n', encoding="utf-8")
        script.chmod(0o755)

    @property
    def asked(self) -> str:
        return self.told.read_text(encoding="utf-8").partition("|")[2]

    @property
    def pid(self) -> int:
        return int(self.told.read_text(encoding="utf-8").partition("|")[0])


def opener(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> Opener:
    path = f"{starter.folder}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    return Opener(platform="linux")


@posix
def test_a_folder_a_file_and_a_page_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starter = Starter(tmp_path)
    made = opener(starter, monkeypatch)
    folder = tmp_path / "run ü 1"
    folder.mkdir()
    made.folder(folder)
    assert starter.asked == str(folder)
    made.in_folder(folder)  # nothing selects it: at least the place where it lies
    assert starter.asked == str(tmp_path)
    script = folder / "run.sh"
    script.touch()
    made.folder(script)  # never the file itself
    assert starter.asked == str(folder)
    made.web("https://wandb.company.com/team/p/runs/1?a=b&c=d")
    assert starter.asked == "https://wandb.company.com/team/p/runs/1?a=b&c=d"


@posix
@pytest.mark.parametrize(
    ("name", "mode", "platform", "is_shown"),
    [
        ("fit.txt", 0o644, "linux", False),
        ("train.py", 0o644, "linux", False),
        ("train.py", 0o755, "linux", True),
        ("x.desktop", 0o644, "linux", True),
        ("train.py", 0o644, "win32", True),
        ("x.EXE", 0o644, "win32", True),
    ],
)
def test_what_might_run_is_shown_in_its_folder_instead(
    name: str, mode: int, platform: str, is_shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, Path]] = []
    monkeypatch.setattr(Opener, "in_folder", lambda self, path: done.append(("shown", path)))
    monkeypatch.setattr(Opener, "_open", lambda self, what, named: done.append(("opened", Path(what))))
    path = tmp_path / name
    path.touch()
    path.chmod(mode)
    Opener(platform=platform).file(path)
    assert done == [("shown" if is_shown else "opened", path)]


def test_a_starter_that_fails_is_said_with_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = opener(Starter(tmp_path, "exit 3"), monkeypatch)
    with pytest.raises(AppError) as raised:
        made.web("https://wandb.company.com")
    assert raised.value.slug == "cannot-open"
    assert raised.value.message == "https://wandb.company.com: the system's starter ended with 3."


def test_a_system_without_a_starter_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AppError, match="xdg-open"):
        Opener(platform="linux").folder(tmp_path)


@posix
def test_a_starter_that_stays_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.2)
    starter = Starter(tmp_path, "exec sleep 600")
    made = opener(starter, monkeypatch)
    made.web("http://localhost:8470")
    assert [one.pid for one in made._busy] == [starter.pid]
    os.kill(starter.pid, signal.SIGKILL)
    made._busy[0].wait(10)
    made.close()
    assert made._busy == []


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    made = Opener()
    for open_it in (made.folder, made.in_folder):
        with pytest.raises(AppError) as raised:
            open_it(tmp_path / "gone")
        assert raised.value.slug == "not-there"


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "javascript:alert(1)", "wandb.company.com"])
def test_only_pages_are_opened(url: str) -> None:
    with pytest.raises(AppError) as raised:
        Opener().web(url)
    assert raised.value.slug == "not-a-page"


def test_text_is_copied(qapp: QGuiApplication) -> None:
    copy_text("https://wandb.company.com/ü")
    assert qapp.clipboard().text() == "https://wandb.company.com/ü"


def test_other_programs_do_not_get_a_frozen_apps_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/usr/lib", "QT_PLUGIN_PATH": "/bundle/qt", "A": "b"}
    assert for_others(own) == {"LD_LIBRARY_PATH": "/usr/lib", "QT_PLUGIN_PATH": "/bundle/qt", "A": "b"}
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert for_others(own) == {"LD_LIBRARY_PATH": "/usr/lib", "A": "b"}
    assert for_others({"LD_LIBRARY_PATH": "/bundle"}) == {}


def test_everything_is_opened_this_way() -> None:
    """Qt's own says nothing where it fails, and selects nothing in the file manager."""
    package = Path(runferry.desktop.__file__).parent
    assert [path.name for path in package.rglob("*.py") if "QDesktopServices" in path.read_text()] == []
