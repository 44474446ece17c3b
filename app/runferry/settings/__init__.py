"""Every option once: type, default, range, help; loading and saving. Secrets are never settings."""

from runferry.settings.folder import Folder, FolderMode
from runferry.settings.model import OPTIONS, Origin, Settings
from runferry.settings.option import Kind, Option
from runferry.settings.per_server import ServerSettings, for_server, with_server
from runferry.settings.wandb_files import wandb_settings

__all__ = [
    "OPTIONS",
    "Folder",
    "FolderMode",
    "Kind",
    "Option",
    "Origin",
    "ServerSettings",
    "Settings",
    "for_server",
    "wandb_settings",
    "with_server",
]
