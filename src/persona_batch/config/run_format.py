"""What a user may write as `run:`: the endpoint, its limits, what it costs, and how the batch is run."""

from typing import Annotated

from pydantic import Field

from persona_batch.chat import JsonValue, Placement, Thinking
from persona_batch.config.price_format import Prices
from persona_batch.config.section import (
    BaseUrl,
    Count,
    HeaderName,
    HeaderValue,
    Id,
    NonEmpty,
    Positive,
    Seconds,
    Section,
    Texts,
    VariableName,
)


class LimitsBlock(Section):
    """Ceilings per minute and per day."""

    rpm: Positive | None = Field(None, description="Requests per minute.")
    tpm: Positive | None = Field(None, description="Tokens per minute.")
    per_day: Positive | None = Field(None, description="Requests per day, counted over all runs.")


class ProviderBlock(Section):
    """An endpoint that is no preset, or a preset with additions."""

    name: NonEmpty | None = Field(None, description="A preset's name.")
    id: Id | None = Field(
        None, description="What keys and records call the endpoint instead of its URL; needed with `base_urls`."
    )
    base_url: BaseUrl | None = Field(None, description="Where /chat/completions lives below.")
    base_urls: Annotated[list[BaseUrl], Field(min_length=1)] | None = Field(
        None, description="The same for several replicas of one endpoint, among which requests are spread."
    )
    api_key_env: VariableName | None = Field(None, description="The environment variable that holds the key.")
    api_key_header: HeaderName | None = Field(
        None, description="The header that carries the key, instead of `Authorization: Bearer …`."
    )
    extra_body: dict[str, JsonValue] | None = Field(None, description="Put into every request's body.")
    extra_headers: dict[HeaderName, HeaderValue] | None = Field(
        None, description="Sent with every request; `${VARIABLE}` stands for the value of a variable."
    )
    price: Prices | None = Field(
        None, description="What a million tokens cost there: for all models, or by model; `free`: nothing."
    )


class RunBlock(Section):
    """How the batch is run; every setting but the price has an option of the same name that wins over it."""

    provider: NonEmpty | ProviderBlock | None = Field(None, description="A preset's name, or an endpoint.")
    model: Texts | None = Field(None, description="One model, or several as a factor.")
    price: Prices | None = Field(None, description="What a million tokens cost, wherever it is run.")
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
