"""Widgets that several pages use; they know nothing of runs or servers."""
