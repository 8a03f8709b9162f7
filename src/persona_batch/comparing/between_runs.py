"""What differs between two runs besides the replies: prompts, models, failures; plain facts."""

from typing import Literal

import msgspec


class PromptDiff(msgspec.Struct, frozen=True):
    """How a persona's prompt differs between two runs, as unified-diff lines without headers."""

    persona: str
    variant: int
    added: int
    removed: int
    lines: list[str]


class CellName(msgspec.Struct, frozen=True, order=True):
    """A cell by its factors, for lists of failures."""

    persona: str
    variant: int
    question: str
    speaker: str | None
    placement: str
    model: str
    sample: int


class ModelChange(msgspec.Struct, frozen=True):
    """A model that answered under another name or fingerprint than before."""

    model: str
    field: Literal["model_returned", "system_fingerprint"]
    before: list[str]
    after: list[str]


class RunChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs besides the replies."""

    prompts: list[PromptDiff]
    models: list[ModelChange]
    new_failures: list[CellName]
    lost_failures: list[CellName]
    new_check_failures: list[CellName]
    lost_check_failures: list[CellName]
    only_before: list[str]
    only_after: list[str]
