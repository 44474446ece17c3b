"""What was chosen at the first start, and how it is put into effect. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from runferry.engine.engine import Engine
from runferry.errors import AppError
from runferry.servers import LOCAL


@dataclass
class Plan:
    """`server`: ``local``, a URL, or empty: not chosen yet. Nothing of it counts before `put_into_effect`."""

    folders: list[Path] = field(default_factory=list)
    server: str = LOCAL
    save_code: bool = False


@dataclass(frozen=True)
class Done:
    """How many folders are watched now, and what of them could not be."""

    watched: int
    failed: tuple[AppError, ...] = ()


def put_into_effect(engine: Engine, plan: Plan) -> Done:
    """Save the choices; folders that were watched before stay. Not on the window's thread. Raises AppError."""
    engine.change_settings(server=plan.server, save_code=plan.save_code)
    failed: list[AppError] = []
    for folder in plan.folders:
        try:
            engine.add_folder(folder)
        except AppError as error:
            if error.slug != "folder-watched":
                failed.append(error)
    return Done(len(engine.settings.folders), tuple(failed))
