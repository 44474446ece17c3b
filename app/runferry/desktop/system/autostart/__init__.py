"""Start at login: what the system really has, read back from it, and how it is changed."""

from runferry.desktop.system.autostart.choose import autostart, program
from runferry.desktop.system.autostart.state import Autostart, AutostartState

__all__ = ["Autostart", "AutostartState", "autostart", "program"]
