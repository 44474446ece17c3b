"""Which server is meant when several could be: decision 3, in one place.

`--server`, else `WANDB_BASE_URL` (whose twin `RUNFERRY_SERVER` wins over it), else the folder's or the app's setting,
else the local one, unless a W&B key is found: then nobody can know what the person wants, and both answers are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runferry.credentials import has_wandb_key, known_cloud_url
from runferry.errors import UsageError
from runferry.servers import CLOUD, LOCAL, check_server
from runferry.settings import Settings


@dataclass(frozen=True)
class Choice:
    """A server by name (``local``) or URL, and who chose it. `named`: what ``--server`` said, for the choice of key."""

    server: str
    source: str
    named: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the local server is meant."""
        return self.server == LOCAL


def choose(named: str, environ: Mapping[str, str], settings: Settings, folder_server: str = "") -> Choice:
    """The server in force. Raises UsageError when a person has to choose, or the address is none."""
    if named:
        return _made(check_server(named), "--server", settings, environ, named)
    if environ.get("RUNFERRY_SERVER", "").strip():
        return _made(check_server(environ["RUNFERRY_SERVER"].strip()), "RUNFERRY_SERVER", settings, environ)
    if environ.get("WANDB_BASE_URL"):
        return _made(check_server(environ["WANDB_BASE_URL"]), "WANDB_BASE_URL", settings, environ)
    if folder_server:
        return _made(check_server(folder_server), "the folder's setting", settings, environ)
    if settings.server:
        return _made(check_server(settings.server), "the setting `server`", settings, environ)
    if has_wandb_key(environ):
        raise UsageError(
            "server-not-chosen",
            "Which server?",
            "A W&B key was found (WANDB_API_KEY or netrc), and no server is chosen. Nothing was sent.",
            "Say `--server cloud` for W&B's cloud, or `--server local` for this computer.",
        )
    return Choice(LOCAL, "the default")


def _made(checked: str, source: str, settings: Settings, environ: Mapping[str, str], named: str = "") -> Choice:
    if checked == CLOUD:
        checked = settings.cloud_url or known_cloud_url(environ)
    return Choice(checked or LOCAL, source, named)
