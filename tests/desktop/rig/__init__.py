"""A small real X desktop: display, window manager, tray, notifications, keyring. Programs under test run beside it."""
