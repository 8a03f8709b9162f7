"""What a user writes in a question file."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from persona_batch.chat import JsonValue
from persona_batch.config.check_entry import CheckEntry
from persona_batch.config.params import ParamsBlock
from persona_batch.config.section import NonEmpty, Section

BareCheck = Literal["in_character"]
Checks = list[BareCheck | CheckEntry]

QUESTION_PLANNED = ("from", "turns", "probe", "speaker", "answer")
FILE_PLANNED = ("template", "speaker")


class SpeakerEntry(Section):
    """Who asks (planned)."""

    name: NonEmpty
    as_: Literal["system", "name", "prefix"] = Field("prefix", alias="as")


class QuestionEntry(Section):
    """One question."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["text"]}, {"required": ["turns"]}, {"required": ["from"]}]}
    )

    id: NonEmpty | None = Field(None, description="Unique in the run; by default made from the text.")
    text: NonEmpty | None = Field(None, description="What is asked.")
    params: ParamsBlock | None = Field(None, description="Request parameters of this question alone.")
    checks: Checks | None = Field(None, description="What replies to this question must be like.")
    from_: NonEmpty | None = Field(None, alias="from", description="Planned: a table with a question per row.")
    turns: Annotated[list[NonEmpty], Field(min_length=1)] | None = Field(
        None, description="Planned: the user messages of one talk."
    )
    probe: NonEmpty | None = Field(None, description="Planned: asked on a fork after each turn.")
    speaker: NonEmpty | SpeakerEntry | None = Field(None, description="Planned: who asks.")
    answer: JsonValue = Field(None, description="Planned: the right answer.")


class QuestionFile(Section):
    """A set of questions."""

    id: NonEmpty | None = Field(None, description="By default the file's stem.")
    name: str | None = None
    description: str | None = None
    params: ParamsBlock | None = Field(None, description="Request parameters of all questions.")
    checks: Checks | None = Field(None, description="What replies to all questions must be like.")
    template: NonEmpty | None = Field(None, description="Planned: a template around every question.")
    speaker: NonEmpty | SpeakerEntry | None = Field(None, description="Planned: who asks.")
    questions: Annotated[list[NonEmpty | QuestionEntry], Field(min_length=1)]
