"""Readers: run folders and transaction logs turned into rows, console lines, files and settings."""
