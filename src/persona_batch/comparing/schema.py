"""The JSON Schema of a comparison, generated from its types.

`python -m persona_batch.comparing.schema` writes `comparison.schema.json` beside this module.
"""

from pathlib import Path

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.measures import MEASURES

SHIPPED = Path(__file__).with_name("comparison.schema.json")


def comparison_schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of what `batch compare --format json` prints."""
    schema = msgspec.json.schema(Comparison)
    names = {"enum": sorted(MEASURES)}
    schema["$defs"]["Estimate"]["properties"]["measure"] = names
    schema["$defs"]["Settings"]["properties"]["measures"]["items"] = names
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A comparison of personas, as `batch compare --format json` prints it",
        **schema,
    }


def schema_text() -> str:
    """Return the schema as the shipped file has it."""
    return msgspec.json.format(msgspec.json.encode(comparison_schema()), indent=2).decode() + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(schema_text(), encoding="utf-8")
