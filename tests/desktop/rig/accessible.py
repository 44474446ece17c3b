"""What a screen reader sees of a program, and what it can do with it: the accessibility bus (AT-SPI), without pixels.

Each question is a call to the program under test. Never used by the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from desktop.rig.desktop import Desktop
from desktop.rig.part import until

REGISTRY = "org.a11y.atspi.Registry"
ROOT = "/org/a11y/atspi/accessible/root"
SPI = "org.a11y.atspi."
STATES = {1: "active", 4: "checked", 8: "enabled", 12: "focused", 24: "sensitive", 25: "showing", 30: "visible"}
TIMEOUT = 10.0


class Gone(Exception):
    """The element does not exist any more, or has no such side."""


@dataclass(frozen=True)
class Element:
    """One thing on the screen: a window, a button, a cell."""

    eyes: Eyes
    bus_name: str
    path: str

    @property
    def name(self) -> str:
        """What a screen reader says."""
        return str(self.eyes.read(self, "Accessible", "Name"))

    @property
    def description(self) -> str:
        """What it says besides."""
        return str(self.eyes.read(self, "Accessible", "Description"))

    @property
    def role(self) -> str:
        """``push button``, ``table cell``, …"""
        return str(self.eyes.call(self, "Accessible", "GetRoleName")[0])

    @property
    def states(self) -> set[str]:
        """Those of `STATES` that hold."""
        low, high = self.eyes.call(self, "Accessible", "GetState")[0]
        bits = low | high << 32
        return {name for number, name in STATES.items() if bits >> number & 1}

    @property
    def children(self) -> list[Element]:
        """What is in it."""
        (found,) = self.eyes.call(self, "Accessible", "GetChildren")
        return [Element(self.eyes, *one) for one in found]

    @property
    def text(self) -> str:
        """What is written in it."""
        return str(self.eyes.call(self, "Text", "GetText", "ii", 0, -1)[0])

    @property
    def value(self) -> float:
        """Of a progress bar, a slider, a spin box."""
        return float(self.eyes.read(self, "Value", "CurrentValue"))

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Left, top, width, height on the display, in pixels."""
        x, y, width, height = self.eyes.call(self, "Component", "GetExtents", "u", 0)[0]
        return x, y, width, height

    def write(self, text: str) -> None:
        """Replace what is written in it."""
        assert self.eyes.call(self, "EditableText", "SetTextContents", "s", text)[0], f"{self} takes no text"

    def press(self, action: str = "Press") -> None:
        """Do what a click does."""
        names = [one[0] for one in self.eyes.call(self, "Action", "GetActions")[0]]
        assert action in names, f"{self.name!r} offers {names}"
        assert self.eyes.call(self, "Action", "DoAction", "i", names.index(action))[0]

    def walk(self) -> Iterator[Element]:
        """It and everything in it."""
        yield self
        try:
            inside = self.children
        except Gone:
            return
        for one in inside:
            yield from one.walk()

    def find(self, name: str, role: str = "", timeout: float = 20.0) -> Element:
        """The first element in it that is visible and has this name (and role); waits for it."""

        def seen() -> Element | None:
            for one in self.walk():
                try:
                    if one.name == name and (not role or one.role == role) and "showing" in one.states:
                        return one
                except Gone:
                    continue
            return None

        found: Element = until(seen, f"{role or 'something'} named {name!r} is seen", timeout)
        return found

    def outline(self, depth: int = 0) -> str:
        """Roles and names, for people who look for what went wrong."""
        try:
            lines = [f"{'  ' * depth}{self.role}: {self.name!r}"]
            lines += [one.outline(depth + 1) for one in self.children]
        except Gone:
            return "  " * depth + "(gone)"
        return "\n".join(lines)


class Eyes:
    """A connection to the accessibility bus of a desktop that has one. Use it in ``with``."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._connection: DBusConnection | None = None

    def __enter__(self) -> Eyes:
        assert self._desktop.wanted.has_accessibility, "this desktop has no accessibility bus"
        asked = new_method_call(
            DBusAddress("/org/a11y/bus", bus_name="org.a11y.Bus", interface="org.a11y.Bus"), "GetAddress"
        )
        self._connection = open_dbus_connection(str(self._desktop.call(asked).body[0]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def program(self, pid: int) -> Element:
        """The program with this process id; waits until it is on the bus."""
        registry = Element(self, REGISTRY, ROOT)

        def found() -> Element | None:
            return next((one for one in registry.children if self._pid(one.bus_name) == pid), None)

        element: Element = until(found, f"process {pid} is on the accessibility bus")
        return element

    def read(self, element: Element, interface: str, name: str) -> Any:
        """A property."""
        address = DBusAddress(element.path, element.bus_name, "org.freedesktop.DBus.Properties")
        (_, value) = self._ask(new_method_call(address, "Get", "ss", (SPI + interface, name)))[0]
        return value

    def call(self, element: Element, interface: str, member: str, signature: str = "", *body: Any) -> tuple[Any, ...]:
        """A method's answer."""
        address = DBusAddress(element.path, element.bus_name, SPI + interface)
        return self._ask(new_method_call(address, member, signature or None, body))

    def _ask(self, message: Any) -> tuple[Any, ...]:
        assert self._connection is not None
        answer = self._connection.send_and_get_reply(message, timeout=TIMEOUT)
        if answer.header.message_type is MessageType.error:
            raise Gone(answer.body)
        body: tuple[Any, ...] = answer.body
        return body

    def _pid(self, bus_name: str) -> int | None:
        try:
            return int(self._ask(message_bus.GetConnectionUnixProcessID(bus_name))[0])
        except Gone:
            return None
