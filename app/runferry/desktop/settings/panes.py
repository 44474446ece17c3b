"""Which panes the settings have, in order, and how each is made when it is first shown."""

from __future__ import annotations

from runferry.desktop.context import Context
from runferry.desktop.settings.advanced_pane import AdvancedPane
from runferry.desktop.settings.certificates_pane import CertificatesPane
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.folders_pane import FoldersPane
from runferry.desktop.settings.general_pane import GeneralPane
from runferry.desktop.settings.network_pane import NetworkPane
from runferry.desktop.settings.pane import FormPane, Pane, PaneKind
from runferry.desktop.settings.servers_pane import ServersPane
from runferry.desktop.settings.storage_pane import StoragePane


def _form(context: Context, desk: Desk, kind: PaneKind) -> Pane:
    return FormPane(context, desk, kind, _HINTS.get(kind.name, ""))


_HINTS = {
    "privacy": "Runferry reports nothing home. What a sync sends can be seen before it is sent: in the sheet that "
    "opens when run folders are dropped.",
    "metrics": "Measured by this app from outside, for runs on this computer. The training is never touched.",
}

PANES = (
    PaneKind("general", "General", "nav-general", GeneralPane, ("General", "Notifications")),
    PaneKind("servers", "Servers", "nav-servers", ServersPane, ("Servers",)),
    PaneKind("folders", "Folders", "nav-folders", FoldersPane, ("Folders",)),
    PaneKind("network", "Network", "nav-network", NetworkPane, ("Network",)),
    PaneKind("certificates", "Certificates", "nav-certificates", CertificatesPane, ("Security",)),
    PaneKind("storage", "Storage", "nav-storage", StoragePane, ("Storage",)),
    PaneKind("privacy", "Privacy", "nav-privacy", _form, ("Privacy",)),
    PaneKind("metrics", "Host metrics", "nav-metrics", _form, ("Host metrics",)),
    PaneKind("advanced", "Advanced", "nav-advanced", AdvancedPane, ("Advanced",)),
)
