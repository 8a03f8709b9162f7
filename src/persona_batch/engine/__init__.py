"""Cells to an asynchronous stream of records: attempts, retries, limits."""
