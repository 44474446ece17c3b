"""Runferry: records machine-learning runs, and carries them to where people look at them."""
