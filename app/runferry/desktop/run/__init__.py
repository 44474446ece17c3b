"""The parts of the run page: curves, trees, console and files. Data in, picture out; nothing of the engine."""
