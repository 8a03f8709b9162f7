"""JSON Schemas of what users write and of what a run leaves, shipped as files that editors and scripts can read."""

from importlib.resources import files

KINDS = ("persona", "questions", "rubric", "record", "comparison")


def shipped(kind: str) -> str:
    """Return the text of a shipped schema (one of `KINDS`)."""
    return files(__name__).joinpath(f"{kind}.schema.json").read_text(encoding="utf-8")
