"""Every option once: type, default, range, help."""
