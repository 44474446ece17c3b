"""D-Bus services for a program of one thread: answers calls, sends signals, calls others, reads commands.

Commands come as lines on standard input; what happened goes to standard output, one JSON object per line. Never used
by the product.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import new_method_call

Answer = tuple[str, tuple[Any, ...]]  # signature and body
Method = Callable[..., Answer]
Property = Callable[[], tuple[str, Any]]
PATIENCE = 5.0


def say(event: str, **what: Any) -> None:
    """One line about what happened."""
    print(json.dumps({"event": event, **what}, default=str), flush=True)


def plain(value: Any) -> Any:
    """A D-Bus value without its variants' signatures and with short stand-ins for bytes."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and _is_signature(value[0]):
        return plain(value[1])
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def _is_signature(text: str) -> bool:
    return bool(text) and set(text) <= set("ybnqiuxtdsogvah(){}")


class Service:
    """What is offered on the session bus: methods and properties by (interface, member)."""

    def __init__(self) -> None:
        self.methods: dict[tuple[str, str], Method] = {}
        self.properties: dict[tuple[str, str], Property] = {}
        self.commands: dict[str, Callable[[str], None]] = {}
        self._connection = open_dbus_connection("SESSION")
        self._input = b""

    def own(self, name: str) -> None:
        """Take a name on the bus; fails where somebody has it."""
        (result,) = self._ask(message_bus.RequestName(name, 4))
        if result != 1:
            raise SystemExit(f"{name} is taken")

    def watch_names(self, told: Callable[[str], None]) -> None:
        """`told` gets each bus name that disappears."""
        from jeepney import MatchRule

        self._gone = told
        self._ask(
            message_bus.AddMatch(
                MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged").serialise()
            )
        )

    def signal(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> None:
        """Send a signal to everybody."""
        self._connection.send(new_signal(DBusAddress(path, interface=interface), member, signature, body))

    def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> tuple[Any, ...]:
        """Call somebody else's method; what comes in meanwhile is answered. RuntimeError where it fails."""
        address = DBusAddress(path, bus_name=name, interface=interface)
        return self._ask(new_method_call(address, member, signature, body))

    def run(self) -> None:
        """Answer until standard input ends or says ``quit``."""
        say("up")
        while True:
            self._drain()
            ready, _, _ = select.select([self._connection.sock, sys.stdin.fileno()], [], [])
            if sys.stdin.fileno() in ready and not self._read_commands():
                return

    # -- inside -------------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Handle everything that has come: what stays in the parser would not wake `select`."""
        while True:
            try:
                message = self._connection.receive(timeout=0)
            except TimeoutError:
                return
            self._handle(message)

    def _ask(self, message: Message) -> tuple[Any, ...]:
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial=serial)
        while True:
            answer = self._connection.receive(timeout=PATIENCE)
            if answer.header.fields.get(HeaderFields.reply_serial) != serial:
                self._handle(answer)
            elif answer.header.message_type is MessageType.error:
                raise RuntimeError(f"{answer.header.fields.get(HeaderFields.error_name)}: {answer.body}")
            else:
                body: tuple[Any, ...] = answer.body
                return body

    def _handle(self, message: Message) -> None:
        fields = message.header.fields
        member = str(fields.get(HeaderFields.member))
        if message.header.message_type is MessageType.signal and member == "NameOwnerChanged" and not message.body[2]:
            self._gone(message.body[0])
        if message.header.message_type is not MessageType.method_call:
            return
        interface = str(fields.get(HeaderFields.interface))
        try:
            signature, body = self._answer(interface, member, message.body, str(fields.get(HeaderFields.sender)))
        except KeyError:
            self._connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (member,)))
            return
        self._connection.send(new_method_return(message, signature or None, body))

    def _answer(self, interface: str, member: str, body: tuple[Any, ...], sender: str) -> Answer:
        if interface == "org.freedesktop.DBus.Properties":
            if member == "Get":
                return "v", (self.properties[(body[0], body[1])](),)
            found = {name: give() for (each, name), give in self.properties.items() if each == body[0]}
            return "a{sv}", (found,)
        method = self.methods[(interface, member)]
        return method(sender, *body)

    def _gone(self, name: str) -> None:
        """Nobody asked."""

    def _read_commands(self) -> bool:
        data = os.read(sys.stdin.fileno(), 65536)
        self._input += data
        *lines, self._input = self._input.split(b"\n")
        for line in lines:
            name, _, argument = line.decode().partition(" ")
            if name == "quit":
                return False
            try:
                self.commands[name](argument)
            except Exception as error:
                say("error", command=name, error=repr(error))
        return bool(data)
