"""The first start: where runs lie, where they go, and a sample run to watch. Also reachable later."""
