"""Brings up a desktop: Xvfb, a session bus, openbox, a tray, notifications, a keyring; and takes it down again.

It has a home of its own and ends only what it started. Programs under test are processes with `environ`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from jeepney import Message
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from desktop.rig.part import Part, Talker, until

HERE = Path(__file__).resolve().parent
KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")
KEYRING_PASSWORD = b"the rig's own"


@dataclass(frozen=True)
class Wanted:
    """What a desktop has. tray: "sni" (D-Bus; no pixels), "xembed" (a real panel), or "none"."""

    tray: str = "sni"
    has_notifications: bool = True
    has_keyring: bool = True
    has_files: bool = True
    has_login: bool = True
    has_network: bool = False  # a NetworkManager; without one, GLib looks at this machine's network
    has_accessibility: bool = False
    size: tuple[int, int] = (1280, 800)


class Desktop:
    """One desktop. Use it in ``with``. `environ`: what a program needs in order to be on it."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.wanted = wanted or Wanted()
        self.environ: dict[str, str] = {}
        self.folder = Path()
        self._parts: list[Part] = []
        self._tray: Part | None = None

    def __enter__(self) -> Desktop:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    # -- what tests use -----------------------------------------------------------------------------------------------

    @property
    def home(self) -> Path:
        """The person's home folder."""
        return self.folder / "home"

    @property
    def tray(self) -> Talker:
        """The tray host without pixels, which takes `menu`, `click LABEL`, `activate`."""
        assert isinstance(self._tray, Talker), "the tray of this desktop is not one that takes commands"
        return self._tray

    @property
    def services(self) -> Talker:
        """Notifications, file manager and login service."""
        found = next(one for one in self._parts if one.name == "services")
        assert isinstance(found, Talker)
        return found

    def start_tray(self, kind: str = "") -> None:
        """A tray host appears."""
        assert self._tray is None
        kind = kind or self.wanted.tray
        if kind == "sni":
            part: Part = Talker("tray", _fake("tray"), self.environ, self.folder)
            self._tray = part.start()
            self.wait_for_name("org.kde.StatusNotifierWatcher")
        else:
            words = "--edge top --align right --widthtype request --height 28 --SetDockType true --expand true"
            self._tray = Part("trayer", ["trayer", *words.split()], self.environ, self.folder).start()
            until(self._has_tray_window, "the panel with the tray is there")

    def stop_tray(self) -> None:
        """The tray host goes; its name on the bus, too."""
        assert self._tray is not None
        self._tray.stop()
        self._tray = None

    def start(self, *command: str | os.PathLike[str], name: str = "", **environ: str) -> Part:
        """A program on this desktop; it is ended with it at the latest."""
        words = [str(one) for one in command]
        name = name or f"program-{len(self._parts)}"
        part = Part(name, words, {**self.environ, **environ}, self.folder)
        self._parts.append(part.start())
        return part

    def run(self, *command: str | os.PathLike[str], timeout: float = 30, **environ: str) -> str:
        """Run a program to its end; gives its standard output. AssertionError where it fails."""
        done = subprocess.run(
            [str(one) for one in command],
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
        )
        told = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {told}"
        return done.stdout.decode(errors="replace")

    def python(self, script: str, *arguments: str, timeout: float = 30, **environ: str) -> str:
        """Run a Python script with the product's interpreter on this desktop."""
        return self.run(sys.executable, "-c", script, *arguments, timeout=timeout, **environ)

    def screenshot(self, path: Path) -> Path:
        """A picture (PNG) of the whole display."""
        self.run("scrot", "--overwrite", "--silent", path)
        return path

    def call(self, message: Message) -> Message:
        """Ask something on the session bus."""
        with open_dbus_connection(self.environ["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            return connection.send_and_get_reply(message, timeout=5)

    def has_name(self, name: str) -> bool:
        """Whether somebody has this name on the session bus."""
        return bool(self.call(message_bus.NameHasOwner(name)).body[0])

    def wait_for_name(self, name: str) -> None:
        """Wait until somebody has this name on the session bus."""
        until(lambda: self.has_name(name), f"somebody offers {name}")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rf-desk-"))  # short: sockets are in it
        self.environ = _environment(self.folder)
        self._start_display()
        self._start_bus()
        self._add("openbox", ["openbox"])
        services = ["notifications"] * self.wanted.has_notifications
        services += ["files"] * self.wanted.has_files + ["login"] * self.wanted.has_login
        services += ["network"] * self.wanted.has_network
        talker = Talker("services", _fake(*services), self.environ, self.folder)
        self._parts.append(talker.start())
        if self.wanted.has_keyring:
            self._start_keyring()
        if self.wanted.has_accessibility:
            self._start_accessibility()
        if self.wanted.tray != "none":
            self.start_tray()
        talker.wait_for("up")
        until(self._has_window_manager, "openbox manages windows")

    def _stop(self) -> None:
        if self._tray is not None:
            self.stop_tray()
        for part in reversed(self._parts):
            part.stop()
        self._parts.clear()
        if self.folder.name.startswith("rf-desk-"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _add(self, name: str, command: list[str], given: bytes | None = None) -> Part:
        part = Part(name, command, self.environ, self.folder)
        self._parts.append(part.start(given))
        return part

    def _start_display(self) -> None:
        """Xvfb chooses a free number itself, so that desktops do not meet."""
        with _pipe() as (reading, writing):
            width, height = self.wanted.size
            command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24"]
            part = Part("Xvfb", [*command, "-nolisten", "tcp", "-noreset"], self.environ, self.folder)
            self._parts.append(part.start(b"", (writing,)))
            os.close(writing)
            number = _line(reading)
        assert number, f"Xvfb does not start: {part.text()}"
        self.environ["DISPLAY"] = f":{number}"

    def _start_bus(self) -> None:
        settings = self.folder / "bus.conf"
        text = (HERE / "bus.conf").read_text(encoding="utf-8")
        settings.write_text(text.replace("@FOLDER@", str(self.folder / "run")), encoding="utf-8")
        with _pipe() as (reading, writing):
            command = ["dbus-daemon", f"--config-file={settings}", "--nofork", "--nopidfile"]
            part = Part("dbus", [*command, f"--print-address={writing}"], self.environ, self.folder)
            self._parts.append(part.start(b"", (writing,)))
            os.close(writing)
            address = _line(reading)
        assert address, f"dbus-daemon does not start: {part.text()}"
        # One bus stands for both: what the product asks of the system is offered by the rig, never by this machine.
        self.environ |= {"DBUS_SESSION_BUS_ADDRESS": address, "DBUS_SYSTEM_BUS_ADDRESS": address}

    def _start_keyring(self) -> None:
        self._add(
            "keyring", ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"], KEYRING_PASSWORD
        )
        self.wait_for_name("org.freedesktop.secrets")

    def _start_accessibility(self) -> None:
        launcher = shutil.which("at-spi-bus-launcher") or "/usr/libexec/at-spi-bus-launcher"
        self.environ |= {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "QT_ACCESSIBILITY": "1"}
        self._add("at-spi", [launcher, "--launch-immediately", "--a11y=1"])
        self.wait_for_name("org.a11y.Bus")

    def _has_window_manager(self) -> bool:
        return "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")

    def _has_tray_window(self) -> bool:
        found = subprocess.run(["xdotool", "search", "--name", "^panel$"], env=self.environ, capture_output=True)
        return bool(found.stdout.strip())


def _fake(*parts: str) -> list[str]:
    return [sys.executable, str(HERE / "fake_desktop.py"), *parts]


def _line(reading: int) -> str:
    """One line, or what came before the writer ended; a program may write it in pieces."""
    told = b""
    while not told.endswith(b"\n") and (more := os.read(reading, 1000)):
        told += more
    return told.decode().strip()


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """Two ends of a pipe; the writing one is closed by whoever hands it on."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests: home, settings, proxies, certificates, keyring."""
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    for variable, name in (
        ("HOME", "home"),
        ("XDG_RUNTIME_DIR", "run"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_STATE_HOME", "state"),
    ):
        (folder / name).mkdir(mode=0o700)
        environ[variable] = str(folder / name)
    return {
        **environ,
        "RUNFERRY_HOME": str(folder / "runferry"),
        "LANG": "C.UTF-8",
        "XDG_SESSION_TYPE": "x11",
        "QT_QPA_PLATFORM": "xcb",
        "QT_FORCE_STDERR_LOGGING": "1",
        "PYTHONUNBUFFERED": "1",
    }
