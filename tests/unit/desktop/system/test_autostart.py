"""Start at login: what each system is told, and what is read back from it. Windows' and macOS' parts with fakes."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.desktop.system.autostart import AutostartState, autostart, program
from runferry.desktop.system.autostart.launch_agent import LABEL, LaunchAgent
from runferry.desktop.system.autostart.run_key import APPROVED, RUN, RunKey
from runferry.desktop.system.autostart.state import Impossible
from runferry.desktop.system.autostart.xdg import XdgAutostart, join_exec, split_exec
from runferry.errors import AppError

posix = pytest.mark.skipif(os.name != "posix", reason="needs Linux or macOS")


@pytest.fixture
def runferry(tmp_path: Path) -> str:
    """A program, in a folder with a blank in its name."""
    made = tmp_path / "my programs" / "runferry"
    made.parent.mkdir()
    made.write_text("#!/bin/sh\n", encoding="utf-8")
    made.chmod(0o755)
    return str(made)


# -- Linux ------------------------------------------------------------------------------------------------------------


class Xdg:
    """A person's and the system's autostart folders."""

    def __init__(self, folder: Path, command: str) -> None:
        self.own = folder / "config" / "autostart" / "runferry.desktop"
        self.shared = folder / "etc" / "autostart" / "runferry.desktop"
        environ = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_CONFIG_DIRS": str(folder / "etc"), "PATH": "/bin"}
        self.made = XdgAutostart((command, "--hidden"), {**environ, "XDG_CURRENT_DESKTOP": "ubuntu:GNOME"})
        self.command = command

    def write(self, *lines: str, shared: bool = False) -> AutostartState:
        """An entry that somebody wrote, and what is made of it."""
        path = self.shared if shared else self.own
        path.parent.mkdir(parents=True, exist_ok=True)
        text = ["[Desktop Entry]", "Type=Application", "Name=Runferry", *lines]
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return self.made.state()

    @property
    def line(self) -> str:
        return f"Exec={join_exec([self.command, '--hidden'])}"


@pytest.fixture
def xdg(tmp_path: Path, runferry: str) -> Xdg:
    return Xdg(tmp_path, runferry)


@posix
def test_it_is_off_then_on_then_off(xdg: Xdg) -> None:
    assert xdg.made.state() == AutostartState(False)
    xdg.made.enable()
    assert xdg.made.state() == AutostartState(True, str(xdg.own))
    assert f'Exec="{xdg.command}" --hidden\n' in xdg.own.read_text(encoding="utf-8")
    xdg.made.disable()
    assert xdg.made.state() == AutostartState(False)
    assert not xdg.own.exists()
    xdg.made.disable()


@posix
@pytest.mark.parametrize(
    ("lines", "is_on", "note"),
    [
        (["{exec}"], True, ""),
        (["{exec}", "Hidden=false", "X-GNOME-Autostart-enabled=true"], True, ""),
        (["{exec}", "Hidden=true"], False, ""),
        (["{exec}", "X-GNOME-Autostart-enabled=false"], False, "switched off in the desktop's settings"),
        (["Exec=/gone/runferry --hidden"], False, "It would start /gone/runferry, which is not there."),
        (["Exec=no-such-program-anywhere"], False, "no-such-program-anywhere"),
        (["Exec=sh -c runferry"], True, "another copy: sh"),
        (["{exec}", "TryExec=/gone/too"], False, "/gone/too"),
        ([], False, "names no program"),
        (['Exec="unfinished'], False, "names no program"),
        (["{exec}", "OnlyShowIn=KDE;XFCE;"], False, "not meant for this desktop"),
        (["{exec}", "OnlyShowIn=GNOME;"], True, ""),
        (["{exec}", "NotShowIn=GNOME;"], False, "not meant for this desktop"),
    ],
)
def test_what_somebody_wrote_is_read_as_the_desktop_does(xdg: Xdg, lines: list[str], is_on: bool, note: str) -> None:
    found = xdg.write(*(one.replace("{exec}", xdg.line) for one in lines))
    assert (found.is_on, found.where) == (is_on, str(xdg.own))
    assert note in found.note


@posix
@pytest.mark.parametrize("text", ["", "no entry at all", "\x00\xff", "[Desktop Action x]\nExec=sh\n"])
def test_a_file_that_is_no_entry_is_said_to_be_none(xdg: Xdg, text: str) -> None:
    xdg.own.parent.mkdir(parents=True)
    xdg.own.write_bytes(text.encode("latin-1"))
    assert xdg.made.state().note == "The file is no desktop entry."


@posix
def test_a_packages_entry_counts_and_is_hidden_by_an_own_one(xdg: Xdg) -> None:
    assert xdg.write(xdg.line, shared=True) == AutostartState(True, str(xdg.shared))
    xdg.made.disable()
    assert xdg.made.state() == AutostartState(False, str(xdg.own))
    assert xdg.shared.exists()
    xdg.made.enable()
    assert xdg.made.state() == AutostartState(True, str(xdg.own))


@posix
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, runferry: str) -> None:
    (tmp_path / "config").write_text("a file", encoding="utf-8")
    made = Xdg(tmp_path, runferry).made
    with pytest.raises(AppError) as raised:
        made.enable()
    assert raised.value.slug == "autostart-failed"
    assert "cannot be written" in raised.value.message


word = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=12)


@given(st.lists(word, min_size=1, max_size=4))
def test_every_command_survives_the_way_into_the_file_and_back(words: list[str]) -> None:
    assert split_exec(join_exec(words)) == words


def test_field_codes_are_no_words() -> None:
    assert split_exec("runferry %U --at 50%% %f") == ["runferry", "--at", "50%"]


# -- macOS ------------------------------------------------------------------------------------------------------------


class Launchd:
    """In place of launchctl."""

    def __init__(self, told: str = "") -> None:
        self.told = told
        self.asked: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str]) -> str:
        self.asked.append(words)
        return self.told if words[0] == "print-disabled" else ""


@pytest.fixture
def agent(tmp_path: Path, runferry: str) -> Callable[[Launchd], LaunchAgent]:
    return lambda ask: LaunchAgent([runferry, "--hidden"], tmp_path, ask)


@posix
def test_an_agent_is_written_and_removed(
    agent: Callable[[Launchd], LaunchAgent], tmp_path: Path, runferry: str
) -> None:
    made = agent(Launchd())
    file = tmp_path / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    assert made.state() == AutostartState(False)
    made.enable()
    assert made.state() == AutostartState(True, str(file))
    written = plistlib.loads(file.read_bytes())
    assert (written["Label"], written["ProgramArguments"], written["RunAtLoad"]) == (
        LABEL,
        [runferry, "--hidden"],
        True,
    )
    made.disable()
    made.disable()
    assert made.state() == AutostartState(False)


@posix
@pytest.mark.parametrize("word", ["disabled", "true"])
def test_an_agent_that_the_system_switched_off_is_off(agent: Callable[[Launchd], LaunchAgent], word: str) -> None:
    launchd = Launchd(f'disabled services = {{\n\t"com.other" => enabled\n\t"{LABEL}" => {word}\n}}')
    made = agent(launchd)
    made.enable()
    assert [one[0] for one in launchd.asked] == ["print-disabled", "enable"]
    assert launchd.asked[1][1].endswith(f"/{LABEL}")
    assert not made.state().is_on
    assert "switched off" in made.state().note


@posix
@pytest.mark.parametrize(
    ("agent_written", "note"),
    [
        ({"RunAtLoad": True, "ProgramArguments": ["/gone"]}, "/gone"),
        ({"RunAtLoad": False, "ProgramArguments": ["/bin/sh"]}, "nothing at login"),
        ({"RunAtLoad": True}, "nothing at login"),
        ("no agent", "nothing at login"),
    ],
)
def test_an_agent_that_starts_nothing_is_off(
    agent: Callable[[Launchd], LaunchAgent], tmp_path: Path, agent_written: object, note: str
) -> None:
    file = tmp_path / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    file.parent.mkdir(parents=True)
    file.write_bytes(plistlib.dumps(agent_written))
    found = agent(Launchd()).state()
    assert not found.is_on
    assert note in found.note


# -- Windows ----------------------------------------------------------------------------------------------------------


class Values:
    """In place of the registry."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], object] = {}
        self.error: OSError | None = None

    def read(self, key: str, name: str) -> object:
        self._fail()
        return self.kept.get((key, name))

    def write(self, key: str, name: str, text: str) -> None:
        self._fail()
        self.kept[(key, name)] = text

    def remove(self, key: str, name: str) -> None:
        self._fail()
        self.kept.pop((key, name), None)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


