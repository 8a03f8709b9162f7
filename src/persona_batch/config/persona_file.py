"""What a user writes in a persona file: one persona at the top level, or several under `personas`."""

from typing import Annotated

from pydantic import ConfigDict, Field

from persona_batch.config.check_entry import CheckEntry, PlainCheck
from persona_batch.config.params import ParamsBlock
from persona_batch.config.question_file import Checks, QuestionEntry, SpeakerEntry
from persona_batch.config.run_block import PLACEMENTS, LimitsBlock, ProviderBlock, RunBlock
from persona_batch.config.section import NonEmpty, Section

PERSONA_PLANNED = ("from",)

QuestionList = list[NonEmpty | QuestionEntry]


class SystemFile(Section):
    """A prompt that lives in a text file, relative to this one."""

    file: NonEmpty


class ExampleEntry(Section):
    """One few-shot turn."""

    user: NonEmpty
    assistant: NonEmpty


class SharedBlock(Section):
    """What may stand in a persona, or at the top for all personas of a file."""

    controls: list[NonEmpty] | None = Field(
        None, description="What it is compared with: none, empty, assistant, or personas of the run."
    )
    params: ParamsBlock | None = Field(None, description="Request parameters.")
    checks: Checks | None = Field(None, description="What replies must be like.")
    questions: QuestionList | None = Field(None, description="Question files or inline questions.")
    run: RunBlock | None = Field(None, description="How the batch is run.")


class PersonaEntry(SharedBlock):
    """One persona."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["system"]},
                {"required": ["placement"], "properties": {"placement": {"const": "none"}}},
                {"required": ["from"]},
            ]
        }
    )

    id: NonEmpty | None = Field(None, description="Letters, digits, `.`, `_`, `-`; by default the file's stem.")
    name: str | None = None
    description: str | None = None
    system: str | SystemFile | Annotated[list[str | SystemFile], Field(min_length=1)] | None = Field(
        None, description="The prompt, a file that holds it, or a list of paraphrases."
    )
    placement: PLACEMENTS | None = Field(None, description="Where the prompt stands; by default `system`.")
    examples: list[ExampleEntry] | None = Field(None, description="Few-shot turns.")
    attributes: dict[str, str] | None = Field(None, description="Factors to group by in comparisons.")
    control: bool | None = Field(None, description="Compare the other personas with this one.")
    from_: NonEmpty | None = Field(None, alias="from", description="Planned: a table with a persona per row.")


class PersonasFile(SharedBlock):
    """Several personas, and what holds for all of them."""

    personas: Annotated[list[PersonaEntry], Field(min_length=1)]


SECTIONS: dict[str, type[Section]] = {
    "personas": PersonaEntry,
    "system": SystemFile,
    "examples": ExampleEntry,
    "questions": QuestionEntry,
    "speaker": SpeakerEntry,
    "checks": CheckEntry,
    "not": PlainCheck,
    "run": RunBlock,
    "limits": LimitsBlock,
    "provider": ProviderBlock,
}
"""What a mapping below a key is."""
