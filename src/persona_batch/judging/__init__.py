"""Replies to scores: a second pass through asking, by a judge and a rubric."""
