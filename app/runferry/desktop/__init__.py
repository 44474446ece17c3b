"""The window and the tray icon. Qt and pyqtgraph are imported here only, and never in a headless start."""

from runferry.desktop import lean as lean
