"""What was delivered where, in SQLite."""
