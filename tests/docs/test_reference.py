"""The reference tables name everything that there is."""

from typing import get_args

import pytest

from docs.pages import ROOT
from persona_batch.chat import Placement
from persona_batch.checks.check import CheckKind
from persona_batch.checks.language import LANGUAGES
from persona_batch.config.controls import BUILT_IN
from persona_batch.config.format import PersonaEntry, QuestionFile, RunBlock
from persona_batch.provider.presets import PRESETS
from persona_batch.record.manifest import Manifest, Session
from persona_batch.record.manifest import State as RunState
from persona_batch.record.record import CheckResult, ErrorInfo, Record, Status, Timing


def missing(page: str, names: list[str]) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [
        name for name in names if f"`{name}`" not in text and f"`{name}:" not in text and f"\n  {name}:" not in text
    ]


@pytest.mark.parametrize("struct", [Record, ErrorInfo, Timing, CheckResult, Manifest, Session])
def test_every_field_of_a_run_is_explained(struct: type[Record]) -> None:
    assert not missing("records.md", list(struct.__struct_fields__))


def test_every_status_and_state_is_explained() -> None:
    assert not missing("records.md", [*get_args(Status), *get_args(RunState)])


@pytest.mark.parametrize("model", [PersonaEntry, RunBlock])
def test_every_key_of_a_persona_file_is_explained(model: type[PersonaEntry]) -> None:
    assert not missing("personas.md", [field.alias or name for name, field in model.model_fields.items()])


def test_every_key_of_a_question_file_is_explained() -> None:
    assert not missing("questions.md", list(QuestionFile.model_fields))


def test_every_check_control_and_placement_is_explained() -> None:
    assert not missing("personas.md", [*get_args(CheckKind), *BUILT_IN, *get_args(Placement)])
    text = (ROOT / "docs/personas.md").read_text(encoding="utf-8")
    assert f"language: {', '.join(LANGUAGES)} |" in text


def test_every_preset_is_named_with_its_variable() -> None:
    variables = [preset.key_env[0] for preset in PRESETS.values() if preset.key_env]
    assert not missing("providers.md", [*PRESETS, *variables])
