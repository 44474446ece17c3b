"""What a server knows of a run besides its lines: name, config, tags and the like; sent when it changed."""

from __future__ import annotations

import hashlib

from runferry.clock import Clock
from runferry.remote import runs
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.sync.whole_run import WholeRun

DEBOUNCE = 5.0  # seconds: a training that changes its config in a loop is sent as few requests


class RunRecord:
    """Creates and updates one run. `entity`, `project`, `run_id`: where it is kept on the server."""

    def __init__(
        self,
        session: Session,
        whole: WholeRun,
        entity: str,
        project: str,
        run_id: str,
        clock: Clock,
    ) -> None:
        self._session, self._whole, self._clock = session, whole, clock
        self._entity, self._project, self._run_id = entity, project, run_id
        self._digest, self._sent_at = "", 0.0

    def send(self) -> Created:
        """Create the run, or bring it up to date. Raises AppError."""
        config, about = self._whole.config(), self._whole.about()
        created = runs.upsert(
            self._session,
            name=self._run_id,
            entity=self._entity,
            project=self._project,
            displayName=about.get("name") or None,
            groupName=about.get("group") or None,
            jobType=about.get("job_type") or None,
            notes=about.get("notes") or None,
            tags=about.get("tags") or None,
            sweep=self._whole.sweep or None,
            config=config,
            host=about.get("host") or None,
            commit=about.get("git_commit") or None,
            repo=about.get("git_remote") or None,
            program=about.get("program") or None,
        )
        self._digest, self._sent_at = self._digest_of(config), self._clock.monotonic()
        return created

    def update(self, is_over: bool) -> None:
        """Send what changed since; a run that goes on waits a little, since more may change."""
        if not is_over and self._clock.monotonic() - self._sent_at < DEBOUNCE:
            return
        if self._digest_of(self._whole.config()) != self._digest:
            self.send()

    def send_again(self) -> None:
        """The server does not have all of it: the next `update` sends it whatever was sent before."""
        self._digest = ""

    def _digest_of(self, config: str) -> str:
        about = self._whole.about()
        said = [config, *(str(about.get(name) or "") for name in ("name", "notes")), *(about.get("tags") or ())]
        return hashlib.sha256("\0".join(said).encode()).hexdigest()
