"""The `run:` block of a persona file."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from persona_batch.chat import JsonValue, Thinking
from persona_batch.config.section import NonEmpty, Section
from persona_batch.credentials import REMEDY, has_key, is_bare_key, is_reference, secret_in_query

PLACEMENTS = Literal["system", "developer", "user", "none"]

HEADER_REMEDY = (
    "send it in a header: name its variable by `api_key_env` and the header by `api_key_header`, "
    "or write `${VARIABLE}` under `extra_headers`"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)  # in extra_headers: a variable's value stands here
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


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


def _header_value(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a header's value is one line of printable text")
    if "${" in REFERENCE.sub("", value) or (is_reference(value) and REFERENCE.search(value) is None):
        raise ValueError("a variable is written ${MY_API_KEY}, with the name of one between the braces")
    return value


BaseUrl = Annotated[str, AfterValidator(base_url)]
VariableName = Annotated[str, AfterValidator(variable_name)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


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
    api_key_header: Annotated[str, AfterValidator(header_name)] | None = Field(
        None, description="The header that carries the key, instead of `Authorization: Bearer …`."
    )
    extra_body: dict[str, JsonValue] | None = Field(None, description="Put into every request's body.")
    extra_headers: (
        dict[Annotated[str, AfterValidator(header_name)], Annotated[str, AfterValidator(_header_value)]] | None
    ) = Field(None, description="Sent with every request; `${VARIABLE}` stands for the value of a variable.")


class RunBlock(Section):
    """How the batch is run; every setting has an option of the same name that wins over it."""

    provider: NonEmpty | ProviderBlock | None = Field(None, description="A preset's name, or an endpoint.")
    model: NonEmpty | Annotated[list[NonEmpty], Field(min_length=1)] | None = Field(
        None, description="One model, or several as a factor."
    )
    samples: Positive | None = Field(None, description="How often each question is asked.")
    placement: PLACEMENTS | Annotated[list[PLACEMENTS], Field(min_length=1)] | None = Field(
        None, description="Where the personas stand, instead of their own placement; several as a factor."
    )
    concurrency: Positive | None = Field(None, description="Requests at the same time.")
    limits: LimitsBlock | None = None
    timeout: Seconds | None = Field(None, description="Seconds for a whole reply.")
    retries: Annotated[int, Field(ge=0)] | None = Field(None, description="Tries after the first one.")
    seed: int | None = Field(None, description="Seed of the order in which cells are asked.")
    thinking: Thinking | None = Field(
        None,
        description="Where a thought goes that the model wrote into its text: apart from the reply, or kept in it.",
    )
