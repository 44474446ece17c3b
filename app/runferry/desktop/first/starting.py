"""Opens the first start where nothing was set up yet, and runs the sample in a process of its own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment

from runferry.credentials import known_cloud_url
from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.system.autostart import Autostart, autostart
from runferry.desktop.text import tr
from runferry.engine.nearby import nearby
from runferry.engine.sample import leave_sample, sample_command, sample_environment, sample_folder, watch_sample
from runferry.errors import PermanentError

if TYPE_CHECKING:
    from runferry.desktop.first.sheet import FirstStart

log = logging.getLogger(__name__)

DONE = "first-start-done"
GRACE = 3000  # milliseconds for the sample to end when the app does


class Starting(QObject):
    """One per window. `way`: how this system starts programs at login; a test brings its own."""

    def __init__(self, context: Context, parent: QObject, way: Autostart | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._way = way or autostart(context.engine.environ)
        self.sheet: FirstStart | None = None
        self.training: QProcess | None = None
        self._folder = ""

    # -- the sheet ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open it, if nobody set anything up yet and it was not put off before."""
        if not self._context.memory.get(DONE, False) and not self._context.engine.settings.folders:
            self.show()

    def show(self) -> None:
        """Open it, whatever was set up before."""
        from runferry.desktop.first.sheet import SIZE, FirstStart  # not needed to start

        engine = self._context.engine
        cloud = engine.settings.cloud_url or known_cloud_url(engine.environ)
        environ, here, home = engine.environ, Path.cwd(), Path.home()
        sheet = FirstStart(
            self._context,
            cloud,
            self._way,
            lambda: nearby(environ, here, home),
            self.record_sample,
            self._context.shell.close_sheet,
            self._over,
        )
        self._context.shell.sheet(tr("Welcome to Runferry"), sheet, *SIZE)
        self.sheet = sheet

    def closed(self) -> None:
        """The sheet was closed, by whomever: it does not come again by itself."""
        sheet, self.sheet = self.sheet, None
        if sheet is not None:
            sheet.stop()
            self._over()

    def _over(self) -> None:
        self._context.memory.keep(DONE, True)
        self._context.memory.save()

    # -- the sample ---------------------------------------------------------------------------------------------------

    def record_sample(self) -> None:
        """Train in a process of its own, and show the run as it arrives."""
        if self.training is not None:
            return
        engine = self._context.engine

        def work() -> str:
            folder = sample_folder(engine)
            watch_sample(engine, folder)
            return str(folder)

        self._context.tasks.run(work, self._train, self._context.shell.tell)

    def _train(self, folder: str) -> None:
        self._folder = folder
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in sample_environment(Path(folder)).items():
            environment.insert(name, value)
        training = self.training = QProcess(self)
        training.setProcessEnvironment(environment)
        training.setWorkingDirectory(folder)
        training.setStandardOutputFile(QProcess.nullDevice())
        training.setStandardErrorFile(QProcess.nullDevice())
        training.finished.connect(self._trained)
        training.errorOccurred.connect(self._not_trained)
        program, *arguments = sample_command()
        self._known = set(self._context.bridge.runs)
        self._context.bridge.updated.connect(self._look)
        training.start(program, arguments)
        self._context.shell.close_sheet()
        self._context.shell.go("runs")
        self._context.shell.toast(tr("The sample trains: its run appears in a moment"))

    def _look(self, update: Update) -> None:
        """The run is there: show it."""
        for run in update.runs:
            if run.key not in self._known and run.path.startswith(self._folder):
                self._context.bridge.updated.disconnect(self._look)
                self._context.shell.go("runs", run.key)
                return

    def _trained(self, code: int) -> None:
        """It stays watched until the app ends, so that its last rows arrive."""
        training, self.training = self.training, None
        if training is not None:
            training.deleteLater()
        if code:
            self._tell(tr("Its process ended with code {code}.", code=code))

    def _not_trained(self, error: QProcess.ProcessError) -> None:
        training = self.training
        if error is QProcess.ProcessError.FailedToStart and training is not None:
            self.training = None
            self._tell(training.errorString())

    def _tell(self, why: str) -> None:
        self._context.shell.tell(
            PermanentError("sample-failed", tr("The sample run was not recorded"), why, tr("See the log."))
        )

    def stop(self) -> None:
        """The app ends: so does the sample."""
        training, self.training = self.training, None
        if training is not None and training.state() is not QProcess.ProcessState.NotRunning:
            training.finished.disconnect(self._trained)
            training.errorOccurred.disconnect(self._not_trained)
            training.terminate()
            if not training.waitForFinished(GRACE):
                training.kill()
                training.waitForFinished(GRACE)
        if self._folder:
            leave_sample(self._context.engine)
