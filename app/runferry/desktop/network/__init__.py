"""The page of servers: the retry loop of each, its last attempts, and the way to it looked at step by step."""
