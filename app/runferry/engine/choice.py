"""Which server is meant when several could be: decision 3, in one place.

`--server`, else `WANDB_BASE_URL`, else the folder's or the app's setting, else the local one, unless a W&B key is
found: then nobody can know what the person wants, and both answers are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runferry.credentials import cloud_in_netrc, has_wandb_key
from runferry.errors import UsageError
from runferry.servers import CLOUD, CLOUD_URLS, LOCAL, check_server
from runferry.settings import Settings


@dataclass(frozen=True)
class Choice:
    """A server by name (``local``) or URL, and who chose it. `is_named`: on the command line or in WANDB_BASE_URL."""

    server: str
    source: str
    is_named: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the local server is meant."""
        return self.server == LOCAL


def choose(named: str, environ: Mapping[str, str], settings: Settings, folder_server: str = "") -> Choice:
    """The server in force. Raises UsageError when a person has to choose, or the address is none."""
    if named:
        return _made(check_server(named), "--server", settings, environ, is_named=True)
    if environ.get("WANDB_BASE_URL"):
        return _made(check_server(environ["WANDB_BASE_URL"]), "WANDB_BASE_URL", settings, environ, is_named=True)
    if folder_server:
        return _made(check_server(folder_server), "the folder's setting", settings, environ)
    if settings.server:
        return _made(check_server(settings.server), "the setting `server`", settings, environ)
    found = has_wandb_key(environ)
    if found:
        raise UsageError(
            "server-not-chosen",
            "Which server?",
            f"A W&B key was found ({found}), and no server is chosen. Nothing was sent.",
            "Say `--server cloud` for W&B's cloud, or `--server local` for this computer.",
        )
    return Choice(LOCAL, "the default")


def _made(checked: str, source: str, settings: Settings, environ: Mapping[str, str], is_named: bool = False) -> Choice:
    if checked == CLOUD:
        checked = settings.cloud_url or cloud_in_netrc(environ) or CLOUD_URLS[0]
    return Choice(checked or LOCAL, source, is_named)
