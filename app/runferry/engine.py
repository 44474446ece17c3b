"""Builds the parts and owns them; no logic of its own."""
