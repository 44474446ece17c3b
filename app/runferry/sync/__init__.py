"""Carries runs to servers: scheduling, batching, the retry loop, verification."""
