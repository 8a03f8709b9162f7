"""A check as a user writes it: one key per entry, e.g. `{contains: 俺老孙}` or `{not: {contains: AI}}`."""

from typing import Annotated

from pydantic import ConfigDict, Field

from persona_batch.chat import JsonValue
from persona_batch.checks import Check
from persona_batch.checks.language import Language
from persona_batch.checks.pattern import flaw_of
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, found
from persona_batch.config.problems import Problems, did_you_mean, quote
from persona_batch.config.section import NonEmpty, Section

Texts = NonEmpty | Annotated[list[NonEmpty], Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]


class PlainCheck(Section):
    """What a reply must be like; exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    contains: Texts | None = Field(None, description="The reply contains this text (a list: one of these).")
    not_contains: Texts | None = Field(None, description="The reply contains none of this.")
    regex: NonEmpty | None = Field(None, description="The pattern is found somewhere in the reply.")
    equals: str | None = Field(None, description="The reply is this text, white space around it aside.")
    min_chars: Count | None = Field(None, description="At least so many Unicode characters.")
    max_chars: Count | None = Field(None, description="At most so many Unicode characters.")
    language: Language | None = Field(None, description="The language it is mostly written in.")
    in_character: bool | None = Field(
        None, description='No "as an AI" and the like.', json_schema_extra={"const": True}
    )
    choice: JsonValue = Field(None, description="Planned: the first match is the answer.")
    one_sentence: JsonValue = Field(None, description="Planned: the reply is one sentence.")
    all_caps: JsonValue = Field(None, description="Planned: the reply is in capitals.")
    share_of: JsonValue = Field(None, description="Planned: the share of given words.")
    json_: JsonValue = Field(None, alias="json", description="Planned: the reply is JSON.")


class CheckEntry(PlainCheck):
    """One check, or its opposite under `not`."""

    not_: PlainCheck | None = Field(None, alias="not", description="The opposite of a check.")


BARE = ("in_character",)
PLANNED = ("choice", "one_sentence", "all_caps", "share_of", "json")
_KINDS = tuple(field.alias or name for name, field in CheckEntry.model_fields.items())


def read_checks(node: Node | None, problems: Problems) -> tuple[Check, ...]:
    """Return the checks of a validated list; what the models cannot say is noted here."""
    if not isinstance(node, Sequence):
        return ()
    checks = (_read(item, problems, negated=False) for item in node.items)
    return tuple(check for check in checks if check is not None)


def _read(node: Node, problems: Problems, *, negated: bool) -> Check | None:
    if isinstance(node, Scalar) and node.value in BARE:
        return Check("in_character", True, negated)
    if not isinstance(node, Mapping):
        if isinstance(node, Scalar) and node.kind == "text":
            near = did_you_mean(node.written, _KINDS)
            problems.add_first(node.place, f"unknown check {quote(node.written)}{near or ', expected `{contains: …}`'}")
        else:
            problems.add_first(node.place, f"found {found(node)}, expected a check such as {{contains: …}}")
        return None
    if len(node.entries) != 1:
        what = f"{len(node.entries)} keys" if node.entries else "an empty mapping"
        problems.add_first(node.place, f"found {what}, expected one check per entry; begin each with `- `")
        return None
    ((kind, (key, value)),) = node.entries.items()
    if kind == "not":
        if negated:
            problems.add_first(key.place, "`not` inside of `not`; write the check itself")
            return None
        return _read(value, problems, negated=True)
    if kind in PLANNED:
        problems.add_first(key.place, f"the check `{kind}` is planned and not built yet; delete it or use `regex`")
        return None
    return _check(kind, value, problems, negated=negated)


def _check(kind: str, value: Node, problems: Problems, *, negated: bool) -> Check | None:
    argument: str | int | bool | tuple[str, ...]
    match value:
        case Sequence():
            argument = tuple(str(item.value) for item in value.items if isinstance(item, Scalar))
        case Scalar(value=str() | int() | bool() as argument):
            pass
        case _:
            return None
    if kind == "regex" and isinstance(argument, str) and (flaw := flaw_of(argument)):
        problems.add_first(value.place, f"the pattern cannot be read: {flaw}")
        return None
    if kind == "in_character" and argument is False:
        problems.add_first(value.place, "found `false`; write {not: {in_character: true}} for the opposite")
    if kind not in _KINDS:
        return None
    return Check(kind, argument, negated)  # type: ignore[arg-type]  # the models hold `kind` to CheckKind
