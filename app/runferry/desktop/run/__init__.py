"""The page of one run: what happens to it, its curves, config and summary, console, files, and every detail."""
