"""The base of every model of what a user writes, and the types they share."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from persona_batch.chat import JsonValue


class Section(BaseModel):
    """A mapping in a file: nothing is converted, nothing unknown is accepted."""

    # built when first used: a question file needs none of the models of a persona, and the other way round
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


NonEmpty: TypeAlias = Annotated[str, Field(min_length=1)]
PlainParams: TypeAlias = dict[str, JsonValue]


def known_keys(model: type[BaseModel]) -> list[str]:
    """Return a model's keys as they are written in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]
