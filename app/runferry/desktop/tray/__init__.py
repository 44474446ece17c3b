"""The icon in the tray and its menu: everything can be reached from here, and nothing is decided here."""
