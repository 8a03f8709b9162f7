"""Results in sentences, in every language: what the terminal says, and later the page."""
