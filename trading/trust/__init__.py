"""The trust list 信任列表: which CAs are recognised, since when, by whose decision (R-700, R-701)."""
