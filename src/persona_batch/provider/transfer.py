"""Files of any size from and to an endpoint: read from the disk as they are sent, written to it as they come.

By an HTTP client of its own, for what is sent elsewhere is small and is sent from memory. Silence on a connection has
a limit; how long the whole takes has none.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, cast
from urllib.parse import urlencode

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream

from persona_batch.credentials import Redactor
from persona_batch.errors import MalformedReply, ProviderError
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.network import Proxy
from persona_batch.provider.sdk_client import HttpClient, new_place, open_client, open_http, taking, without_key
from persona_batch.provider.target import Target
from persona_batch.provider.translate import FOREIGN
from persona_batch.storage import storage_error, sync_folder

_AT_ONCE: Final = 4  # transfers
_TAKEN_IN: Final = 300.0  # seconds that an endpoint may be silent about a file that it has
_PLACED: Final = (301, 302, 303, 307, 308)
_NAMED: Final = "x-together-file-id"
_PIECE: Final = 1 << 16
_LONGEST: Final = 1 << 26  # bytes of a line that are held; no result is longer
_ACCEPTED: Final = "application/jsonl, application/octet-stream, */*"


class FileTransfer:
    """Sends files and fetches them; close it after use.

    Args:
        target: where.
        timeouts: `connect`, and `gap` between two reads or writes.
        proxy: the way there, if it is not straight.
        translate: makes one of our errors of a foreign one; `begun`: a part of the answer had come.
        most: bytes of a file that is fetched.
    """

    def __init__(
        self,
        target: Target,
        *,
        timeouts: Timeouts,
        proxy: Proxy | None,
        translate: Callable[..., ProviderError],
        most: int = 8 << 30,
    ) -> None:
        self._target = target
        self._timeouts = timeouts
        self._proxy = proxy
        self._translate = translate
        self._most = most
        self._opened: AsyncOpenAI | None = None
        self._http: HttpClient

    async def send(self, url: str, fields: Mapping[str, str], path: Path) -> bytes:
        """Post a file as a form's field `file`, beside others, and return the body of the answer.

        Raises:
            ProviderError: the endpoint could not be asked, or refused.
            StorageError: the file cannot be read.
        """
        try:
            file = path.open("rb")
        except OSError as error:
            raise storage_error(path, error) from error
        headers = {**without_key(self._target), "Content-Type": "multipart/form-data"}
        with file:
            try:
                response = await self._client().post(
                    url,
                    cast_to=httpx2.Response,
                    body=dict(fields),
                    files={"file": (path.name, file, "application/jsonl")},
                    options=self._options(headers, read=max(_TAKEN_IN, self._timeouts.gap)),
                )
            except (*FOREIGN, ProviderError) as error:
                raise self._translate(error) from error
        return response.content

    async def deposit(self, url: str, fields: Mapping[str, str], path: Path) -> str | None:
        """Ask by a form where a file is to be put, put it there, and return the id that the endpoint named for it.

        Raises:
            ProviderError: the endpoint could not be asked, or refused, or names no place.
            StorageError: the file cannot be read.
        """
        content = _Pieces(path)
        client = self._client()
        headers = {**without_key(self._target), "Content-Type": "application/x-www-form-urlencoded"}
        try:
            try:
                options = self._options(headers, read=self._timeouts.gap)
                await client.post(url, cast_to=httpx2.Response, content=urlencode(fields).encode(), options=options)
            except openai.APIStatusError as error:
                if error.status_code not in _PLACED or "location" not in error.response.headers:
                    raise
                place, named = new_place(error.response), error.response.headers.get(_NAMED)
            else:
                raise MalformedReply(f"{self._target.base_url} does not say where the file is to be put")
            await self._put(place, content)
        except (*FOREIGN, ProviderError) as error:
            raise self._translate(error) from error
        return named

    async def _put(self, place: httpx2.URL, content: "_Pieces") -> None:
        """Put a file at a place that bears its own permission: no key goes there."""
        request = httpx2.Request(
            "PUT",
            place,
            headers={"Content-Length": str(content.size), "Content-Type": "application/octet-stream"},
            content=content,
            extensions={"timeout": self._times(read=max(_TAKEN_IN, self._timeouts.gap)).as_dict()},
        )
        response = await self._http.send(request)
        if not response.is_success:
            raise openai.APIStatusError(f"HTTP {response.status_code}", response=response, body=response.text)

    async def fetch(self, url: str, path: Path) -> None:
        """Write what a URL gives into a file, which is whole and on the device when this returns, or as it was before.

        Keys of ours that the endpoint sends along are taken out.

        Raises:
            ProviderError: the endpoint could not be asked, or refused; the file is too long, or broke off.
            StorageError: it cannot be written.
        """
        beside = path.with_name(f".{path.name}.new")
        try:
            try:
                file = beside.open("wb", buffering=0)
            except OSError as error:
                raise storage_error(path, error) from error
            with file:
                await self._fetch(url, file, path)
                await asyncio.to_thread(_settle, file, beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    async def _fetch(self, url: str, file: IO[bytes], path: Path) -> None:
        response: httpx2.Response | None = None
        try:
            response = await self._get(url)
            lines = _CleanLines(self._target.redactor)
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > self._most:
                    raise MalformedReply(f"{self._target.base_url} sends a file of more than {self._most >> 20:,} MB")
                _write(file, lines.feed(part), path)
            _write(file, lines.rest(), path)
        except (*FOREIGN, ProviderError) as error:
            raise self._translate(error, begun=response is not None) from error
        finally:
            if response is not None:
                await response.aclose()

    async def _get(self, url: str) -> httpx2.Response:
        """Return the response when its headers are there."""
        headers = {**without_key(self._target), "Accept": _ACCEPTED}
        token = taking.set(True)
        try:
            got: object = await self._client().get(
                url,
                cast_to=httpx2.Response,
                options=self._options(headers, read=self._timeouts.gap),
                stream=True,
                stream_cls=AsyncStream[object],
            )
        finally:
            taking.reset(token)
        return cast("httpx2.Response", got)  # what `cast_to` asks for; the SDK's types know only streams

    def _client(self) -> AsyncOpenAI:
        if self._opened is None:
            self._http = open_http(
                self._target, concurrency=_AT_ONCE, connect=self._timeouts.connect, proxy=self._proxy, files=True
            )
            self._opened = open_client(self._target, self._http)
        return self._opened

    def _options(self, headers: Mapping[str, Any], *, read: float) -> Any:
        return {"headers": headers, "timeout": self._times(read=read)}

    def _times(self, *, read: float) -> httpx2.Timeout:
        connect, gap = self._timeouts.connect, self._timeouts.gap
        return httpx2.Timeout(connect=connect, pool=connect, write=gap, read=read)

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()


class _CleanLines:
    """Takes keys out of what an endpoint sends before it is written anywhere: whole lines, however they were cut."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._begun = bytearray()

    def feed(self, part: bytes) -> bytes:
        """Return the lines that have come to their end."""
        if not self._redactor:
            return part
        end = part.rfind(b"\n") + 1
        if not end and len(self._begun) + len(part) < _LONGEST:
            self._begun += part
            return b""
        whole = bytes(self._begun) + part[: end or None]
        self._begun = bytearray(part[end:] if end else b"")
        return self._cleaned(whole)

    def rest(self) -> bytes:
        """Return what came after the last line's end."""
        return self._cleaned(bytes(self._begun))

    def _cleaned(self, whole: bytes) -> bytes:
        return self._redactor.clean(whole.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


class _Pieces(httpx2.AsyncByteStream):
    """The bytes of a file, read anew whenever they are asked for.

    Raises:
        StorageError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise storage_error(path, error) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        except OSError as error:
            raise storage_error(self._path, error) from error


def _write(file: IO[bytes], part: bytes, path: Path) -> None:
    rest = memoryview(part)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise storage_error(path, error) from error


def _settle(file: IO[bytes], beside: Path, path: Path) -> None:
    """Bring a file onto the device, and in the place of the old one."""
    try:
        os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
