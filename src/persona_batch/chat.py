"""The words everyone speaks: messages, roles, token usage, finish reasons."""

from typing import Any, Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["system", "developer", "user", "assistant"]
Placement: TypeAlias = Literal["system", "developer", "user", "none"]
Thinking: TypeAlias = Literal["separate", "keep"]  # what becomes of a thought that a model writes into its text
JsonValue: TypeAlias = Any  # what JSON can say; params and extra_body pass through unread
Params: TypeAlias = dict[str, JsonValue]  # request parameters by their API names (temperature, max_tokens, …)


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One chat message as it is sent. `name` is the API's optional speaker name."""

    role: Role
    content: str
    name: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """Token counts as the endpoint reported them; None where it did not say (never 0).

    `cached_tokens` are those of the prompt that the endpoint had in its cache; not there where it says nothing of them.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        known = {name: getattr(self, name) for name in self.__struct_fields__}
        known["cached_tokens"] = self.cached
        return f"Usage({', '.join(f'{name}={value!r}' for name, value in known.items())})"

    @property
    def cached(self) -> int | None:
        """The tokens of the prompt that were in the endpoint's cache; None: it did not say."""
        return None if isinstance(self.cached_tokens, msgspec.UnsetType) else self.cached_tokens

    @property
    def together(self) -> int | None:
        """All tokens of the request, as far as they are known: the total, and no less than its parts."""
        parts = (self.prompt_tokens or 0) + (self.completion_tokens or 0)
        return max(parts, self.total_tokens or 0) or None
