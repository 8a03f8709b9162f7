"""What a user may write in a persona file and in a question file: every key, its type and bounds, and what it says.

A key stands here and nowhere else, that of a check in `check_format`: the schemas that editors read, the errors with a
nearest name and the test of the reference pages come from it. One that is `planned` is documented and refused until it
is built.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, create_model, model_validator

from persona_batch.chat import JsonValue, Params, Placement
from persona_batch.config.check_format import (
    CheckEntry,
    Checks,
    ChoicePattern,
    CustomBlock,
    PlainCheck,
    ShapeBlock,
    ShareBlock,
)
from persona_batch.config.price_format import PriceBlock
from persona_batch.config.run_format import LimitsBlock, ProviderBlock, RunBlock
from persona_batch.config.section import (
    Asked,
    HeldTo,
    Id,
    NonEmpty,
    Penalty,
    Positive,
    RowId,
    Section,
    Texts,
    wrong,
)


class ParamsBlock(Section):
    """The parameters of the chat completions API; others are passed on as they are."""

    model_config = ConfigDict(extra="allow")

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Positive | None = None
    max_completion_tokens: Positive | None = None
    n: Literal[1] | None = None
    stop: Texts | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    logit_bias: dict[str, float] | None = None
    response_format: dict[str, JsonValue] | None = None
    reasoning_effort: NonEmpty | None = None
    user: NonEmpty | None = None


Parameters: TypeAlias = Annotated[Params, HeldTo(ParamsBlock)]


class FactorsBase(Section):
    """Factors of the grid: request parameters, each with its levels, and formats of questions."""

    model_config = ConfigDict(extra="allow")

    format: Annotated[dict[Id, NonEmpty], Field(min_length=1)] | None = Field(
        None, description="Templates around every question, by name; `{{ text }}` is the question."
    )

    @model_validator(mode="after")
    def _levels(self) -> Self:
        for name, levels in (self.model_extra or {}).items():
            if not isinstance(levels, list) or not levels:
                raise wrong(f"the factor `{name}` has no levels; write a list, as in `{name}: [1, 2]`")
        return self


_LEVELS: dict[str, Any] = {
    name: (Annotated[list[field.rebuild_annotation()], Field(min_length=1)] | None, None)  # type: ignore[misc]  # made of values
    for name, field in ParamsBlock.model_fields.items()
}
FactorsBlock = create_model("FactorsBlock", __base__=FactorsBase, __doc__=FactorsBase.__doc__, **_LEVELS)
Factors: TypeAlias = Annotated[dict[str, JsonValue], HeldTo(FactorsBlock)]


class SpeakerEntry(Section):
    """Who the user is."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["name"]}, {"required": ["persona"]}]})

    name: NonEmpty | None = Field(None, description="The user's name; by default that of the `persona`.")
    persona: NonEmpty | None = Field(None, description="A persona of the run that the user is.")
    as_: Literal["system", "name", "prefix"] = Field(
        "system", alias="as", description="Told by system text, by the message's `name`, or by a prefix to the message."
    )
    text: NonEmpty | None = Field(
        None,
        description="A template of the system text or the prefix: `{{ name }}`, `{{ description }}`, `{{ system }}`.",
    )


Speakers: TypeAlias = (
    NonEmpty | SpeakerEntry | Annotated[list[NonEmpty | SpeakerEntry | None], Field(min_length=1)] | None
)


class TurnEntry(Section):
    """One user message of a conversation."""

    text: Asked
    checks: Checks | None = Field(None, description="What the reply to this message must be like.")


class ProbeEntry(Section):
    """What is asked on a fork, and never enters the conversation."""

    text: Asked
    after: Annotated[list[Positive], Field(min_length=1)] | None = Field(
        None, description="The turns after which it is asked; by default each."
    )
    checks: Checks | None = Field(None, description="What the reply to the probe must be like.")


Probes: TypeAlias = Asked | ProbeEntry | Annotated[list[Asked | ProbeEntry], Field(min_length=1)]


class PartnerEntry(Section):
    """The persona that a talk is with."""

    persona: NonEmpty = Field(description="A persona of the run, or the file of one.")
    model: NonEmpty | None = Field(None, description="Its own model at the same endpoint.")


Imported: TypeAlias = Annotated[
    dict[str, JsonValue] | None,
    Field(description="What `batch import` found besides, kept as it was; never sent, and read by nobody."),
]


