"""What is in a run, for `runferry inspect`: the whole log is read once, nothing is sent or written."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.formats.console import Console
from runferry.formats.damage import damage_report
from runferry.formats.detect import NotARun, RunFolder, identify, not_a_run
from runferry.formats.readers import open_reader
from runferry.formats.summary import final_summary_value
from runferry.status import DamageReport

DEEPEST = 100  # levels of a value that are shown


@dataclass(frozen=True)
class Inspection:
    """One run. `keys`: of the history, nested ones joined with dots. `files`: named in the log or in ``files/``."""

    path: str
    run_id: str
    project: str
    entity: str
    name: str
    config: dict[str, Any]
    tags: tuple[str, ...]
    rows: int
    keys: tuple[str, ...]
    summary: dict[str, Any]
    events: int
    console_lines: int
    files: tuple[str, ...]
    exit_code: int | None
    writer: str
    damage: DamageReport | None

    def as_dict(self) -> dict[str, Any]:
        """Ready for strict JSON: non-finite numbers are texts, and so is what is nested too deep."""
        told = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        told["damage"] = dataclasses.asdict(self.damage) if self.damage else None
        plain: dict[str, Any] = strict(told)
        return plain


def inspect(path: Path) -> Inspection:
    """Read the run at `path`: a log or a run folder. Raises `AppError` where there is none that can be read."""
    folder = identify(path)
    if isinstance(folder, NotARun):
        raise not_a_run(folder)
    return _read(folder, folder.log)


def _read(folder: RunFolder, log: Path) -> Inspection:
    reader, console, files = open_reader(log), Console(), set(_on_disk(folder.files_dir))
    at_end = False
    while not at_end:
        batch = reader.read(finished=True)
        at_end = batch.at_end
        files.update(entry.path for entry in batch.files)
        for chunk in batch.console:
            console.feed(chunk)
        console.take_changed()
        console.drop_before(console.line_count)
    content = reader.content
    config = content.config.value()
    config.pop("_wandb", None)
    return Inspection(
        path=str(folder.path),
        run_id=content.run.run_id or folder.run_id,
        project=content.run.project,
        entity=content.run.entity,
        name=content.run.name,
        config=config,
        tags=content.run.tags,
        rows=content.rows,
        keys=tuple(sorted(".".join(key) for key in content.keys)),
        summary=final_summary_value(log, content),
        events=content.events,
        console_lines=console.line_count,
        files=tuple(sorted(files)),
        exit_code=content.exit_code,
        writer=content.writer,
        damage=damage_report(content),
    )


def _on_disk(folder: Path) -> list[str]:
    return [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()]


def strict(value: Any, depth: int = 0) -> Any:
    """A value as strict JSON can hold it."""
    if isinstance(value, (dict, list, tuple)) and depth == DEEPEST:
        return "(nested too deep to be shown)"
    if isinstance(value, dict):
        return {str(key): strict(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
