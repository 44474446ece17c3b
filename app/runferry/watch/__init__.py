"""Finds run folders and notices when they grow."""
