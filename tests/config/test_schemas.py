"""The shipped JSON Schemas: as the models make them, and of one mind with the loader."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from config.wrong import Wrong
from config.wrong_shapes import SHAPES
from config.wrong_values import VALUES
from persona_batch.chat import Message, Usage
from persona_batch.config.format import SECTIONS, PersonaEntry
from persona_batch.config.section import known_keys
from persona_batch.record import CheckResult, ErrorInfo, Record, Timing
from persona_batch.record.record import encode
from persona_batch.schemas import KINDS, shipped
from persona_batch.schemas.generate import generate

REPOSITORY = Path(__file__).parents[2]
RIGHT = [
    *sorted(REPOSITORY.glob("personas/*.yaml")),
    *sorted(REPOSITORY.glob("prompts/*.yaml")),
    *sorted(Path(str(files("persona_batch"))).glob("starter/*/*.yaml")),
]
SEEN_BY_SCHEMA = ("unknown key", "expected", "is missing", "empty list", "cannot be set here: replies")
NOT_IN_SCHEMA = {  # what a schema does not say: names, places, and the parts that only the loader knows
    "persona without an id",
    "unknown control",
    "stream",
    "base URL",
    "key variable",
    "unknown language",
}


def validator(kind: str) -> Draft202012Validator:
    """Return a validator of a shipped schema."""
    schema = json.loads(shipped(kind))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_what_the_models_make(kind: str) -> None:
    assert shipped(kind) == generate(kind), "run `python -m persona_batch.schemas.generate`"


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_right_files_are_valid(path: Path) -> None:
    kind = "persona" if path.parent.name == "personas" else "questions"
    validator(kind).validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "wrong",
    [
        wrong
        for wrong in [*SHAPES, *VALUES]
        if any(words in wrong.problem for words in SEEN_BY_SCHEMA) and wrong.name not in NOT_IN_SCHEMA
    ],
    ids=lambda wrong: wrong.name,
)
def test_what_has_a_wrong_shape_is_invalid_too(wrong: Wrong) -> None:
    assert list(validator("persona").iter_errors(yaml.safe_load(wrong.content)))


def test_every_key_that_a_user_can_write_is_in_the_schema() -> None:
    schema = json.loads(shipped("persona"))
    assert set(schema["$defs"]["PersonaEntry"]["properties"]) == set(known_keys(PersonaEntry))
    for model in SECTIONS.values():
        assert set(schema["$defs"][model.__name__]["properties"]) == set(known_keys(model))


def record(**fields: Any) -> Any:
    """Return a record as it stands on disk."""
    base = {"key": "0" * 32, "run_id": "r", "persona": "p", "question": "q", "placement": "system", "provider": "local"}
    rest = {
        "model": "m",
        "params": {"temperature": 0.7},
        "messages": [Message("user", "你好")],
        "reply": "",
        "status": "ok",
    }
    return json.loads(encode(Record(**(base | rest | fields))))


def test_records_are_valid() -> None:
    check = validator("record")
    check.validate(record())
    check.validate(
        record(
            usage=Usage(1, None, 3),
            timing=Timing("2026-11-22T06:56:00.123Z", None, 1.5, 0),
            error=ErrorInfo("timeout", "too slow"),
            status="error",
            checks=[CheckResult("contains", passed=True, expected=["a"])],
            attributes={"world": "西游记"},
        )
    )


@pytest.mark.parametrize("change", [{"status": "fine"}, {"messages": "hi"}, {"attributes": {"a": 1}}, {"key": None}])
def test_what_is_no_record_is_invalid(change: dict[str, object]) -> None:
    assert list(validator("record").iter_errors(record() | change))
