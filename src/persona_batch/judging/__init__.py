"""Judging replies by another model: the rubric, what is asked of the judge, and what its words are worth."""
