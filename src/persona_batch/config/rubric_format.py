"""What a user may write in a rubric file: every key, its type, and what it says."""

from typing import Annotated

from pydantic import ConfigDict, Field

from persona_batch.config.format import Parameters
from persona_batch.config.section import Asked, Id, NonEmpty, Pattern, Section


class ScoreBlock(Section):
    """What scores there are, and how a judge's words become one."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["min", "max"]}, {"required": ["labels"]}]})

    min: float | None = Field(None, description="The lowest score.")
    max: float | None = Field(None, description="The highest score.")
    labels: Annotated[dict[NonEmpty, float], Field(min_length=2)] | None = Field(
        None, description="Words instead of numbers, each with its score."
    )
    fractions: bool | None = Field(None, description="true: scores between whole numbers count too.")
    pattern: Pattern | None = Field(
        None,
        description="A regular expression that finds the score in the judge's words; its first group, if it has one.",
    )
    refusal: NonEmpty | None = Field(
        None, description="The word by which the judge says that the reply declined: no score, and counted apart."
    )
    parts: Annotated[list[Id], Field(min_length=2)] | None = Field(
        None, description="Names of sub-scores, each given as `name: score`; the score is their mean."
    )


class RubricFile(Section):
    """How a judge is asked about a reply, and what its answer is worth."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["score"]}, {"properties": {"pairwise": {"const": True}}}]}
    )

    id: Id | None = Field(None, description="By default the file's stem.")
    name: str | None = None
    description: str | None = None
    system: NonEmpty | None = Field(None, description="The judge's system message, a template too.")
    text: Asked = Field(
        description="What the judge is asked, a template: `{{ question }}`, `{{ reply }}`, `{{ persona }}`, "
        "`{{ answer }}`; pairwise `{{ reply_a }}` and `{{ reply_b }}`."
    )
    score: ScoreBlock | None = Field(None, description="The scores of a rubric for single replies.")
    pairwise: bool | None = Field(
        None, description="true: two replies are set beside each other, in both orders; the judge names A, B or a tie."
    )
    params: Parameters | None = Field(None, description="Request parameters; by default `temperature: 0`.")
