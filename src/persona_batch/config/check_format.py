"""What a user may write under `checks:`: every check, the type and bounds of what it is told, and what it says."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from persona_batch.chat import JsonValue
from persona_batch.checks.arguments import JsonType, Script
from persona_batch.checks.choosing import fold
from persona_batch.checks.language import Language
from persona_batch.config.section import Always, Count, NonEmpty, Pattern, Section, Texts, as_text, wrong


def _options(written: list[str | int | bool]) -> list[str]:
    """Return what may be chosen as texts, each of its own."""
    options = [as_text(one) for one in written]
    folded: dict[str, str] = {}
    for option in options:
        if not (plain := fold(option)):
            raise wrong("an option of `choice` is empty; write what may be answered")
        if plain in folded:
            raise wrong(f"the options `{folded[plain]}` and `{option}` of `choice` are one; keep one")
        folded[plain] = option
    return options


def _countable(words: Texts) -> Texts:
    for word in [words] if isinstance(words, str) else words:
        if not any(char.isalnum() for char in word):
            raise wrong(f"`{word}` has no letter and no digit that could be counted")
    return words


Portion: TypeAlias = Annotated[float, Field(ge=0, le=1)]
BareCheck = Literal["in_character", "one_sentence", "all_caps", "json"]
Options: TypeAlias = Annotated[list[NonEmpty | int | bool], Field(min_length=2), AfterValidator(_options)]
_ALWAYS: dict[str, JsonValue] = {"const": True}


class ShareBlock(Section):
    """Which share of a reply; `words` or `script`, and a bound."""

    words: Annotated[Texts, AfterValidator(_countable)] | None = Field(None, description="Words that are counted.")
    script: Script | None = Field(None, description="The script that is counted.")
    at_least: Portion | None = Field(None, description="The least share, from 0 to 1.")
    at_most: Portion | None = Field(None, description="The greatest share, from 0 to 1.")

    @model_validator(mode="after")
    def _one_thing_within_bounds(self) -> Self:
        if (self.words is None) == (self.script is None):
            raise wrong("`share_of` counts one thing; give it either `words` or `script`")
        if self.at_least is None and self.at_most is None:
            raise wrong("`share_of` needs a bound; add `at_least: 0.2` or `at_most: …`")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise wrong(f"`at_least` ({self.at_least:g}) is more than `at_most` ({self.at_most:g}): nothing can pass")
        return self


class ChoicePattern(Section):
    """How an answer is found where it is none of a list."""

    regex: Pattern = Field(description="Its first match is the answer: its first group, where it has one.")


class ShapeBlock(Section):
    """Of what shape the JSON is."""

    type: JsonType | None = Field(None, description="What the whole value is.")
    required: Annotated[list[NonEmpty], Field(min_length=1)] | None = Field(
        None, description="Keys that the object has."
    )

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.required is not None and self.type not in (None, "object"):
            raise wrong(f"only an object has keys; delete `type: {self.type}` or `required`")
        return self


class CustomBlock(Section):
    """A check of one's own; the keys beside its name are handed to it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    name: NonEmpty = Field(description="The name of its entry point in the group `persona_batch.checks`.")


class PlainCheck(Section):
    """What a reply must be like; exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    contains: Texts | None = Field(None, description="The reply contains this text (a list: one of these).")
    not_contains: Texts | None = Field(None, description="The reply contains none of this.")
    regex: Pattern | None = Field(None, description="The pattern is found somewhere in the reply.")
    equals: str | None = Field(None, description="The reply is this text, white space around it aside.")
    choice: Options | ChoicePattern | None = Field(
        None, description="The first of these in the reply is the question's `answer`."
    )
    one_sentence: Always | None = Field(None, description="The reply is one sentence.", json_schema_extra=_ALWAYS)
    all_caps: Always | None = Field(
        None, description="Every letter that has a capital is one.", json_schema_extra=_ALWAYS
    )
    language: Language | None = Field(None, description="The language it is mostly written in.")
    share_of: ShareBlock | None = Field(None, description="The share that words or a script have of the reply.")
    min_chars: Count | None = Field(None, description="At least so many Unicode characters.")
    max_chars: Count | None = Field(None, description="At most so many Unicode characters.")
    min_width: Count | None = Field(None, description="At least so wide; a Chinese character counts two.")
    max_width: Count | None = Field(None, description="At most so wide; a Chinese character counts two.")
    json_: Always | ShapeBlock | None = Field(None, alias="json", description="The reply is JSON, of this shape.")
    in_character: Always | None = Field(None, description='No "as an AI" and the like.', json_schema_extra=_ALWAYS)
    custom: NonEmpty | CustomBlock | None = Field(
        None, description="A check of one's own in Python, which `--custom-check NAME` turns on."
    )
    any_: "Checks | None" = Field(None, alias="any", min_length=1, description="One of these checks passes.")
    all_: "Checks | None" = Field(None, alias="all", min_length=1, description="All of these checks pass.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if (count := len(self.model_fields_set)) != 1:
            what = f"{count} keys" if count else "an empty mapping"
            raise wrong(f"found {what}, expected one check per entry; begin each with `- `")
        return self


class CheckEntry(PlainCheck):
    """One check, or its opposite under `not`."""

    not_: BareCheck | PlainCheck | None = Field(None, alias="not", description="The opposite of a check.")


Checks: TypeAlias = list[BareCheck | CheckEntry]
