"""Ask every persona every question, keep every reply, and say whether a system prompt made a real difference."""

__version__ = "0.1.0"
