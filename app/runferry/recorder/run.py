"""The run as the training script sees it.

Every method that is called while training runs is safe from any thread, and never raises for what went wrong inside:
that is counted, told once, and told in the log.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, NamedTuple, Sequence

from runferry.recorder import children, folder, resume
from runferry.recorder.config import GONE, RunConfig
from runferry.recorder.console import Console, OutputFile
from runferry.recorder.faults import Faults, describe
from runferry.recorder.folder import RunFolder
from runferry.recorder.hooks import HOOKS, Outcome, exit_code_of, outcome_of
from runferry.recorder.nodes import Path
from runferry.recorder.recording import Recording, summary_json
from runferry.recorder.settings import RunSettings
from runferry.recorder.taking import RunCalls
from runferry.recorder.terminal import say

_SIGNAL_PATIENCE = 5.0
LONGEST_TRACEBACK = 100_000  # characters
LARGEST_CODE = 2**31 - 1
"""What the log's 32 bits hold; a process cannot end with more than 255 anyway."""


class Parts(NamedTuple):
    """What a run is made of; `folder` None: mode disabled."""

    settings: RunSettings
    recording: Recording
    config: RunConfig
    faults: Faults
    folder: RunFolder | None
    marker: dict[str, Any]
    resumed: bool
    started: float


