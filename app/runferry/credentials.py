"""API keys: environment, keyring, netrc (only read)."""
