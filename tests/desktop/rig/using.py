"""What a person does with the app: goes to a page, reads a list, presses a button, takes an entry of the icon's menu.

Every look is taken at what is showing now; what is not there yet is waited for. Never used by the product.
"""

from __future__ import annotations

from collections.abc import Iterator

from desktop.rig.accessible import Element, Eyes, Gone
from desktop.rig.app import App
from desktop.rig.desktop import Desktop
from desktop.rig.part import until
from desktop.rig.pointer import Pointer

PATIENCE = 30.0


def showing(element: Element, depth: int = 0) -> Iterator[Element]:
    """It and all in it that is shown: pages that lie behind others are passed over."""
    try:
        if depth and "showing" not in element.states:
            return
        yield element
        inside = element.children
    except Gone:
        return
    for one in inside:
        yield from showing(one, depth + 1)


def named(element: Element, start: str, role: str = "", timeout: float = PATIENCE) -> Element:
    """The first thing shown whose name begins so; waits for it. Its failure tells what was shown instead."""

    def look() -> Element | None:
        for one in showing(element):
            try:
                if one.name.startswith(start) and (not role or one.role == role):
                    return one
            except Gone:
                continue
        return None

    try:
        found: Element = until(look, f"{role or 'something'} named {start}… is seen", timeout)
    except AssertionError as error:
        raise AssertionError(f"{error}; seen:\n{told(element)}") from None
    return found


def names(element: Element, role: str = "") -> list[str]:
    """The names of what is shown, in order; those without one are left out."""
    found = []
    for one in showing(element):
        try:
            if one.name and (not role or one.role == role):
                found.append(one.name)
        except Gone:
            continue
    return found


def told(element: Element) -> str:
    """All names that are shown, line by line."""
    return "\n".join(names(element))


def says(element: Element, *parts: str, timeout: float = PATIENCE) -> str:
    """Wait until what is shown holds all these parts; gives the whole."""

    def look() -> str:
        whole = told(element)
        return whole if all(part in whole for part in parts) else ""

    try:
        return str(until(look, f"the window says {parts}", timeout))
    except AssertionError as error:
        raise AssertionError(f"{error}; it says:\n{told(element)}") from None


def press(element: Element, start: str, role: str = "push button") -> None:
    """Press the button whose name begins so, once it can be pressed."""
    button = named(element, start, role)
    until(lambda: "enabled" in button.states, f"{start} can be pressed")
    button.press("Toggle" if role == "check box" else "Press")


def go(window: Element, page: str, pane: str = "") -> None:
    """To a page by the sidebar, and on to a pane of it, whose name may be that of a page."""
    named(window, page, "check box").press("Toggle")
    if pane:

        def listed() -> list[Element]:
            inside = named(window, page, "filler")
            return [one for one in showing(inside) if one.role == "check box" and one.name == pane]

        until(listed, f"{page} has {pane}")[0].press("Toggle")


def rows(window: Element, table: str) -> list[list[str]]:
    """The texts of a list's cells, row by row, as they are read aloud."""
    found = named(window, table, "table")
    heads = sum(one.role == "column header" for one in found.children)
    cells = [one.name for one in found.children if one.role == "cell"]
    return [cells[at : at + heads] for at in range(0, len(cells), heads)] if heads else []


# -- the icon's menu -------------------------------------------------------------------------------------------------


def registered(desktop: Desktop, app: App) -> None:
    """Wait until the app's icon is in the tray."""

    def seen() -> bool:
        assert app.part is not None
        assert app.part.is_running(), app.text()
        return len(desktop.tray.events("item")) > len(desktop.tray.events("item-gone"))

    until(seen, "the app's icon is in the tray", PATIENCE)


def labels(desktop: Desktop) -> list[str]:
    """What the icon's menu offers."""
    return [one["label"] for one in desktop.tray.ask("menu", "menu")["items"] if one.get("visible", True)]


def take(desktop: Desktop, start: str) -> None:
    """Click the entry of the icon's menu that begins so, once it is offered."""

    def offered() -> str:
        return next((one for one in labels(desktop) if one.startswith(start)), "")

    label = until(offered, f"the menu offers {start}")
    desktop.tray.ask(f"click {label}", "clicked")


def tooltip(desktop: Desktop) -> str:
    """What the panel shows beside the icon."""
    return str(desktop.tray.ask("properties", "properties")["values"]["ToolTip"][2])


def shown(app: App, eyes: Eyes) -> bool:
    """Whether the app shows a window."""
    return any("showing" in one.states for one in app.window(eyes).children)


def close(desktop: Desktop, window: Element) -> None:
    """Click on the cross of the window's title bar, which openbox draws above its upper right corner."""
    until(lambda: "active" in window.states, "the window has the focus: it is on the display")
    x, y, width, _ = window.place
    Pointer(desktop).click(x + width - 10, y - 10)
