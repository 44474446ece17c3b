"""The page of what happened: newest first, filtered, copied."""
