"""The sheet that adds runs: what was found, where each goes, what is sent; then how it goes, and what came of it."""
