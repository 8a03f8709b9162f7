"""The reference tables name everything that there is."""

from typing import get_args

import pytest

from docs.pages import ROOT
from persona_batch.chat import Placement
from persona_batch.checks.check import CheckKind
from persona_batch.checks.language import LANGUAGES
from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.check_format import CheckEntry, PlainCheck
from persona_batch.config.format import (
    SECTIONS,
    ExampleEntry,
    PersonaEntry,
    PersonasFile,
    QuestionEntry,
    QuestionFile,
    SystemFile,
)
from persona_batch.config.run_format import LimitsBlock, ProviderBlock, RunBlock
from persona_batch.config.section import Planned, Section, known_keys
from persona_batch.provider.presets import PRESETS
from persona_batch.record.manifest import Manifest, Session
from persona_batch.record.manifest import State as RunState
from persona_batch.record.record import CheckResult, ErrorInfo, Record, Status, Timing


def missing(page: str, names: list[str]) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [
        name for name in names if f"`{name}`" not in text and f"`{name}:" not in text and f"\n  {name}:" not in text
    ]


def described(section: type[Section]) -> dict[str, str]:
    """Return what the model says of each key."""
    return {field.alias or name: field.description or "" for name, field in section.model_fields.items()}


@pytest.mark.parametrize("struct", [Record, ErrorInfo, Timing, CheckResult, Manifest, Session])
def test_every_field_of_a_run_is_explained(struct: type[Record]) -> None:
    assert not missing("records.md", list(struct.__struct_fields__))


def test_every_status_and_state_is_explained() -> None:
    assert not missing("records.md", [*get_args(Status), *get_args(RunState)])


@pytest.mark.parametrize("model", [PersonaEntry, PersonasFile, RunBlock, ExampleEntry])
def test_every_key_of_a_persona_file_is_explained(model: type[Section]) -> None:
    assert not missing("personas.md", known_keys(model))


@pytest.mark.parametrize("model", [SystemFile, ProviderBlock, LimitsBlock])
def test_every_key_of_a_block_is_shown(model: type[Section]) -> None:
    text = (ROOT / "docs/personas.md").read_text(encoding="utf-8")
    assert [key for key in known_keys(model) if f"{{{key}: " not in text and f", {key}: " not in text] == []


@pytest.mark.parametrize("section", [CheckEntry, PlainCheck])
def test_every_check_is_explained(section: type[Section]) -> None:
    assert not missing("personas.md", [key for key, said in described(section).items() if "Planned: " not in said])


@pytest.mark.parametrize("section", [QuestionFile, QuestionEntry])
def test_every_key_of_a_question_file_is_explained(section: type[Section]) -> None:
    assert not missing("questions.md", known_keys(section))


@pytest.mark.parametrize("section", [*SECTIONS.values(), PersonasFile, QuestionFile])
def test_a_planned_key_says_so_and_is_refused(section: type[Section]) -> None:
    for name, field in section.model_fields.items():
        assert (Planned in field.metadata) == described(section)[field.alias or name].startswith("Planned: ")


def test_every_check_control_and_placement_is_explained() -> None:
    assert not missing("personas.md", [*get_args(CheckKind), *BUILT_IN, *get_args(Placement)])
    text = (ROOT / "docs/personas.md").read_text(encoding="utf-8")
    assert f"language: {', '.join(LANGUAGES)} |" in text


def test_every_preset_is_named_with_its_variable() -> None:
    variables = [preset.key_env[0] for preset in PRESETS.values() if preset.key_env]
    assert not missing("providers.md", [*PRESETS, *variables])
