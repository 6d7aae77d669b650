"""The same request twice is one act (fault 21)."""
