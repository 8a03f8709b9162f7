"""The base of every mapping that a user writes, and the kinds of values in it.

A value is checked and never converted. What no type can say (a base URL, the name of a variable, an id) is said by a
function here, which the options of the command line share.
"""

import re
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from persona_batch.checks.pattern import flaw_of
from persona_batch.config.names import normalise_id
from persona_batch.credentials import REMEDY, has_key, is_bare_key, is_reference, secret_in_query

HEADER_REMEDY = (
    "send it in a header: name its variable by `api_key_env` and the header by `api_key_header`, "
    "or write `${VARIABLE}` under `extra_headers`"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)  # in extra_headers: a variable's value stands here
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


class Section(BaseModel):
    """A mapping in a file: nothing is converted, nothing unknown is accepted."""

    # built when first used: a question file needs none of the models of a persona, and the other way round
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def known_keys(model: type[BaseModel]) -> list[str]:
    """Return a model's keys as they are written in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def base_url(value: str) -> str:
    """Return an endpoint's base URL as written.

    Raises:
        ValueError: it is no http(s) URL, or carries a credential; the value is never part of the message.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or " " in value or not value.isprintable():
        raise ValueError("expected a URL such as https://host/v1")
    if "@" in parts.netloc:
        raise ValueError(f"a base URL holds no user name or password; {REMEDY}")
    if parts.fragment:
        raise ValueError("a base URL ends before `#`; cut it off there")
    if (name := secret_in_query(parts.query)) is not None:
        raise ValueError(f"the query value {name!r} looks like a key, which no URL holds; {HEADER_REMEDY}")
    return value


def variable_name(value: str) -> str:
    """Return the name of an environment variable.

    Raises:
        ValueError: it is none, perhaps the key itself; the value is never part of the message.
    """
    if not _VARIABLE.fullmatch(value) or has_key(value) or is_bare_key(value):
        raise ValueError("expected the name of an environment variable such as MY_API_KEY, never the key itself")
    return value


def header_name(value: str) -> str:
    """Return a header's name.

    Raises:
        ValueError: it is none; the value, perhaps a key, is never part of the message.
    """
    if not _HEADER.fullmatch(value):
        raise ValueError("a header's name is one word of letters, digits and `-`")
    return value


def header_value(value: str) -> str:
    """Return what a header says, with `${VARIABLE}` where the value of a variable stands.

    Raises:
        ValueError: no header can say it, or the variable is written in another way.
    """
    if not value.isprintable():
        raise ValueError("a header's value is one line of printable text")
    if "${" in REFERENCE.sub("", value) or (is_reference(value) and REFERENCE.search(value) is None):
        raise ValueError("a variable is written ${MY_API_KEY}, with the name of one between the braces")
    return value


def _as_written(value: Any, check: Any) -> Any:
    check(value)
    return value  # 1 stays 1 where the type would make 1.0 of it: a cell's key knows the difference


def as_text(value: str | int | bool) -> str:
    """Return an answer as text; true and false in small letters, as YAML writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def wrong(message: str, kind: str = "wrong") -> PydanticCustomError:
    """Return the error of a value whose message is for the user as it is."""
    return PydanticCustomError(kind, "{error}", {"error": message})


def _row_id(written: str) -> str:
    """Return an id, or a template of the ids of a table's rows."""
    return written if "{{" in written or "{%" in written else _id(written)


def _planned(_: Any) -> Any:
    raise wrong("it is planned and not built yet", "planned")


def _id(written: str) -> str:
    try:
        return normalise_id(written)
    except ValueError as error:
        raise wrong(str(error), "id") from None


def _asked(text: str) -> str:
    if not text.strip():
        raise wrong("the question is empty; write something to ask")
    return text


def _pattern(text: str) -> str:
    if flaw := flaw_of(text):
        raise wrong(f"the pattern cannot be read: {flaw}")
    return text


def _always(value: bool, info: ValidationInfo) -> bool:  # what a file says
    if not value:
        name = (info.field_name or "").rstrip("_")
        raise wrong(f"found `false`; write {{not: {{{name}: true}}}} for the opposite")
    return value


class HeldTo:
    """The type of a mapping that a model looks at and that is kept as it is written."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_as_written, handler.generate_schema(self.model))


AsWritten = WrapValidator(_as_written)
Planned = BeforeValidator(_planned)
NonEmpty: TypeAlias = Annotated[str, Field(min_length=1)]
Texts: TypeAlias = NonEmpty | Annotated[list[NonEmpty], Field(min_length=1)]
Id: TypeAlias = Annotated[NonEmpty, AfterValidator(_id)]
RowId: TypeAlias = Annotated[NonEmpty, AfterValidator(_row_id)]
Asked: TypeAlias = Annotated[NonEmpty, AfterValidator(_asked)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]
Penalty: TypeAlias = Annotated[float, Field(ge=-2, le=2)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400), AsWritten]
Pattern: TypeAlias = Annotated[NonEmpty, AfterValidator(_pattern)]
Always: TypeAlias = Annotated[bool, AfterValidator(_always)]
BaseUrl: TypeAlias = Annotated[str, AfterValidator(base_url)]
VariableName: TypeAlias = Annotated[str, AfterValidator(variable_name)]
HeaderName: TypeAlias = Annotated[str, AfterValidator(header_name)]
HeaderValue: TypeAlias = Annotated[str, AfterValidator(header_value)]
