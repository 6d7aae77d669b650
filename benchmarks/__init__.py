"""Benchmarks: every figure is a ratio against a named reference of the same run. Never part of the tests."""