class QuestionEntry(Section):
    """One question."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["text"]}, {"required": ["turns"]}, {"required": ["from"]}]}
    )

    id: RowId | None = Field(None, description="Unique in the run; by default made from the text.")
    text: Asked | None = Field(None, description="What is asked.")
    params: Parameters | None = Field(None, description="Request parameters of this question alone.")
    checks: Checks | None = Field(None, description="What replies to this question must be like.")
    cluster: RowId | None = Field(
        None, description="Questions of one cluster are paraphrases: one unit of inference in comparisons."
    )
    from_: NonEmpty | None = Field(
        None,
        alias="from",
        description="A table with a question per row (.csv, .tsv, .json, .jsonl, .parquet); the texts are templates.",
    )
    turns: Annotated[list[Asked | TurnEntry], Field(min_length=1)] | None = Field(
        None, description="The user's messages of one conversation, instead of `text`."
    )
    probe: Probes | None = Field(None, description="Asked on a fork after each turn, or after some.")
    with_: NonEmpty | PartnerEntry | None = Field(
        None, alias="with", description="A persona that goes on talking as the user, after `text`."
    )
    rounds: Positive | None = Field(None, description="Replies of a talk `with` another persona.")
    speaker: Speakers = Field(None, description="Who asks; a list is a factor, null in it nobody in particular.")
    answer: str | int | bool | None = Field(None, description="The right answer, for the check `choice`.")
    imported: Imported = None


class QuestionFile(Section):
    """A set of questions."""

    id: Id | None = Field(None, description="By default the file's stem.")
    name: str | None = None
    description: str | None = None
    params: Parameters | None = Field(None, description="Request parameters of all questions.")
    checks: Checks | None = Field(None, description="What replies to all questions must be like.")
    cluster: Id | None = Field(None, description="The cluster of all questions that name none themselves.")
    template: NonEmpty | None = Field(
        None, description="A template around every message of the user; `{{ text }}` is the message."
    )
    speaker: Speakers = Field(None, description="Who asks the questions that say nothing of it themselves.")
    questions: Annotated[list[Asked | QuestionEntry], Field(min_length=1)]
    imported: Imported = None


class SystemFile(Section):
    """A prompt that lives in a text file, relative to this one."""

    file: NonEmpty


class ExampleEntry(Section):
    """One few-shot turn; what the persona says unasked (a greeting) has no `user`."""

    user: NonEmpty | None = Field(None, description="Left out: the persona speaks first.")
    assistant: NonEmpty


class SharedBlock(Section):
    """What may stand in a persona, or at the top for all personas of a file."""

    controls: list[NonEmpty] | None = Field(
        None, description="What it is compared with: none, empty, assistant, or personas of the run."
    )
    params: Parameters | None = Field(None, description="Request parameters.")
    checks: Checks | None = Field(None, description="What replies must be like.")
    questions: list[Asked | QuestionEntry] | None = Field(None, description="Question files or inline questions.")
    factors: Factors | None = Field(
        None, description="Request parameters and formats of questions as factors of the grid."
    )
    probe: Probes | None = Field(None, description="Asked on a fork after the turns of every conversation.")
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

    id: RowId | None = Field(None, description="Letters, digits, `.`, `_`, `-`; by default the file's stem.")
    name: str | None = None
    description: str | None = None
    system: str | SystemFile | Annotated[list[str | SystemFile], Field(min_length=1)] | None = Field(
        None, description="The prompt, a file that holds it, or a list of paraphrases."
    )
    placement: Placement | None = Field(None, description="Where the prompt stands; by default `system`.")
    examples: list[ExampleEntry] | None = Field(None, description="Few-shot turns.")
    attributes: dict[str, str] | None = Field(None, description="Factors to group by in comparisons.")
    imported: Imported = None
    control: bool | None = Field(None, description="Compare the other personas with this one.")
    from_: NonEmpty | None = Field(
        None,
        alias="from",
        description="A table with a persona per row (.csv, .tsv, .json, .jsonl, .parquet); the texts are templates.",
    )


class PersonasFile(SharedBlock):
    """Several personas, and what holds for all of them."""

    personas: Annotated[list[PersonaEntry], Field(min_length=1)]
    imported: Imported = None


SECTIONS: dict[str, type[Section]] = {
    "personas": PersonaEntry,
    "system": SystemFile,
    "examples": ExampleEntry,
    "questions": QuestionEntry,
    "speaker": SpeakerEntry,
    "turns": TurnEntry,
    "probe": ProbeEntry,
    "with": PartnerEntry,
    "factors": FactorsBlock,
    "checks": CheckEntry,
    "any": CheckEntry,
    "all": CheckEntry,
    "not": PlainCheck,
    "choice": ChoicePattern,
    "share_of": ShareBlock,
    "json": ShapeBlock,
    "custom": CustomBlock,
    "run": RunBlock,
    "limits": LimitsBlock,
    "provider": ProviderBlock,
    "price": PriceBlock,
}
"""What a mapping below a key is."""
