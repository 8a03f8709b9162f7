"""Templates of other tools, rendered as they would be there, in the house's sandbox."""
