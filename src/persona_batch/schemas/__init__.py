"""JSON Schemas of what users write and of what a run leaves, shipped as files that editors and scripts can read."""

from importlib.resources import files

_FILES = {
    "persona": "schemas/persona.schema.json",
    "questions": "schemas/questions.schema.json",
    "record": "schemas/record.schema.json",
    "comparison": "comparing/comparison.schema.json",
}
KINDS = tuple(_FILES)


def shipped(kind: str) -> str:
    """Return the text of a shipped schema (one of `KINDS`)."""
    return files("persona_batch").joinpath(_FILES[kind]).read_text(encoding="utf-8")