class Run(RunCalls):
    """One run. Made by `runferry.init`; usable in ``with``: an exception that leaves the block makes it failed."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.settings, parts.recording, parts.started)
        self._parts = parts
        self._faults = parts.faults
        self._folder = parts.folder
        self._console: Console | None = None
        self._output: OutputFile | None = None
        self._ended = False
        self.own_files: set[str] = set()  # names below files/ that the run uses itself, besides `files.OWN_NAMES`
        self.resumed = parts.resumed
        self.starting_step = parts.recording.step
        # The shortest way for the call that training makes most often.
        self.log = parts.recording.log
        self.is_part = False  # of a run that another process records
        self.part_of = ""  # the name of that one's folder
        self.token = ""  # by which a copy in this process is known
        parts.recording.run = self

    def __copy__(self) -> Run:
        return self

    def __deepcopy__(self, memo: Any) -> Run:
        return self

    def __reduce__(self) -> Any:
        return children.restored, (children.passed_on(self),)

    def start(self) -> None:
        """Begin to listen: console, process end."""
        self._parts.config.begin(self._config_changed)
        if self._folder is None:
            return
        settings = self._parts.settings
        if settings.console and not settings.metrics_only:
            self._output = OutputFile(os.path.join(self._folder.files, "output.log"))
            self._console = Console(self._take_console)
            self._console.start()
        HOOKS.add(self)

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def config(self) -> Any:
        """Settings of the training: items, attributes, `update`."""
        return self._parts.config.root

    @property
    def summary(self) -> Any:
        """One value per metric: the last one, unless `define_metric` says otherwise or the script sets it."""
        return self._recording.summary.root

    @property
    def step(self) -> int:
        """The step that the next row gets."""
        return self._recording.step

    @property
    def dir(self) -> str:
        """The folder for the run's files."""
        if self._folder is None:
            return os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"  # noqa: S108 - nothing is made there
        return self._folder.files

    @property
    def sync_dir(self) -> str:
        """The run folder."""
        return self.dir if self._folder is None else self._folder.path

    @property
    def is_open(self) -> bool:
        """False after `finish`, and in a forked child."""
        return not self._ended

    @property
    def is_usable(self) -> bool:
        """Whether something can still be recorded: also in a child process, where that begins a part."""
        return not self._ended or self._recording.elsewhere is not None

    @property
    def recording(self) -> Recording:
        """What it writes to."""
        return self._recording

    @property
    def settings(self) -> RunSettings:
        """What holds for it, with the name, notes and tags that it has now."""
        return self._identity

    @property
    def parts(self) -> Parts:
        """What it is made of."""
        return self._parts

    @property
    def disabled(self) -> bool:
        """True when nothing is recorded."""
        return self._folder is None

    @property
    def offline(self) -> bool:
        """True when it was begun as one that nobody uploads while it trains; see `settings.MODES`."""
        return self._parts.settings.mode in ("offline", "dryrun")

    # -- how it ends ---------------------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run; a second call does nothing. exit_code: 0 (default) for success; no number: 1."""
        try:
            code = 0 if exit_code is None else int(exit_code)
        except Exception:  # noqa: BLE001 - foreign objects do as they like when asked for their value
            code = 1  # somebody wanted to say that it failed; nothing is raised into a training script
        if not -LARGEST_CODE <= code <= LARGEST_CODE:
            code = 255
        if code:
            self._keep_traceback(*sys.exc_info())
        self._finish(code, outcome_of(code))

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        code, outcome = exit_code_of(kind, value)
        if outcome is not Outcome.FINISHED:
            self._keep_traceback(kind, value, trace)
        self._finish(code, outcome)

    def _keep_traceback(self, kind: Any, value: Any, trace: Any) -> None:
        """What Python prints only after the run is closed belongs into its console all the same."""
        if self._console is None or self._ended or kind is None or issubclass(kind, SystemExit):
            return
        import traceback

        def keep() -> None:
            text = "".join(traceback.format_exception(kind, value, trace))
            self._take_console(True, text[-LONGEST_TRACEBACK:], time.time_ns() // 1000)

        self._faults.guard("traceback", keep)

    def end_with_process(self, exit_code: int, outcome: Outcome, note: str) -> None:
        """See `hooks.Ending`."""
        if note:
            self._faults.note("exit-code-unseen", note)
        self._finish(exit_code, outcome)

    def end_by_signal(self, exit_code: int, then: Callable[[], None]) -> None:
        """See `hooks.Ending`."""

        def end() -> None:
            self._close(exit_code, Outcome.KILLED)
            then()

        # Another thread may be writing to a disk that hangs: the signal must end the process all the same.
        if not self._recording.do(end, _SIGNAL_PATIENCE):
            then()

    def disown(self) -> None:
        """See `hooks.Ending`."""
        self._recording.disown()
        self._ended = True
        if not self.disabled:
            self.sleep()

    def came_from_elsewhere(self, refusal: str) -> None:
        """It was begun in another process; `refusal`: why nothing of it is recorded any more."""
        self._parts.config.begin(self._config_changed)
        if self.disabled and not refusal:
            return  # nothing is recorded there either
        self._ended = True
        self._recording.disown()
        self._recording.refusal = refusal or self._recording.refusal
        if not refusal:
            self.sleep()

    def sleep(self) -> None:
        """Another process records this run: the first thing that is to be recorded here begins a part of it."""
        known = self._recording

        def wake() -> Recording | None:
            with known.alone():
                if self._recording is known and not known.is_lost:
                    known.is_lost = not self._faults.guard("child-log", lambda: self._become(known))
            return None if self._recording is known else self._recording

        known.elsewhere = wake

    def _become(self, known: Recording) -> None:
        """From here on this is a part of the run, with a folder and a log of its own. Raises OSError."""
        assert self._folder is not None
        part = children.begin(self, self._folder, known, self._faults)
        self._parts = self._parts._replace(recording=part.recording, folder=part.folder, marker=part.marker)
        self._recording, self._folder = part.recording, part.folder
        part.recording.run = self
        self.wrote_run_record(part.first)
        self.log = part.recording.log
        self._console = self._output = None
        self.is_part, self._ended = True, False
        HOOKS.add(self)

    def _finish(self, exit_code: int, outcome: Outcome) -> None:
        if not self._ended:
            self._recording.do(lambda: self._close(exit_code, outcome))

    def _close(self, exit_code: int, outcome: Outcome) -> None:
        """The end itself, alone under the recording's lock."""
        if self._ended:
            return
        self._ended = True
        now = time.time()
        guard = self._faults.guard
        if self._console is not None:
            guard("console-failed", self._console.stop)
        if self._folder is None:
            self._recording.end(exit_code)
        else:
            self._close_folder(self._folder, exit_code, outcome, now)
            HOOKS.remove(self)
        self._recording.refusal = "the run is finished"

    def _close_folder(self, place: RunFolder, exit_code: int, outcome: Outcome, now: float) -> None:
        settings = self._parts.settings
        guard = self._faults.guard
        if self._output is not None:
            guard("output-file", self._output.flush)
        guard("end-failed", lambda: self._recording.end(exit_code))
        if not self.is_part:
            self.write_files()
        ended = {"ended_at": now, "exit_code": exit_code, "outcome": outcome.value, "faults": self._faults.counts}
        guard("marker", lambda: folder.write_marker(place.marker, {**self._parts.marker, **ended}))
        if settings.resume == "auto" and not self.is_part and outcome is Outcome.FINISHED:
            guard("resume-note", lambda: resume.forget_id(place.parent, self.id))
        if not (settings.silent or settings.quiet or self.is_part):
            say(f"run {self.id} {outcome.value}; recorded in {place.path}")

    def write_files(self) -> None:
        """``config.yaml`` and ``wandb-summary.json`` as they are now."""
        from runferry.wire import yaml_text

        if self._folder is None:
            return
        directory = self._folder.files
        config = {key: {"value": value} for key, value in self._parts.config.root.as_dict().items()}
        guard = self._faults.guard
        guard("config-file", lambda: folder.write_text(os.path.join(directory, "config.yaml"), yaml_text.dump(config)))
        text = summary_json(self._recording.summary.root)
        guard("summary-file", lambda: folder.write_text(os.path.join(directory, "wandb-summary.json"), text + "\n"))

    # -- what happens to it --------------------------------------------------------------------------------------

    def _take_console(self, is_stderr: bool, text: str, now: int) -> None:
        if self._recording.refusal:
            return
        self._recording.console(is_stderr, text, now)
        output = self._output
        if output is not None:
            try:
                output.add(text, now)
            except OSError as problem:
                self._faults.note("output-file", f"output.log cannot be written: {describe(problem)}", quiet=True)

    def _config_changed(self, path: Path, value: Any, gone: Sequence[Path]) -> None:
        from runferry.wire.json_text import dumps

        update = [] if value is GONE else [{"nested_key": path, "value_json": dumps(value)}]
        self._recording.record("config", {"update": update, "remove": [{"nested_key": one} for one in gone]})
