"""What a provider is: one request in, bursts of stream chunks out.

A burst is what one network read brought, so the cost of the asynchronous machinery is paid per read and not per
token. Providers never retry and never judge: `asking` folds the chunks into a reply and decides what to ask again.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self, TypeAlias

import msgspec

from persona_batch.chat import Message, Params, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """One chat completion to stream; `params` by their API names. Extra body and headers are the provider's."""

    model: str
    messages: Sequence[Message]
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, to the first byte of the stream, between two reads, and for the whole reply.

    `ending`: for what may follow the finish reason (token counts, the end mark), whatever else the endpoint sends.
    """

    connect: float = 10.0
    first_token: float = 60.0
    gap: float = 60.0
    total: float = 600.0
    ending: float = 5.0


HUNG_UP: Final = "hung_up"  # an error's code: somebody is there, but closed the connection
ELSEWHERE: Final = "elsewhere"  # and here: somebody is there, but sends us to where nobody is


class Chunk(msgspec.Struct, array_like=True, gc=False):
    """One stream event, flattened; None or "" where the event did not carry the thing."""

    content: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    refusal: str = ""


@dataclass(slots=True)
class Burst:
    """The chunks of one network read, with its arrival on the clock of `time.perf_counter_ns`.

    After the first text a burst may hold the chunks of several reads; `last_ns` is then the arrival of the last one
    (0: as `at_ns`).
    """

    at_ns: int
    chunks: Sequence[Chunk]
    last_ns: int = 0


Stream: TypeAlias = AsyncGenerator[Burst]


class Remark(NamedTuple):
    """Something that happened beside a request, for the log: an event and what is to be said of it.

    `replicas`: how many of a pool's are well now, as `2 of 3`; None: all.
    """

    event: str
    fields: Mapping[str, str | float]
    replicas: str | None = None


@dataclass(slots=True)
class StreamInfo:
    """What is known of a request besides its chunks; filled in by the provider while it streams.

    `sent_ns` is the moment of sending on the clock of `time.perf_counter_ns` (0: not sent yet);
    `headers` are the response's rate-limit headers, names in lower case;
    `messages` are those that went out, where the endpoint's quirks asked for other ones (None: as requested);
    `remarks` are what the log is to be told, also of other requests.
    """

    sent_ns: int = 0
    request_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    messages: Sequence[Message] | None = None
    remarks: Sequence[Remark] = ()


class Provider(Protocol):
    """An endpoint that streams chat completions. Use as an async context manager."""

    name: str
    identity: str

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
        """Stream one reply.

        Returns normally only when the reply is complete (a finish reason, `[DONE]`, or a whole JSON body).

        Raises:
            ProviderError: the request failed, before or in the middle of the reply.
        """
        ...

    async def models(self) -> list[str]:
        """Return the ids of the endpoint's models.

        Raises:
            ProviderError: the endpoint could not be asked.
        """
        ...
