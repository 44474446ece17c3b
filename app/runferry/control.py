"""One owner per state folder, and the channel on which other commands reach it."""
