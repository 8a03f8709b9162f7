"""From what was found to files of ours: staged, read back, and put in their place."""
