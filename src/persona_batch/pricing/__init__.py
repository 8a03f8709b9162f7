"""What requests cost: prices per million tokens, whose they are, and sums that know what they do not know."""
