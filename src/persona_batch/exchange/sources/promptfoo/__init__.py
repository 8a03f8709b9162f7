"""Configs of promptfoo."""
