"""What a run and its worker processes tell each other, as length-prefixed MessagePack over a socket pair."""

import asyncio
import struct
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

from persona_batch.chat import Message, Params
from persona_batch.provider.base import Chunk, Timeouts
from persona_batch.provider.presets import Preset

_LENGTH: Final = struct.Struct(">I")


class Setup(msgspec.Struct, tag=True):
    """The first frame: which endpoint, as in `target.Target`; `live`: hand on each burst as it comes."""

    preset: Preset
    base_url: str
    identity: str
    api_key: str | None
    api_key_header: str | None
    extra_body: Params
    extra_headers: Mapping[str, str]
    header_secrets: list[str]
    ambient: bool
    concurrency: int
    timeouts: Timeouts
    live: bool


class Ask(msgspec.Struct, tag=True):
    """Stream one reply."""

    id: int
    model: str
    messages: list[Message]
    params: Params


class Drop(msgspec.Struct, tag=True):
    """Nobody waits for this reply any more."""

    id: int


class ListModels(msgspec.Struct, tag=True):
    """Ask the endpoint for its models."""

    id: int


class Got(msgspec.Struct, tag=True):
    """A part of a reply; see `base.Burst`."""

    id: int
    at_ns: int
    chunks: list[Chunk]
    last_ns: int


class Models(msgspec.Struct, tag=True):
    """The endpoint's models."""

    id: int
    names: list[str]


class Told(msgspec.Struct):
    """`base.StreamInfo`, as far as it is known."""

    sent_ns: int
    request_id: str | None
    headers: dict[str, str]
    messages: list[Message] | None


class Ended(msgspec.Struct, tag=True):
    """The reply is whole."""

    id: int
    told: Told


class Failed(msgspec.Struct, tag=True):
    """The request failed; the fields are those of `errors.ProviderError`, `kind` names its class."""

    id: int
    told: Told | None
    kind: str
    message: str
    http_status: int | None
    code: str | None
    retry_after: float | None
    request_id: str | None


ToWorker: TypeAlias = Setup | Ask | Drop | ListModels
FromWorker: TypeAlias = Got | Ended | Failed | Models

encode = msgspec.msgpack.Encoder().encode
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode


class FrameStream(asyncio.Protocol):
    """Cuts what comes into frames and hands each to `on_frame`; `lost` is set when the other end is gone."""

    def __init__(self, on_frame: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def send(self, frame: ToWorker | FromWorker) -> None:
        """Write a frame; does nothing when the other end is gone."""
        if self._transport is not None:
            payload = encode(frame)
            self._transport.write(_LENGTH.pack(len(payload)) + payload)

    def close(self) -> None:
        """Close once everything is written."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            self._on_frame(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # however it was lost
        """See `asyncio.BaseProtocol`."""
        self._transport = None
        self._on_lost()
