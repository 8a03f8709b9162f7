"""Records to a Comparison; pure."""
