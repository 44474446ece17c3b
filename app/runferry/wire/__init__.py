"""The bytes of a transaction log: framing and record encoding. Standard library only, Python 3.8."""
