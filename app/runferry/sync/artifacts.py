"""Artifacts of a run on their way: each PENDING, its files, its manifest, committed; one after the other, as logged.

May break off anywhere. The ledger knows what is committed and what was begun; what was begun is asked for, and gone on
with. Where even that is lost the server finds the version with the same content, so that there is one version.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from runferry.clock import Clock
from runferry.errors import AppError, NeedsUser, PermanentError
from runferry.formats.entries import Artifact, ArtifactLink
from runferry.remote import artifacts, uploads
from runferry.remote.artifacts import COMMITTED, PENDING
from runferry.remote.failures import ServerRefused
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.deliverables import SentArtifact
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync import artifact_files
from runferry.sync.artifact_manifest import CLIENT_REFERENCE, Manifest, read_manifest
from runferry.sync.links import RunLinks

log = logging.getLogger(__name__)

SLICE = 5.0  # seconds of a live run's turn that artifacts may take before its rows have their turn again
RETRY = 60.0  # seconds until one that could not be sent is tried again by itself
LINKED = "LINKED"
_OWN = ("artifact-file-gone", "artifact-manifest-gone", "artifact-reference")  # nothing that the server said


@dataclass(frozen=True)
class Failed:
    """Why an artifact could not be sent, and when that was tried (monotonic seconds)."""

    name: str
    error: AppError
    at: float


class RunArtifacts:
    """Delivers the artifacts of one log to one run on a server. Used by one thread at a time, but for `ask_again`."""

    def __init__(
        self,
        session: Session,
        run: Created,
        ledger: Ledger,
        delivery: Delivery,
        links: RunLinks,
        clock: Clock,
        beat: Callable[[], None],
    ) -> None:
        self._session, self._run, self._ledger, self._delivery = session, run, ledger, delivery
        self._links, self._clock, self._beat = links, clock, artifact_files.quiet(beat)
        self.open_file = partial(artifact_files.open_named, links=links)
        self.sent: dict[int, SentArtifact] = ledger.artifacts(delivery)
        self.failed: dict[int, Failed] = {}
        self.is_unfinished = False  # the last `deliver` left something for the next turn
        self._logged: list[Artifact] = []
        self._work: tuple[Artifact, Iterator[None]] | None = None
        self._again = False
        self._was_over = False
        self._features: frozenset[str] | None = None

    @property
    def committed(self) -> int:
        """How many artifacts the server took."""
        return sum(self._is_committed(one) for one in self._logged)

    def ask_again(self) -> None:
        """What could not be sent is tried at the next turn, without a wait."""
        self._again = True

    def deliver(self, logged: list[Artifact], links: list[ArtifactLink], root: str, is_over: bool) -> None:
        """Send what is not committed yet, in order. A live run's turn ends early: see `is_unfinished`.

        `logged`: all that was read so far; `root`: the folder that the run was started in. Raises AppError when the
        server or the way to it is in trouble; what concerns one artifact alone goes into `failed`.
        """
        self._logged = logged
        again, self._again = self._again or (is_over and not self._was_over), False
        self._was_over = is_over
        tried: set[int] = set()
        deadline = math.inf if is_over else self._clock.monotonic() + SLICE
        self.is_unfinished = True
        while True:
            if self._work is None:
                due = self._next(tried, again)
                if due is None:
                    break
                tried.add(due.index)
                self._work = (due, self._steps(due, root))
            self._step()
            if self._work is not None and self._clock.monotonic() > deadline:
                return
        self._deliver_links(links, tried, again)
        self.is_unfinished = False

    def obstacle(self) -> AppError | None:
        """Why not all of them are on the server; None when they are."""
        if not self.failed:
            return None
        one, others = next(iter(self.failed.values())), len(self.failed) - 1
        more = f" And {others} more artifacts." if others else ""
        return AppError(
            one.error.slug, one.error.title, f"{one.name}: {one.error.message}{more}", one.error.todo, one.error.cause
        )

    # -- which one ----------------------------------------------------------------------------------------------------

    def _next(self, tried: set[int], again: bool) -> Artifact | None:
        for one in self._logged:
            if one.index not in tried and not self._is_committed(one) and self._is_due(one.index, again):
                return one
        return None

    def _is_due(self, number: int, again: bool) -> bool:
        failed = self.failed.get(number)
        return again or failed is None or self._clock.monotonic() - failed.at > RETRY

    def _is_committed(self, one: Artifact) -> bool:
        known = self.sent.get(one.index)
        return known is not None and known.state == COMMITTED and known.digest == one.message.digest

    def _step(self) -> None:
        """One step of the work in hand."""
        assert self._work is not None
        one, steps = self._work
        try:
            next(steps)
            return
        except StopIteration:
            self.failed.pop(one.index, None)
        except (PermanentError, NeedsUser) as error:
            if isinstance(error, ServerRefused):
                self._work = None
                raise
            log.warning("artifact %s: %s", one.name, error)
            self.failed[one.index] = Failed(f"Artifact {one.name}", error, self._clock.monotonic())
        except BaseException:
            self._work = None
            raise
        self._work = None

    # -- one artifact -------------------------------------------------------------------------------------------------

    def _steps(self, one: Artifact, root: str) -> Iterator[None]:
        message = one.message
        _refuse_unusual(message)
        remote = self._begin(one)
        if remote.state != COMMITTED:
            try:
                manifest = read_manifest(message.manifest, self.open_file)
                yield from self._fill(remote, manifest, message.base_id or remote.latest, root)
                artifacts.commit(self._session, remote.id)
            except PermanentError as error:
                if error.slug not in _OWN:  # perhaps because of what became of the one begun earlier: a new one then
                    self._remember(one, "", PENDING)
                raise
        if message.use_after_commit:
            artifacts.use(self._session, self._run, remote.id)
        self._remember(one, remote.id, COMMITTED)

    def _begin(self, one: Artifact) -> artifacts.RemoteArtifact:
        """The version that was begun before a crash, or a new one; aliases are given when it is begun."""
        known = self.sent.get(one.index)
        is_late = not self._newer_aliases(one).isdisjoint(one.message.aliases)
        if known is not None and known.artifact_id and known.digest == one.message.digest and not is_late:
            found = artifacts.state_of(self._session, known.artifact_id)
            if found is not None and found.state in (PENDING, COMMITTED):
                return found
        remote = artifacts.create(self._session, self._fields(one))
        if remote.state not in (PENDING, COMMITTED):
            raise PermanentError(
                "artifact-refused",
                "The server does not take an artifact",
                f"It answers that it is {remote.state}.",
                "Tell whoever runs the server.",
            )
        self._remember(one, remote.id, PENDING)
        return remote

    def _fields(self, one: Artifact) -> dict[str, Any]:
        message = one.message
        aliases = [alias for alias in message.aliases if alias not in self._newer_aliases(one)]
        fields: dict[str, Any] = {
            "entityName": self._run.entity,
            "projectName": self._run.project,
            "runName": None if message.user_created else self._run.run_id,
            "artifactTypeName": message.type,
            "artifactCollectionName": message.name,
            "digest": message.digest,
            "description": message.description or None,
            "metadata": message.metadata or None,
            "aliases": [{"artifactCollectionName": message.name, "alias": alias} for alias in aliases],
            "enableDigestDeduplication": True,
            "clientID": message.client_id or None,
            "sequenceClientID": message.sequence_client_id or None,
        }
        if message.digest_algorithm:
            fields["digestAlgorithm"] = message.digest_algorithm
        if message.ttl_duration_seconds:
            fields["ttlDurationSeconds"] = message.ttl_duration_seconds
        if message.tags and self._can("ARTIFACT_TAGS"):
            fields["tags"] = [{"tagName": tag} for tag in message.tags]
        return fields

    def _newer_aliases(self, one: Artifact) -> set[str]:
        """Aliases that a newer version of this log has on the server: one that comes late must not take them back."""
        newer = (
            each
            for each in self._logged
            if each.index > one.index and each.name == one.name and self._is_committed(each)
        )
        return {alias for each in newer for alias in each.message.aliases}

    def _fill(self, remote: artifacts.RemoteArtifact, manifest: Manifest, base: str, root: str) -> Iterator[None]:
        """Files and manifest of a version that was begun."""
        self._resolve(manifest)
        identifier = artifacts.announce_manifest(self._session, self._run, remote.id, base)
        finder = artifact_files.Finder(artifact_files.roots(self._links.folder, root), self._links, self._beat)
        uploaded = [one for one in manifest.entries if one.is_uploaded]
        yield from artifact_files.send(self._session, remote.id, identifier, uploaded, finder, self._beat)
        body = manifest.encode()
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        place = artifacts.manifest_place(self._session, self._run, remote.id, base, digest)
        uploads.put(self._session, place, io.BytesIO(body), len(body))

    def _resolve(self, manifest: Manifest) -> None:
        """References to artifacts of the same training name them as the client did: name them as the server does."""
        for entry in manifest.entries:
            if not entry.ref.startswith(CLIENT_REFERENCE):
                continue
            client_id, slash, path = entry.ref.removeprefix(CLIENT_REFERENCE).partition("/")
            identifier = self._server_id(client_id)
            if not identifier:
                raise PermanentError(
                    "artifact-reference",
                    "An artifact refers to one that is not on the server",
                    f"{entry.path} is a part of another artifact, which was not sent.",
                    "Sync the run that logged the other one first.",
                )
            entry.ref = f"wandb-artifact://{_hexadecimal(identifier)}{slash}{path}"

    def _server_id(self, client_id: str) -> str:
        for one in self._logged:
            if one.message.client_id == client_id and self._is_committed(one):
                return self.sent[one.index].artifact_id
        return artifacts.server_id(self._session, client_id)

    def _can(self, feature: str) -> bool:
        if self._features is None:
            self._features = artifacts.features(self._session)
        return feature in self._features

    # -- links of older logs ------------------------------------------------------------------------------------------

    def _deliver_links(self, links: list[ArtifactLink], tried: set[int], again: bool) -> None:
        """Links are kept in the ledger under numbers below zero."""
        for one in links:
            number = -1 - one.index
            if number in self.sent or not self._is_due(number, again):
                continue
            try:
                self._link(one)
            except ServerRefused:
                raise
            except (PermanentError, NeedsUser) as error:
                self.failed[number] = Failed(f"Link to {one.portfolio}", error, self._clock.monotonic())
                continue
            self.failed.pop(number, None)
            self.sent[number] = SentArtifact(number, one.portfolio, one.server_id or one.client_id, LINKED)
            self._ledger.artifact_reached(self._delivery, self.sent[number])

    def _link(self, one: ArtifactLink) -> None:
        identifier = one.server_id or self._server_id(one.client_id)
        if not identifier:
            raise PermanentError(
                "artifact-reference",
                "A link names an artifact that is not on the server",
                "It was not sent.",
                "Sync the run that logged the artifact first.",
            )
        entity, project = one.entity or self._run.entity, one.project or self._run.project
        artifacts.link(self._session, identifier, one.portfolio, entity, project, list(one.aliases))

    def _remember(self, one: Artifact, identifier: str, state: str) -> None:
        self.sent[one.index] = SentArtifact(one.index, one.message.digest, identifier, state)
        self._ledger.artifact_reached(self._delivery, self.sent[one.index])


def _refuse_unusual(message: Any) -> None:
    """Kinds that this version does not carry; better said than sent wrongly."""
    kind = ""
    if message.distributed_id:
        kind = "It was written by several processes together."
    elif message.incremental_beta1:
        kind = "It is incremental."
    elif message.digest_algorithm not in ("", "MANIFEST_MD5"):
        kind = f"Its digests are {message.digest_algorithm}."
    if kind:
        raise PermanentError(
            "artifact-unsupported",
            "This version does not carry such an artifact",
            kind,
            "Upload it with the official client.",
        )


def _hexadecimal(identifier: str) -> str:
    """A server's id as references spell it."""
    try:
        return base64.b64decode(identifier, validate=True).hex()
    except ValueError:
        return identifier.encode().hex()
