"""Real local HTTP servers that tests talk to."""
