"""Witnesses 见证人 of the ledger: who registered one, and the cosignatures they hand in."""
