"""The endpoints that are known by name; `presets.toml` has where they live and what is peculiar to each."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from persona_batch.chat import Params
from persona_batch.provider.batches import BatchFacts

_NOT_KNOWN = BatchFacts(share=Decimal(1))
"""Of an endpoint that is no preset: as OpenAI's, but what it costs nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One endpoint.

    `key_env`: variables that may hold the key, first one first; `params`: lowest in the merge of parameters;
    `per_day`: requests a day that an account has for free, counted in the time zone `day_zone`;
    `developer_role`: False sends such messages as `system`; `max_tokens_name`: how the endpoint calls that;
    `message_name`: the pattern of the names that messages may bear; `hears_names`: False where the model is never told
    of them; `lists_all`: a model that it does not list is not there (others take aliases, or any name at all); `own`:
    a program on the user's own machines, where nobody is paid for tokens; `batch`: its batch files (None: none).
    """

    name: str
    base_url: str = ""
    key_env: Sequence[str] = ()
    key: Literal["required", "optional", "none"] = "required"
    stream_options: bool = True
    developer_role: bool = False
    lists_all: bool = False
    own: bool = False
    message_name: str = ""
    hears_names: bool = True
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    per_day: int | None = None
    day_zone: str = "UTC"
    params: Params = field(default_factory=dict)
    batch: BatchFacts | None = None
    note: str = ""

    def at(self, base_url: str) -> Self:
        """Return the preset as it holds at a base URL: what is peculiar to an endpoint is not so at another host.

        `lists_all`, `own` and such a program's batch files stay: they go with a program, which may run anywhere.
        """
        if urlsplit(base_url).netloc == urlsplit(self.base_url).netloc:
            return self
        return replace(
            self,
            stream_options=True,
            developer_role=False,
            message_name="",
            max_tokens_name="max_tokens",
            per_day=None,
            day_zone="UTC",
            batch=self.batch if self.own else _NOT_KNOWN,
        )


CUSTOM = Preset(name="custom", key="none", batch=_NOT_KNOWN, note="any endpoint, by --base-url")

_FACTS = tomllib.loads(files(__package__).joinpath("presets.toml").read_text(encoding="utf-8"))


def _preset(name: str, facts: dict[str, Any]) -> Preset:
    batch = facts.pop("batch", None)
    if batch is not None:
        batch = BatchFacts(**{**batch, **({"share": Decimal(batch["share"])} if "share" in batch else {})})
    return Preset(name=name, batch=batch, **facts)


PRESETS: Mapping[str, Preset] = MappingProxyType({name: _preset(name, facts) for name, facts in _FACTS.items()})
