"""Measurements of `batch`, each a ratio against something else run in the same process tree: see docs/performance.md."""
