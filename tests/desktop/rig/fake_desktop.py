"""A tray host, a notification daemon, a file manager and a login service without pixels.

    python fake_desktop.py [tray] [notifications] [files] [login] [network]

Each writes what it is told as JSON lines. Commands on standard input: ``menu`` (what the tray icon's menu holds),
``click LABEL``, ``activate``, ``properties``, ``press ID [ACTION]`` (a button of a notification), ``sleep``, ``wake``,
``network online|metered|offline``, ``quit``. Never used by the product.
"""

from __future__ import annotations

import sys
from typing import Any

from bus_service import Answer, Service, plain, say

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
NOTES = "org.freedesktop.Notifications"
FILES = "org.freedesktop.FileManager1"
NETWORKS = {"online": (70, 4, 2), "metered": (70, 4, 1), "offline": (20, 1, 2)}  # state, connectivity, metered
MANAGER = "org.freedesktop.NetworkManager"
LOGIN = "org.freedesktop.login1"


class Tray:
    """A StatusNotifier watcher and host: what KDE and GNOME's extension have."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._items: list[tuple[str, str]] = []  # bus name, path
        service.methods[(WATCHER, "RegisterStatusNotifierItem")] = self._register
        service.methods[(WATCHER, "RegisterStatusNotifierHost")] = lambda *_: ("", ())
        service.properties[(WATCHER, "RegisteredStatusNotifierItems")] = lambda: ("as", [a + b for a, b in self._items])
        service.properties[(WATCHER, "IsStatusNotifierHostRegistered")] = lambda: ("b", True)
        service.properties[(WATCHER, "ProtocolVersion")] = lambda: ("i", 0)
        service.commands |= {
            "menu": lambda _: say("menu", items=[one for _, one in self._menu()]),
            "click": self._click,
            "activate": lambda _: self._activate(),
            "properties": lambda _: say("properties", values=self._read()),
        }
        service.watch_names(self._gone)
        service.own(WATCHER)
        service.own("org.kde.StatusNotifierHost-1")
        service.signal("/StatusNotifierWatcher", WATCHER, "StatusNotifierHostRegistered")

    def _register(self, sender: str, named: str) -> Answer:
        item = (sender, named) if named.startswith("/") else (named, "/StatusNotifierItem")
        if item not in self._items:
            self._items.append(item)
        say("item", name=item[0], properties=None)
        self._service.signal("/StatusNotifierWatcher", WATCHER, "StatusNotifierItemRegistered", "s", "".join(item))
        return "", ()

    def _gone(self, name: str) -> None:
        for item in [one for one in self._items if one[0] == name]:
            self._items.remove(item)
            say("item-gone", name=name)
            path = "/StatusNotifierWatcher"
            self._service.signal(path, WATCHER, "StatusNotifierItemUnregistered", "s", "".join(item))

    def _read(self) -> dict[str, Any]:
        name, path = self._items[-1]
        (found,) = self._service.call(name, path, "org.freedesktop.DBus.Properties", "GetAll", "s", ITEM)
        values: dict[str, Any] = plain(found)
        return values

    def _menu(self) -> list[tuple[int, dict[str, Any]]]:
        """Every entry with its id, submenus in place; a text is without its mnemonic."""
        name, _ = self._items[-1]
        path = str(self._read().get("Menu", "/MenuBar"))
        self._service.call(name, path, MENU, "AboutToShow", "i", 0)
        _, root = self._service.call(name, path, MENU, "GetLayout", "iias", 0, -1, [])
        found: list[tuple[int, dict[str, Any]]] = []

        def walk(node: Any, depth: int) -> None:
            number, properties, children = node
            if depth:
                values = {key: plain(one) for key, one in properties.items()}
                values["label"] = str(values.get("label", "")).replace("_", "")
                found.append((number, {**values, "depth": depth}))
            for _, child in children:
                walk(child, depth + 1)

        walk(root, 0)
        return found

    def _click(self, label: str) -> None:
        number = next(number for number, one in self._menu() if one["label"] == label)
        name, _ = self._items[-1]
        path = str(self._read().get("Menu", "/MenuBar"))
        self._service.call(name, path, MENU, "Event", "isvu", number, "clicked", ("s", ""), 0)
        say("clicked", label=label)

    def _activate(self) -> None:
        name, path = self._items[-1]
        self._service.call(name, path, ITEM, "Activate", "ii", 0, 0)
        say("activated")


class Notes:
    """A notification daemon that shows nothing and remembers everything."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._last = 0
        service.methods[(NOTES, "GetCapabilities")] = lambda *_: ("as", (["body", "actions", "persistence"],))
        service.methods[(NOTES, "GetServerInformation")] = lambda *_: ("ssss", ("fake", "tests", "1", "1.2"))
        service.methods[(NOTES, "Notify")] = self._notify
        service.methods[(NOTES, "CloseNotification")] = self._close
        service.commands["press"] = self._press
        service.own(NOTES)

    def _notify(
        self,
        sender: str,
        app: str,
        replaced: int,
        icon: str,
        summary: str,
        body: str,
        actions: list[str],
        hints: dict[str, Any],
        timeout: int,
    ) -> Answer:
        if not replaced:
            self._last += 1
        number = replaced or self._last
        what = {"app": app, "icon": icon, "summary": summary, "body": body, "actions": actions, "timeout": timeout}
        say("notification", id=number, replaced=replaced, **what, hints=plain(hints))
        return "u", (number,)

    def _close(self, sender: str, number: int) -> Answer:
        say("notification-closed", id=number)
        return "", ()

    def _press(self, argument: str) -> None:
        number, _, action = argument.partition(" ")
        path = "/org/freedesktop/Notifications"
        self._service.signal(path, NOTES, "ActionInvoked", "us", int(number), action or "default")
        self._service.signal(path, NOTES, "NotificationClosed", "uu", int(number), 2)


