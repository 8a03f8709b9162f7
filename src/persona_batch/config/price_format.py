"""What a user may write as `price:`, and the prices that it means."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from persona_batch.config.section import AsWritten, NonEmpty, Section, known_keys
from persona_batch.pricing.currencies import currency
from persona_batch.pricing.price import FREE, Price

EVERY_MODEL = ""  # the name under which a price stands that holds for all models
SOURCE = "the file"
_MOST = 1_000_000_000  # of any currency; what is more is no price of tokens

Amount: TypeAlias = Annotated[float, Field(ge=0, le=_MOST), AsWritten]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1), AsWritten]
Currency: TypeAlias = Annotated[str, AfterValidator(currency), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]


class PriceBlock(Section):
    """What a million tokens cost."""

    input: Amount = Field(description="A million tokens of prompts.")
    output: Amount = Field(description="A million tokens of replies, with what was thought.")
    cached_input: Amount | None = Field(
        None, description="A million tokens of prompts that the endpoint had in its cache; by default as `input`."
    )
    batch: Share | None = Field(
        None,
        description="The share of it that is paid for what comes in batch files (`--engine batch`), as 0.5; by default "
        "what is known of the endpoint.",
    )
    currency: Currency = Field(description="Its ISO code: CNY, USD, EUR, …")


def _shape(written: Any) -> str:
    if not isinstance(written, Mapping):
        return _shape_of_one(written)
    nested = written and all(isinstance(value, Mapping | str) for value in written.values())
    return "models" if nested and not set(written) & set(known_keys(PriceBlock)) else "price"


def _shape_of_one(written: Any) -> str:
    return "word" if isinstance(written, str) else "price"


Word: TypeAlias = Literal["free"]
OnePrice: TypeAlias = Annotated[
    Annotated[Word, Tag("word")] | Annotated[PriceBlock, Tag("price")], Discriminator(_shape_of_one)
]
Prices: TypeAlias = Annotated[
    Annotated[Word, Tag("word")]
    | Annotated[PriceBlock, Tag("price")]
    | Annotated[dict[NonEmpty, OnePrice], Field(min_length=1), Tag("models")],
    Discriminator(_shape),
]


def prices_said(said: Any) -> dict[str, Price]:
    """Return a `price:` as prices by model; one for all of them stands under `EVERY_MODEL`."""
    if isinstance(said, dict):
        return {model: _price(one) for model, one in said.items()}
    return {EVERY_MODEL: _price(said)}


def _price(said: Literal["free"] | PriceBlock) -> Price:
    if not isinstance(said, PriceBlock):
        return Price(input=FREE.input, output=FREE.output, source=SOURCE)
    return Price(
        input=_exact(said.input),
        output=_exact(said.output),
        cached_input=None if said.cached_input is None else _exact(said.cached_input),
        currency=said.currency,
        batch=None if said.batch is None else _exact(said.batch),
        source=SOURCE,
    )


def _exact(written: float) -> Decimal:
    return Decimal(str(written))
