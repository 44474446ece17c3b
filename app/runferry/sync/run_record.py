"""What a server knows of a run besides its lines: name, config, tags and the like; sent when it changed."""

from __future__ import annotations

import hashlib

from runferry.clock import Clock
from runferry.formats.entries import RunContent
from runferry.formats.run_config import config_json, program
from runferry.remote import runs
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.sync.wishes import Wishes
from runferry.version import __version__

DEBOUNCE = 5.0  # seconds: a training that changes its config in a loop is sent as few requests


class RunRecord:
    """Creates and updates one run. `entity`, `project`, `run_id`: where it is kept on the server."""

    def __init__(
        self,
        session: Session,
        content: RunContent,
        entity: str,
        project: str,
        run_id: str,
        wishes: Wishes,
        clock: Clock,
    ) -> None:
        self._session, self._content, self._clock = session, content, clock
        self._entity, self._project, self._run_id = entity, project, run_id
        self._private = wishes.metrics_only
        self._digest, self._sent_at = "", 0.0

    def send(self) -> Created:
        """Create the run, or bring it up to date. Raises AppError."""
        config = self._config()
        run, private = self._content.run, self._private
        created = runs.upsert(
            self._session,
            name=self._run_id,
            entity=self._entity,
            project=self._project,
            displayName=None if private else run.name or None,
            groupName=None if private else run.group or None,
            jobType=None if private else run.job_type or None,
            notes=None if private else run.notes or None,
            tags=None if private else list(run.tags) or None,
            sweep=run.sweep_id or None,
            config=config,
            host=None if private else run.host or None,
            commit=None if private else run.git_commit or None,
            repo=None if private else run.git_remote or None,
            program=None if private else program(self._content) or None,
        )
        self._digest, self._sent_at = self._digest_of(config), self._clock.monotonic()
        return created

    def update(self, is_over: bool) -> None:
        """Send what changed since; a run that goes on waits a little, since more may change."""
        if not is_over and self._clock.monotonic() - self._sent_at < DEBOUNCE:
            return
        if self._digest_of(self._config()) != self._digest:
            self.send()

    def _config(self) -> str:
        return config_json(self._content, __version__, with_environment=not self._private)

    def _digest_of(self, config: str) -> str:
        run = self._content.run
        return hashlib.sha256("\0".join((config, run.name, run.notes, *run.tags)).encode()).hexdigest()