class Files:
    """A file manager that only says what it was asked to show."""

    def __init__(self, service: Service) -> None:
        for member in ("ShowItems", "ShowFolders"):
            service.methods[(FILES, member)] = self._show(member)
        service.own(FILES)

    @staticmethod
    def _show(member: str) -> Any:
        def show(sender: str, addresses: list[str], token: str) -> Answer:
            say("files", member=member, addresses=addresses)
            return "", ()

        return show


class Login:
    """The part of logind that tells of sleep. The rig's bus stands for the system's as well."""

    def __init__(self, service: Service) -> None:
        def tell(is_going: bool) -> None:
            service.signal("/org/freedesktop/login1", f"{LOGIN}.Manager", "PrepareForSleep", "b", is_going)
            say("sleep" if is_going else "wake")

        service.commands["sleep"] = lambda _: tell(True)
        service.commands["wake"] = lambda _: tell(False)
        service.own(LOGIN)


class Network:
    """The part of NetworkManager that Qt asks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._word = "online"
        for name in ("State", "Connectivity", "Metered"):
            service.properties[(MANAGER, name)] = lambda name=name: self._values()[name]
        service.properties[(MANAGER, "PrimaryConnection")] = lambda: ("o", "/")
        service.commands["network"] = self._change
        service.own(MANAGER)

    def _values(self) -> dict[str, tuple[str, int]]:
        return {
            name: ("u", value)
            for name, value in zip(("State", "Connectivity", "Metered"), NETWORKS[self._word], strict=True)
        }

    def _change(self, word: str) -> None:
        self._word = word
        body = (MANAGER, self._values(), [])
        path = "/org/freedesktop/NetworkManager"
        self._service.signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", *body)
        say("network", word=word)


PARTS = {"network": Network, "tray": Tray, "notifications": Notes, "files": Files, "login": Login}

if __name__ == "__main__":
    offered = Service()
    kept = [PARTS[name](offered) for name in sys.argv[1:]]
    offered.run()
