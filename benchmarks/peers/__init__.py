"""The same cells for other tools, each run in a throw-away environment of its own."""
