"""One row of the sheet: what was found, what a person chose for it, and what follows from both. No widgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from runferry.engine.contents import Contents
from runferry.engine.drop import Found, NoRun, SentBefore
from runferry.engine.job import SyncRequest
from runferry.engine.places import Places
from runferry.names import why_no_name
from runferry.status import RunState

OFFICIAL_ONLINE = "wandb-online"


@dataclass(frozen=True)
class Row:
    """`server`: ``local``, a URL, or empty: still to be chosen. `entity`, `project`: empty: as the log says, else the
    default. `ticked` None: nobody said, see `is_ticked`. `is_named`: dropped itself, not found below what was."""

    found: Found
    server: str = ""
    entity: str = ""
    project: str = ""
    default_entity: str = ""
    default_project: str = ""
    ticked: bool | None = None
    is_named: bool = False
    is_new: bool = False

    @property
    def team_shown(self) -> str:
        """The team that it goes to; empty: the server's default."""
        return self.entity or self.found.entity or self.default_entity

    @property
    def project_shown(self) -> str:
        """The project that it goes to; empty: none is known."""
        return self.project or self.found.project or self.default_project

    @property
    def missing(self) -> str:
        """What has to be chosen first: ``server``, ``project`` or nothing."""
        return "server" if not self.server else "" if self.project_shown else "project"

    @property
    def unfit(self) -> dict[str, str]:
        """Why its ``entity`` or its ``project`` can be none, by which of them it is."""
        said = {
            "entity": why_no_name("team", self.team_shown),
            "project": why_no_name("project", self.project_shown),
        }
        return {field: why for field, why in said.items() if why}

    @property
    def done(self) -> SentBefore | None:
        """Where it is already, verified and unchanged, if that is where it would go; not where only metrics are."""
        there = self.there
        return there if there is not None and (there.files or not self.found.contents.files) else None

    @property
    def there(self) -> SentBefore | None:
        """The same, be it metrics only."""
        for one in self.found.sent:
            if one.is_whole and one.server == self.server and self._fits(one):
                return one
        return None

    def _fits(self, one: SentBefore) -> bool:
        """Whether it was sent to the team and project that are meant; where none is known it may be any."""
        is_place = self.team_shown in ("", one.entity) and self.project_shown in ("", one.project)
        return is_place and one.run_id == self.found.run_id and not self.is_new

    @property
    def is_ticked(self) -> bool:
        """As chosen; else what most people want: not what is there already, not what wandb uploads itself, and no log
        without rows whose project would have to be chosen first."""
        if self.ticked is not None:
            return self.ticked
        is_foreign = self.found.kind == OFFICIAL_ONLINE and not self.is_named
        is_empty = self.found.is_complete and not self.found.rows and bool(self.missing)
        return self.done is None and not is_foreign and not is_empty

    @property
    def is_live(self) -> bool:
        """Whether its training goes on."""
        return self.found.run_state in (RunState.RUNNING, RunState.QUIET)

    @property
    def left_links(self) -> int:
        """How many files stay here because a link leads out of the run's folder."""
        return sum(1 for one in self.found.contents.links if one.why)

    def sends(self, metrics_only: bool) -> Contents:
        """What would leave this computer."""
        return self.found.contents.bare if metrics_only else self.found.contents


def first_row(found: Found, places: Places, named: frozenset[str]) -> Row:
    """A row as it looks before anybody chose anything. named: the paths that were dropped."""
    return Row(
        found,
        server=places.server,
        default_entity=places.entity,
        default_project=places.project,
        is_named=found.path in named or found.log in named,
    )


def requests(rows: Iterable[Row], metrics_only: bool, follow_links: bool = False) -> list[SyncRequest]:
    """What to ask of the engine: one request per place. Only ticked rows go whose place is known and can be one."""
    groups: dict[Row, list[Path]] = {}
    for row in rows:
        if row.is_ticked and not row.missing and not row.unfit:
            entity = "" if row.entity == row.found.entity else row.entity  # the same way that a watched folder goes
            project = "" if row.project == row.found.project else row.project
            place = replace(row, found=_NOTHING, ticked=None, is_named=False, entity=entity, project=project)
            # By its log: several may lie in one folder.
            groups.setdefault(place, []).append(Path(row.found.path if row.found.kind == "legacy" else row.found.log))
    return [
        SyncRequest(
            tuple(paths),
            server=place.server,
            entity=place.entity,
            project=place.project,
            is_new=place.is_new,
            default_entity=place.default_entity,
            default_project=place.default_project,
            metrics_only=metrics_only,
            by_hand=True,
            follow_links=follow_links,
        )
        for place, paths in groups.items()
    ]


_NOTHING = Found("", "", "", "")

__all__ = ["Found", "NoRun", "Row", "first_row", "requests"]
