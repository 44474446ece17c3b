"""Helpers for tests; nothing in here is a test double of a part of the product."""
