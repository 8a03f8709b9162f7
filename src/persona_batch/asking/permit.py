"""Permission for one request, and word of how it went."""

from collections.abc import Mapping

from persona_batch.errors import ProviderError
from persona_batch.record import Record


class Permit:
    """Exactly one of `done`, `failed`, `abandon` must be called. This one costs nothing and tells nobody."""

    __slots__ = ()

    def accepted(self) -> None:
        """The endpoint began to answer."""

    def done(self, record: Record, headers: Mapping[str, str]) -> None:
        """The reply is complete; `headers` are the response's rate-limit headers, names in lower case."""

    def failed(self, error: ProviderError, headers: Mapping[str, str]) -> None:
        """The request failed."""

    def abandon(self) -> None:
        """The request was given up on its way."""
