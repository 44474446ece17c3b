"""Builds the parts and owns them: the one thing that fronts (terminal, window) talk to."""
