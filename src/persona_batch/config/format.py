"""What a user may write in a persona file and in a question file: every key, its type and bounds, and what it says.

A key stands here and nowhere else, that of a check in `check_format`: the schemas that editors read, the errors with a
nearest name and the test of the reference pages come from it. One that is `planned` is documented and refused until it
is built.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from persona_batch.chat import JsonValue, Params, Placement, Thinking
from persona_batch.config.check_format import (
    CheckEntry,
    Checks,
    ChoicePattern,
    CustomBlock,
    PlainCheck,
    ShapeBlock,
    ShareBlock,
)
from persona_batch.config.section import (
    Asked,
    BaseUrl,
    Count,
    HeaderName,
    HeaderValue,
    HeldTo,
    Id,
    NonEmpty,
    Penalty,
    Planned,
    Positive,
    Seconds,
    Section,
    Texts,
    VariableName,
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


class SpeakerEntry(Section):
    """Who asks (planned)."""

    name: NonEmpty
    as_: Literal["system", "name", "prefix"] = Field("prefix", alias="as")


class QuestionEntry(Section):
    """One question."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["text"]}, {"required": ["turns"]}, {"required": ["from"]}]}
    )

    id: Id | None = Field(None, description="Unique in the run; by default made from the text.")
    text: Asked | None = Field(None, description="What is asked.")
    params: Parameters | None = Field(None, description="Request parameters of this question alone.")
    checks: Checks | None = Field(None, description="What replies to this question must be like.")
    cluster: Id | None = Field(
        None, description="Questions of one cluster are paraphrases: one unit of inference in comparisons."
    )
    from_: Annotated[NonEmpty | None, Planned] = Field(
        None, alias="from", description="Planned: a table with a question per row."
    )
    turns: Annotated[Annotated[list[NonEmpty], Field(min_length=1)] | None, Planned] = Field(
        None, description="Planned: the user messages of one talk."
    )
    probe: Annotated[NonEmpty | None, Planned] = Field(None, description="Planned: asked on a fork after each turn.")
    speaker: Annotated[NonEmpty | SpeakerEntry | None, Planned] = Field(None, description="Planned: who asks.")
    answer: str | int | bool | None = Field(None, description="The right answer, for the check `choice`.")


class QuestionFile(Section):
    """A set of questions."""

    id: Id | None = Field(None, description="By default the file's stem.")
    name: str | None = None
    description: str | None = None
    params: Parameters | None = Field(None, description="Request parameters of all questions.")
    checks: Checks | None = Field(None, description="What replies to all questions must be like.")
    cluster: Id | None = Field(None, description="The cluster of all questions that name none themselves.")
    template: Annotated[NonEmpty | None, Planned] = Field(
        None, description="Planned: a template around every question."
    )
    speaker: Annotated[NonEmpty | SpeakerEntry | None, Planned] = Field(None, description="Planned: who asks.")
    questions: Annotated[list[Asked | QuestionEntry], Field(min_length=1)]


class LimitsBlock(Section):
    """Ceilings per minute and per day."""

    rpm: Positive | None = Field(None, description="Requests per minute.")
    tpm: Positive | None = Field(None, description="Tokens per minute.")
    per_day: Positive | None = Field(None, description="Requests per day, counted over all runs.")


class ProviderBlock(Section):
    """An endpoint that is no preset, or a preset with additions."""

    name: NonEmpty | None = Field(None, description="A preset's name.")
    base_url: BaseUrl | None = Field(None, description="Where /chat/completions lives below.")
    api_key_env: VariableName | None = Field(None, description="The environment variable that holds the key.")
    api_key_header: HeaderName | None = Field(
        None, description="The header that carries the key, instead of `Authorization: Bearer …`."
    )
    extra_body: dict[str, JsonValue] | None = Field(None, description="Put into every request's body.")
    extra_headers: dict[HeaderName, HeaderValue] | None = Field(
        None, description="Sent with every request; `${VARIABLE}` stands for the value of a variable."
    )


class RunBlock(Section):
    """How the batch is run; every setting has an option of the same name that wins over it."""

    provider: NonEmpty | ProviderBlock | None = Field(None, description="A preset's name, or an endpoint.")
    model: Texts | None = Field(None, description="One model, or several as a factor.")
    samples: Positive | None = Field(None, description="How often each question is asked.")
    placement: Placement | Annotated[list[Placement], Field(min_length=1)] | None = Field(
        None, description="Where the personas stand, instead of their own placement; several as a factor."
    )
    concurrency: Positive | None = Field(None, description="Requests at the same time.")
    limits: LimitsBlock | None = None
    timeout: Seconds | None = Field(None, description="Seconds for a whole reply.")
    retries: Count | None = Field(None, description="Tries after the first one.")
    seed: int | None = Field(None, description="Seed of the order in which cells are asked.")
    thinking: Thinking | None = Field(
        None,
        description="Where a thought goes that the model wrote into its text: apart from the reply, or kept in it.",
    )


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
    params: Parameters | None = Field(None, description="Request parameters.")
    checks: Checks | None = Field(None, description="What replies must be like.")
    questions: list[Asked | QuestionEntry] | None = Field(None, description="Question files or inline questions.")
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

    id: Id | None = Field(None, description="Letters, digits, `.`, `_`, `-`; by default the file's stem.")
    name: str | None = None
    description: str | None = None
    system: str | SystemFile | Annotated[list[str | SystemFile], Field(min_length=1)] | None = Field(
        None, description="The prompt, a file that holds it, or a list of paraphrases."
    )
    placement: Placement | None = Field(None, description="Where the prompt stands; by default `system`.")
    examples: list[ExampleEntry] | None = Field(None, description="Few-shot turns.")
    attributes: dict[str, str] | None = Field(None, description="Factors to group by in comparisons.")
    control: bool | None = Field(None, description="Compare the other personas with this one.")
    from_: Annotated[NonEmpty | None, Planned] = Field(
        None, alias="from", description="Planned: a table with a persona per row."
    )


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
}
"""What a mapping below a key is."""
