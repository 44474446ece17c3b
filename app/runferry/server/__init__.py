"""The local server: the W&B protocol, server side, on plain files. Never imports `remote`."""