def test_the_run_key_is_set_and_removed(runferry: str) -> None:
    values = Values()
    made = RunKey([runferry, "--hidden"], values)
    assert made.state() == AutostartState(False)
    made.enable()
    assert values.kept[(RUN, "Runferry")] == f'"{runferry}" --hidden'
    assert made.state().is_on
    made.disable()
    assert values.kept == {}


@pytest.mark.parametrize(("first", "is_on"), [(2, True), (6, True), (3, False), (7, False)])
def test_what_task_manager_says_counts_until_it_is_switched_on_here(runferry: str, first: int, is_on: bool) -> None:
    values = Values()
    made = RunKey([runferry, "--hidden"], values)
    made.enable()
    values.kept[(APPROVED, "Runferry")] = bytes([first] + [0] * 11)
    assert made.state().is_on is is_on
    made.enable()
    assert made.state().is_on


def test_a_run_key_for_a_program_that_is_gone_is_off() -> None:
    values = Values()
    values.kept[(RUN, "Runferry")] = r"C:\gone\runferry.exe --hidden"
    assert "gone" in RunKey(["x"], values).state().note


def test_a_registry_that_fails_is_said(runferry: str) -> None:
    values = Values()
    values.error = PermissionError("Access is denied")
    made = RunKey([runferry], values)
    assert made.state() == AutostartState(False, made.state().where, "Access is denied", can_change=False)
    for change in (made.enable, made.disable):
        with pytest.raises(AppError, match="Access is denied"):
            change()


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_the_registry_of_this_windows_is_read() -> None:
    assert autostart().state().can_change


# -- which ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environ", [{"FLATPAK_ID": "org.example"}, {"SNAP_NAME": "runferry"}])
def test_a_sandbox_says_why_not(environ: dict[str, str]) -> None:
    made = autostart(environ)
    assert isinstance(made, Impossible)
    assert not made.state().can_change
    assert "Flatpak" in made.state().note
    for change in (made.enable, made.disable):
        with pytest.raises(AppError, match="Flatpak"):
            change()


@posix
def test_each_system_has_its_way(tmp_path: Path) -> None:
    assert isinstance(autostart({"HOME": str(tmp_path), "SNAP_NAME": "code"}, "linux"), XdgAutostart)
    assert isinstance(autostart({"HOME": str(tmp_path)}, "darwin"), LaunchAgent)


def test_the_program_is_absolute_and_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Path(program({})[0]).is_absolute()
    assert Path(program({})[0]).exists()
    image = tmp_path / "Runferry.AppImage"
    assert program({"APPIMAGE": str(image)}) == (str(image),)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program({}) == (sys.executable,)
    monkeypatch.delattr(sys, "frozen")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    assert program({}) == (str(tmp_path / "python3"), "-m", "runferry")
