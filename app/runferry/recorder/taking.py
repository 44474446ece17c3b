"""What a run takes while training runs, besides rows: metric definitions, files, alerts.

Safe from any thread; nothing here raises for what went wrong inside.
"""

from __future__ import annotations

import os
from typing import Any

from runferry.recorder import files
from runferry.recorder.faults import Faults
from runferry.recorder.folder import RunFolder
from runferry.recorder.identity import RunIdentity
from runferry.recorder.metrics import Rule

LONGEST_WAIT = 2**53  # milliseconds


class RunCalls(RunIdentity):
    """The part of a run that takes these calls."""

    _faults: Faults
    _folder: RunFolder | None
    own_files: set[str]

    def define_metric(
        self,
        name: str,
        step_metric: str | Rule | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        overwrite: bool | None = None,
        goal: str | None = None,
    ) -> Rule | None:
        """How a metric (or all whose names begin with ``prefix*``) is summarised, and what it is plotted over.

        summary: comma list of min, max, mean, last, first, best, none, copy. None when the arguments are unusable.
        """
        over: Any = step_metric.name if type(step_metric) is Rule else step_metric
        made: list[Rule] = []

        def define() -> None:
            rule = self._recording.rules.define(name, over, step_sync, hidden, summary, goal, bool(overwrite))
            made.append(rule)

        recording = self._recording.ready("define_metric()")
        if recording is None:
            return None
        recording.do(define)
        if not made:
            return None
        recording.record("metric", made[0].record(bool(overwrite)))
        return made[0]

    def save(
        self, glob_str: Any = None, base_path: Any = None, policy: str = "live", glob: bool = True
    ) -> bool | list[str]:
        """Send files along with the run: those that `glob_str` names; `base_path` is left out of their names.

        policy: ``now``, ``live`` (followed while they change) or ``end``. Gives the paths in the run's folder. A file
        that is called like one of the run's own is sent under another name, which is told, and is not among them.
        """
        if glob_str is None:
            return True  # long ago: "save the run"
        if self._recording.ready("save()") is None or self._folder is None:
            return []
        # The class is asked, not the object, which may raise.
        policy = str.__str__(policy) if issubclass(type(policy), str) else policy
        if type(policy) is not str or policy not in files.POLICIES:
            said = policy if type(policy) is str else f"of type {type(policy).__name__}"
            self._faults.note("save-policy", f"save: the policy {said} is none of now, live, end; live is taken")
            policy = "live"
        saved: list[str] = []
        self._faults.guard("save-failed", lambda: self._save(glob_str, base_path, policy, glob, saved))
        return saved

    def _save(self, pattern: Any, base_path: Any, policy: str, glob: bool, saved: list[str]) -> None:
        settings, place = self._identity, self._folder
        assert place is not None
        found = files.find(pattern, base_path, glob, place.parent)
        if not found:
            self._faults.note("save-nothing", f"save: no file fits {os.fsdecode(pattern)!r}")
        placed = files.save(found, place.files, settings.ignore_globs, settings.symlink, self.own_files)
        saved += placed.paths
        for name, taken in placed.elsewhere.items():
            self._faults.note(
                f"save-own-name {name}", f"save: the run has a {name} of its own; yours is sent as {taken}"
            )
        if placed.names:
            listed = [{"path": name, "policy": files.POLICIES[policy]} for name in placed.names]
            self._recording.record("files", {"files": listed})

    def alert(self, title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
        """Notify people. level: INFO, WARN, ERROR. wait_duration: seconds in which equal titles are not repeated."""
        self._faults.guard("alert-failed", lambda: self._alert(title, text, level, wait_duration))

    def _alert(self, title: Any, text: Any, level: Any, wait_duration: Any) -> None:
        name = str(getattr(level, "value", level) or "INFO").upper()
        if name not in ("INFO", "WARN", "ERROR"):
            self._faults.note("alert-level", f"alert: level {name} is none of INFO, WARN, ERROR; INFO is taken")
            name = "INFO"
        try:
            seconds = wait_duration.total_seconds() if hasattr(wait_duration, "total_seconds") else wait_duration
            wait = 60_000 if seconds is None else min(max(int(float(seconds) * 1000), 0), LONGEST_WAIT)
        except (TypeError, ValueError, OverflowError):
            wait = 60_000
        message = {"title": str(title), "text": str(text), "level": name, "wait_duration": wait}
        self._recording.record("alert", message)

    def mark_preempting(self) -> None:
        """The machine will be taken away; the server keeps the run open for longer."""
        self._recording.record("preempting", {})
