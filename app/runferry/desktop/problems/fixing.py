"""What the buttons of a problem do: lead to where it is solved, or ask the engine for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from runferry.desktop.context import Context
from runferry.desktop.problems.groups import Group
from runferry.desktop.text import plural, tr
from runferry.engine.renewing import upload_as_new
from runferry.status import About, Fix, Problem, RunStatus


class Fixing:
    """Nothing here waits; what the engine is asked happens off the window's thread."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def fix(self, group: Group) -> None:
        """The button of a group."""
        one = group.first
        if one.fix is Fix.RETRY:
            self._retry(group)
        elif one.fix is Fix.UPLOAD_AS_NEW:
            self._upload_as_new(group)
        elif one.fix is Fix.OPEN_FOLDER:
            self.open_folder(group)
        elif one.fix is Fix.SHOW_LINKS:  # where each leads, and the tick that follows them
            self._context.shell.add([Path(each.subject) for each in group.problems])
        elif one.fix is Fix.SIGN_IN_PAGE:
            self._context.open_page(one.page)
        else:
            self._context.shell.go(*_place(one))

    def show(self, group: Group) -> None:
        """The run's page, or the server's card."""
        one = group.first
        if one.about is About.SERVER:
            self._context.shell.go("network", one.subject)
        elif one.about is About.FOLDER:
            self._context.shell.go("settings", "folders")
        else:
            run = self._run(one) if len(group.problems) == 1 else None
            self._context.shell.go("runs", run.key if run else "")

    def open_folder(self, group: Group) -> None:
        """The first run's, in the file manager."""
        path = Path(group.first.subject)
        self._context.open_folder(path if path.exists() else path.parent)

    def stop(self, group: Group) -> None:
        """Send nothing more of these runs, until somebody asks."""
        engine, paths = self._context.engine, [one.subject for one in group.problems]

        def work() -> None:
            for path in paths:
                engine.pause_run(path)

        self._context.do(work, plural(len(paths), "The run is paused", "{n} runs are paused"))

    def copy(self, group: Group) -> None:
        """Everything that is known, as text."""
        QApplication.clipboard().setText(group.report)
        self._context.shell.toast(tr("Copied"))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _retry(self, group: Group) -> None:
        engine, one = self._context.engine, group.first
        paths = [each.subject for each in group.problems]

        def work() -> None:
            if one.about is About.RUN:
                for path in paths:
                    engine.retry_run(path)
            else:
                engine.try_now(one.server)

        self._context.do(work, tr("Trying again"))

    def _upload_as_new(self, group: Group) -> None:
        """Where the run went before; under a new id."""
        engine = self._context.engine
        wanted = [(one, self._run(one)) for one in group.problems]

        def work() -> None:
            for one, run in wanted:
                entity, project = (run.entity, run.project) if run else ("", "")
                upload_as_new(engine, one.subject, one.server, entity, project)

        said = plural(len(wanted), "Uploading as a new run", "Uploading {n} runs as new ones")
        self._context.do(work, said)

    def _run(self, one: Problem) -> RunStatus | None:
        runs = self._context.bridge.runs.values()
        return next((run for run in runs if run.path == one.subject and run.server == one.server), None)


def _place(one: Problem) -> tuple[str, str]:
    """Where in the window a problem is solved: a page, and what to show there."""
    server = one.server or (one.subject if one.about is About.SERVER else "")
    if one.fix is Fix.CHOOSE_SERVER:
        return "settings", "folders" if one.about is About.FOLDER else "servers"
    if one.fix is Fix.LOGIN:
        return "settings", f"servers {server}".strip()
    if one.fix in (Fix.ADD_CERTIFICATE, Fix.CLIENT_CERTIFICATE):
        return "settings", f"certificates {server}".strip()
    if one.fix is Fix.PROXY:
        return "settings", "network"
    if one.fix is Fix.CHECK_CONNECTION:
        return "network", server
    return "settings", "advanced"
