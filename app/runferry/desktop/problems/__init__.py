"""The page of what needs a person: one entry per thing, with what helps as a button."""
