"""Watched folders of the settings: added, changed and removed while the app runs.

What is done here is saved first, and takes effect at once. Adding a folder sends nothing of what is over already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from runferry.clock import Clock
from runferry.errors import UsageError
from runferry.settings import Folder, Settings
from runferry.settings.folder import check_folders


class Engine(Protocol):
    """What is needed of the engine."""

    clock: Clock
    settings: Settings

    def change_settings(self, **values: Any) -> None:
        """Set options and save them. Raises AppError."""


def add_folder(engine: Engine, path: Path | str, **values: Any) -> Folder:
    """Watch a folder from now on. values: fields of `Folder`; `added` is now unless it is told.

    What is already over there is listed and waits until somebody asks; added=0 means all of it. Raises AppError.
    """
    absolute = Path(path).expanduser().absolute()
    if not absolute.is_dir():
        raise UsageError(
            "no-folder", "No such folder", f"{absolute} is not a folder.", "Make it first, or name another one."
        )
    if any(Path(one.path) == absolute for one in engine.settings.folders):
        raise UsageError(
            "folder-watched", "This folder is watched already", f"{absolute} is in the list.", "Change it there."
        )
    made = _checked(Folder(str(absolute), added=engine.clock.time()), values)
    _save(engine, lambda folders: (*folders, made))
    return made


def change_folder(engine: Engine, path: Path | str, **values: Any) -> Folder:
    """Set fields of a watched folder. Raises AppError."""
    made = _checked(_find(engine, path), values)
    _save(engine, lambda folders: tuple(made if one.path == made.path else one for one in folders))
    return made


def remove_folder(engine: Engine, path: Path | str) -> None:
    """Watch a folder no more; its runs stay where they are, and what was asked for goes on. Raises AppError."""
    found = _find(engine, path)
    _save(engine, lambda folders: tuple(one for one in folders if one.path != found.path))


def _find(engine: Engine, path: Path | str) -> Folder:
    wanted = str(Path(path).expanduser().absolute())
    for one in engine.settings.folders:
        if one.path == wanted:
            return one
    raise UsageError("folder-unknown", "This folder is not watched", f"{wanted} is not in the list.", "Add it first.")


def _checked(folder: Folder, values: dict[str, Any]) -> Folder:
    """With other values, each brought to its form; UsageError says which cannot be used."""
    if unknown := values.keys() - {one.name for one in dataclasses.fields(Folder)}:
        raise TypeError(f"folders have no {', '.join(sorted(unknown))}")
    plain = {name: getattr(value, "value", value) for name, value in values.items()}
    try:
        (found,) = check_folders([{**folder.as_json(), **plain}])
    except ValueError as error:
        raise UsageError(
            "bad-setting", "This cannot be set", f"{folder.path}: {error}.", "Correct it.", error
        ) from error
    return found


def _save(engine: Engine, change: Callable[[tuple[Folder, ...]], tuple[Folder, ...]]) -> None:
    engine.change_settings(folders=change(engine.settings.folders))
