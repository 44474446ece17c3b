"""Files that are made from the log when a run ends, as the official sync makes them."""

from __future__ import annotations

from collections.abc import Callable

from runferry.formats.metadata import metadata_json
from runferry.formats.run_config import config_yaml
from runferry.sync.source import Source
from runferry.sync.whole_run import WholeRun
from runferry.sync.wishes import Wishes

CONFIG, SUMMARY, METADATA, CONSOLE = "config.yaml", "wandb-summary.json", "wandb-metadata.json", "output.log"


def names(source: Source, wishes: Wishes) -> list[str]:
    """The names of what is made of a log that was read to its end."""
    content = source.reader.content
    has_metadata = metadata_json(content) and METADATA not in content.own_files
    has_console = wishes.console and source.console.line_count
    return [CONFIG, SUMMARY, *([METADATA] if has_metadata else []), *([CONSOLE] if has_console else [])]


def make(source: Source, wishes: Wishes, whole: WholeRun, console: Callable[[], str | None]) -> dict[str, bytes]:
    """Contents by name; a name that the log gives no reason for is left out.

    Of several logs of one run each makes the same ones, but for what the last one alone can tell. console: gives the
    run's console, None where there is none. Raises AppError.
    """
    content = source.reader.content
    made = {CONFIG: config_yaml(whole.config_value()), SUMMARY: whole.summary(is_over=True)}
    metadata = metadata_json(content) if whole.is_last else None
    if metadata and METADATA not in content.own_files:
        made[METADATA] = metadata
    if wishes.console and (text := console()):
        made[CONSOLE] = text
    return {name: text.encode() for name, text in made.items()}
