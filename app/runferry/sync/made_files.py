"""Files that are made from the log when a run ends, as the official sync makes them."""

from __future__ import annotations

from runferry.formats.metadata import metadata_json
from runferry.formats.run_config import config_yaml
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes
from runferry.version import __version__


def make(source: Source, wishes: Wishes, summary: str) -> dict[str, bytes]:
    """Contents by name; a name that the log gives no reason for is left out."""
    content = source.reader.content
    made = {"config.yaml": config_yaml(content, __version__), "wandb-summary.json": summary}
    metadata = metadata_json(content)
    if metadata and "wandb-metadata.json" not in content.own_files:
        made["wandb-metadata.json"] = metadata
    if wishes.console and source.console.line_count:
        made["output.log"] = source.console_text()
    return {name: text.encode() for name, text in made.items()}
