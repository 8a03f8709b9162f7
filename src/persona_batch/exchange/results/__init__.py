"""Results of other tools, taken in as runs."""
