"""Freeing space: run folders that a server elsewhere verifiably has, into the trash."""
