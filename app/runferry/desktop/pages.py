"""Which pages the window has, and how each is made; that happens when it is first shown."""

from __future__ import annotations

from collections.abc import Callable

from runferry.desktop.context import Context, Page


def makers(context: Context) -> dict[str, Callable[[], Page]]:
    """By the names that `Shell.go` knows; the first one is shown first."""
    return {
        "runs": lambda: _runs(context),
        "network": lambda: _network(context),
        "problems": lambda: _problems(context),
        "activity": lambda: _activity(context),
        "settings": lambda: _settings(context),
    }


def _runs(context: Context) -> Page:
    from runferry.desktop.runs.page import RunsPage

    return RunsPage(context, _run)


def _run(context: Context, show_list: Callable[[], None]) -> Page:
    from runferry.desktop.run.page import RunPage

    return RunPage(context, show_list)


def _network(context: Context) -> Page:
    from runferry.desktop.network.page import NetworkPage

    return NetworkPage(context)


def _problems(context: Context) -> Page:
    from runferry.desktop.problems.page import ProblemsPage

    return ProblemsPage(context)


def _activity(context: Context) -> Page:
    from runferry.desktop.activity.page import ActivityPage

    return ActivityPage(context)


def _settings(context: Context) -> Page:
    from runferry.desktop.settings.page import SettingsPage

    return SettingsPage(context)
