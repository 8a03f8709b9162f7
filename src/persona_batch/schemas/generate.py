"""Make the shipped schemas from the models: `python -m persona_batch.schemas.generate` writes them anew."""

import json
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from persona_batch.comparing import MEASURES, Comparison
from persona_batch.config.format import PersonaEntry, PersonasFile, QuestionFile
from persona_batch.config.rubric_format import RubricFile
from persona_batch.record import Record
from persona_batch.schemas import KINDS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    "persona": "A persona file of persona-batch",
    "questions": "A question file of persona-batch",
    "rubric": "A rubric file of persona-batch",
    "record": "A line of records.jsonl of persona-batch",
    "comparison": "A comparison of personas, as `batch compare --format json` prints it",
}


class _WithoutNull(GenerateJsonSchema):
    """What may be left out may not be written as null, and has no default worth showing; but null may be a level."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def list_schema(self, schema: core_schema.ListSchema) -> JsonSchemaValue:
        made = super().list_schema(schema)
        if schema.get("items_schema", {}).get("type") == "nullable":
            made["items"] = {"anyOf": [made["items"], {"type": "null"}]}
        return made

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - the base class's signature
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def generate(kind: str) -> str:
    """Return one schema as JSON text.

    Raises:
        ValueError: `kind` is none of `KINDS`.
    """
    schema: dict[str, Any]
    match kind:
        case "persona":
            adapter: TypeAdapter[Any] = TypeAdapter(PersonaEntry | PersonasFile)
            schema = adapter.json_schema(schema_generator=_WithoutNull)
        case "questions":
            schema = QuestionFile.model_json_schema(schema_generator=_WithoutNull)
        case "rubric":
            schema = RubricFile.model_json_schema(schema_generator=_WithoutNull)
        case "record":
            schema = msgspec.json.schema(Record)
        case "comparison":
            schema = msgspec.json.schema(Comparison)
            names = {"enum": sorted(MEASURES)}
            schema["$defs"]["Estimate"]["properties"]["measure"] = names
            schema["$defs"]["Settings"]["properties"]["measures"]["items"] = names
        case _:
            raise ValueError(f"no schema of kind {kind!r}")
    titled = {"$schema": _DIALECT, **_dedented(schema), "title": _TITLES[kind]}
    return json.dumps(titled, ensure_ascii=False, indent=2) + "\n"


def _dedented(schema: Any) -> Any:
    """Take the indentation out of descriptions, as Python 3.13 does by itself."""
    if isinstance(schema, dict):
        return {
            key: cleandoc(value) if key == "description" and isinstance(value, str) else _dedented(value)
            for key, value in schema.items()
        }
    return [*map(_dedented, schema)] if isinstance(schema, list) else schema


if __name__ == "__main__":
    for name in KINDS:
        (Path(__file__).parent / f"{name}.schema.json").write_text(generate(name), encoding="utf-8", newline="\n")
