"""Character cards, and the characters of other front ends."""
