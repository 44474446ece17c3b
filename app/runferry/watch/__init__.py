"""Finds run folders and notices when they grow. `watcher` loads watchdog, so it is not imported from here."""
