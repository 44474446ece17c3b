"""The list of runs: a table that stays quick and quiet with ten thousand of them."""
