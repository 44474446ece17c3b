"""Which panes the settings have, in order, and how each is made when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runferry.desktop.context import Context
from runferry.desktop.settings.advanced_pane import AdvancedPane
from runferry.desktop.settings.certificates_pane import CertificatesPane
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.folders_pane import FoldersPane
from runferry.desktop.settings.general_pane import GeneralPane
from runferry.desktop.settings.network_pane import NetworkPane
from runferry.desktop.settings.pane import FormPane, Pane
from runferry.desktop.settings.servers_pane import ServersPane
from runferry.desktop.settings.storage_pane import StoragePane
from runferry.desktop.text import tr


@dataclass(frozen=True)
class Kind:
    """One pane. `sections`: of the options that it shows as a form."""

    name: str
    title: str
    icon: str
    make: Callable[[Context, Desk, Kind], Pane]
    sections: tuple[str, ...] = ()


def _form(context: Context, desk: Desk, kind: Kind) -> Pane:
    return FormPane(tr(kind.title), context, desk, *kind.sections, hint=_HINTS.get(kind.name, ""))


_HINTS = {
    "privacy": "Runferry reports nothing home. What a sync sends can be seen before it is sent, in the sheet that opens "
    "when run folders are dropped.",
    "metrics": "Measured by this app from outside, for runs on this computer. The training is never touched.",
}

PANES = (
    Kind("general", "General", "nav-general", GeneralPane, ("General", "Notifications")),
    Kind("servers", "Servers", "nav-servers", ServersPane, ("Servers",)),
    Kind("folders", "Folders", "nav-folders", FoldersPane, ("Folders",)),
    Kind("network", "Network", "nav-network", NetworkPane, ("Network",)),
    Kind("certificates", "Certificates", "nav-certificates", CertificatesPane, ("Security",)),
    Kind("storage", "Storage", "nav-storage", StoragePane, ("Storage",)),
    Kind("privacy", "Privacy", "nav-privacy", _form, ("Privacy",)),
    Kind("metrics", "Host metrics", "nav-metrics", _form, ("Host metrics",)),
    Kind("advanced", "Advanced", "nav-advanced", AdvancedPane, ("Advanced",)),
)
