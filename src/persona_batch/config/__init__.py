"""Files to validated, frozen models; every problem with its file, line and column."""
