"""GraphQL: the server itself, its one person, entities and projects."""

from __future__ import annotations

import json
import zlib
from typing import Any

from runferry.server.artifacts import ArtifactRefusedError
from runferry.server.filters import arrange, select
from runferry.server.record import iso, opaque
from runferry.server.resolvers_artifacts import (
    ArtifactMutations,
    ArtifactTypeView,
    ArtifactView,
    CollectionView,
    MembershipView,
    collections_of,
    find_named,
)
from runferry.server.resolvers_files import FileMutations
from runferry.server.resolvers_runs import RunMutations, RunView, run_page
from runferry.server.store import DEFAULT_ENTITY
from runferry.server.views import Context, RequestRefusedError, names_of, page

# Structured console lines carry their level and time in a form that cannot be mistaken for text.
FEATURES = (
    "FILESTREAM_GZIP",
    "STRUCTURED_CONSOLE_LOGS",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "MARK_RUN_FILES_UPLOADED",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
)


class UserView:
    """The one person of a local server."""

    typename = "User"
    id = opaque("User", DEFAULT_ENTITY)
    name = username = entity = DEFAULT_ENTITY
    email = "local@localhost"
    admin = False
    deleted_at = None
    flags = json.dumps({"code_saving_enabled": False})

    def __init__(self) -> None:
        self.default_entity = EntityView(DEFAULT_ENTITY)
        self.api_keys: dict[str, Any] = {"edges": []}
        self.teams = {"edges": [{"node": self.default_entity}]}


class EntityView:
    """An entity: a name, nothing more."""

    typename = "Entity"
    organization = None
    default_access = "PRIVATE"
    is_team = False
    xxhash_digests_enabled = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = opaque("Entity", name)


class ProjectView:
    """One project."""

    typename = "Project"
    description = views = None
    access = "PRIVATE"
    is_benchmark = read_only = False
    total_sweeps = 0

    def __init__(self, context: Context, entity: str, name: str) -> None:
        self._place = (entity, name)
        self.name = name
        self.entity_name = entity
        self.id = opaque("Project", "v1", name, entity)
        self.internal_id = str(zlib.crc32(f"{entity}/{name}".encode()) & 0x7FFFFFFF)

    def entity(self, _: Context) -> EntityView:
        """Whose it is."""
        return EntityView(self.entity_name)

    def user(self, _: Context) -> UserView:
        """Who made it."""
        return UserView()

    def created_at(self, context: Context) -> str:
        """When it was made."""
        return iso(dict(context.store.index.projects(self.entity_name)).get(self.name, 0.0))

    updated_at = created_at

    # Runs

    def run(self, context: Context, name: str) -> RunView | None:
        """One run by its id."""
        folder = context.store.run(*self._place, name)
        return RunView(context, folder) if folder else None

    def bucket(self, context: Context, name: str, missing_ok: bool | None = None) -> RunView | None:
        """The same for resuming, where a missing run is an answer only when the client says so."""
        found = self.run(context, name)
        if found is None and not missing_ok:
            raise RequestRefusedError(f"no run {name!r} in the project {self.name!r}")
        return found

    def run_count(self, context: Context, filters: str | None = None) -> int:
        """How many runs fulfil the filters."""
        return len(select(context.store.runs(*self._place), filters, context.store.clock.time()))

    def runs(
        self,
        context: Context,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """The runs that fulfil the filters."""
        now = context.store.clock.time()
        chosen = select(context.store.runs(*self._place), filters, now)
        return run_page(context, arrange(chosen, order, now), after, first)

    def sweep(self, _: Context, sweep_name: str | None = None) -> None:
        """There are no sweeps here."""

    def sweeps(self, _: Context, **arguments: Any) -> dict[str, Any]:
        """There are no sweeps here."""
        return page([], lambda one: one, None, None)

    # Artifacts

    def artifact(self, context: Context, name: str) -> ArtifactView | None:
        """By ``collection:alias``."""
        record = find_named(context, self.entity_name, self.name, name)
        return ArtifactView(record) if record else None

    def artifact_type(self, context: Context, name: str) -> ArtifactTypeView | None:
        """A type, if anything here has it."""
        known = any(one.type == name for one in context.store.artifacts.versions(*self._place))
        return ArtifactTypeView(*self._place, name) if known else None

    def artifact_types(self, context: Context, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        """The types that occur."""
        types = sorted({one.type for one in context.store.artifacts.versions(*self._place)})
        return page(types, lambda one: ArtifactTypeView(*self._place, one), after, first)

    def artifact_collection(self, context: Context, name: str) -> CollectionView | None:
        """One collection."""
        known = context.store.artifacts.versions(*self._place, name)
        return CollectionView(*self._place, name) if known else None

    def artifact_collections(
        self,
        context: Context,
        after: str | None = None,
        first: int | None = None,
        filters: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """All collections."""
        return page(collections_of(context, *self._place), lambda one: one, after, first)

    def artifact_collection_membership(self, context: Context, name: str) -> MembershipView | None:
        """A version as a member of its collection."""
        record = find_named(context, self.entity_name, self.name, name)
        return MembershipView(record) if record else None


class Root(RunMutations, FileMutations, ArtifactMutations):
    """The fields of Query and Mutation."""

    def __init__(self) -> None:
        self.viewer = UserView()
        self.server_info = {
            "features": [{"name": one, "is_enabled": True} for one in FEATURES],
            "cli_version_info": {"max_cli_version": "9.9.9", "min_cli_version": "0.8.0"},
            "latest_local_version_info": None,
        }
        self.users = {"edges": [{"node": self.viewer}]}

    def entity(self, _: Context, name: str | None = None) -> EntityView:
        """Every name is an entity."""
        return EntityView(name or DEFAULT_ENTITY)

    def project(
        self, context: Context, name: str | None = None, entity_name: str | None = None, id: str | None = None
    ) -> ProjectView | None:
        """A project that exists."""
        entity, project = names_of(entity_name, name)
        known = any(one == project for one, _ in context.store.index.projects(entity))
        return ProjectView(context, entity, project) if known else None

    model = project

    def models(
        self, context: Context, entity_name: str | None = None, after: str | None = None, first: int | None = None
    ) -> dict[str, Any]:
        """An entity's projects."""
        entity = entity_name or DEFAULT_ENTITY
        names = [name for name, _ in context.store.index.projects(entity)]
        return page(names, lambda one: ProjectView(context, entity, one), after, first)

    def upsert_model(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Make a project."""
        entity, name = names_of(input.get("entityName"), input.get("name"))
        before = self.project(context, name, entity)
        context.store.ensure_project(entity, name)
        view = ProjectView(context, entity, name)
        return {"project": view, "model": view, "inserted": before is None, "client_mutation_id": None}

    def artifact(self, context: Context, id: str) -> ArtifactView | None:
        """An artifact by id, whatever its state."""
        record = context.store.artifacts.get(id)
        return ArtifactView(record) if record else None

    def artifact_collection(self, context: Context, id: str) -> CollectionView | None:
        """A collection by id."""
        return CollectionView.of_id(context, id)

    def client_id_mapping(self, context: Context, client_id: str) -> dict[str, str]:
        """The server's id for what a client named itself."""
        record = context.store.artifacts.of_client(client_id)
        if record is None:
            raise ArtifactRefusedError("no artifact with that client id")
        return {"server_id": record.id}
