"""Real terminals and pipes that tests run the real command in."""
