"""Measurements of `batch`, each a ratio to something else run in the same process tree (docs/performance.md)."""
