"""An endpoint's batch API over HTTP, as `batches.BatchApi` has it; none of its methods asks twice by itself."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from persona_batch.credentials import Redactor
from persona_batch.errors import BadRequest
from persona_batch.provider.batch_states import Answers
from persona_batch.provider.batches import BatchFacts, BatchState
from persona_batch.provider.transfer import FileTransfer

_PAGE: Final = 100  # batches; the most that OpenAI gives at a time
_SECONDS: Final = 120.0  # for a batch to be made: some endpoints read the file through before they answer


class _Routes(Protocol):
    """What asks a route that answers at once: see `openai.OpenAIProvider.call`."""

    async def call(
        self,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = ...,
    ) -> bytes: ...

    def url(self, path: str) -> str: ...


class BatchClient:
    """The batch API of an open endpoint.

    Args:
        routes: the open endpoint.
        files: carries files from and to it.
        facts: what is peculiar to it.
        redactor: of the target.
    """

    def __init__(self, routes: _Routes, files: FileTransfer, facts: BatchFacts, redactor: Redactor) -> None:
        self._routes = routes
        self._files = files
        self._facts = facts
        self._answers = Answers(facts, redactor)

    async def upload(self, path: Path) -> str:
        """Upload a file of requests, read as it is sent; return its id.

        Raises:
            ProviderError: the endpoint refused it, or cannot be asked.
            StorageError: the file cannot be read.
        """
        fields, url = {"purpose": self._facts.purpose}, self._routes.url("/files")
        if self._facts.upload == "form":
            return self._answers.file_id(await self._files.send(url, fields, path))
        fields |= {"file_name": path.name, "file_type": "jsonl"}
        file = self._answers.checked_id(await self._files.deposit(url, fields, path), "the file")
        await self._routes.call(f"/files/{_part(file)}/preprocess", {}, seconds=_SECONDS)
        return file

    async def create(self, file: str, *, url: str, window: str | None, metadata: Mapping[str, str]) -> BatchState:
        """Make a batch of an uploaded file.

        An endpoint that knows `Idempotency-Key` makes one batch of a file, however often it is asked.

        Args:
            file: its id.
            url: what each line asks.
            window: within which the results are wanted, as `24h` or `7d`; None: it is not said.
            metadata: what the batch is to bear, where the endpoint keeps that.

        Raises:
            ProviderError: the endpoint refused; or the answer was lost, and whether there is a batch is not known.
        """
        body: dict[str, Any] = {"input_file_id": file, "endpoint": url, **self._facts.extra}
        if window is not None:
            body["completion_window"] = _in_hours(window)
        if metadata and self._facts.metadata:
            body["metadata"] = dict(metadata)
        key = {"Idempotency-Key": f"batch-of-{_part(file)}"}
        return self._answers.state(await self._routes.call("/batches", body, headers=key, seconds=_SECONDS))

    async def state(self, batch: str) -> BatchState:
        """Ask for a batch.

        Raises:
            ProviderError: the endpoint does not know it, or cannot be asked.
        """
        return self._answers.state(await self._routes.call(f"/batches/{_part(batch)}"))

    async def listed(self) -> AsyncIterator[BatchState]:
        """Yield the account's batches, the newest first.

        Raises:
            ProviderError: the endpoint has no list, or cannot be asked.
        """
        after: str | None = None
        seen: set[str] = set()
        while True:
            query = {"limit": str(_PAGE), **({} if after is None else {"after": after})}
            states, after = self._answers.page(await self._routes.call("/batches", query=query))
            new = [state for state in states if state.id not in seen]
            for state in new:
                seen.add(state.id)
                yield state
            if after is None or not new:  # or the endpoint does not know `after`
                return

    async def cancel(self, batch: str) -> BatchState:
        """Ask the endpoint to end a batch; what is done already may still have results.

        Raises:
            ProviderError: the endpoint does not know it, or it has ended, or it cannot be asked.
        """
        return self._answers.state(await self._routes.call(f"/batches/{_part(batch)}/cancel", {}))

    async def download(self, file: str, path: Path) -> None:
        """Write a file of the endpoint's, as it comes; `path` is whole and on the device when this returns.

        Raises:
            ProviderError: the endpoint does not have it, or broke off; `path` is as it was.
            StorageError: it cannot be written.
        """
        await self._files.fetch(self._routes.url(f"/files/{_part(file)}/content"), path)


def _in_hours(window: str) -> str:
    """Return a window of days in hours, which all endpoints take."""
    days = window.removesuffix("d")
    return f"{24 * int(days)}h" if window != days and days.isdecimal() else window


def _part(name: str) -> str:
    """Return an id, which a user may have typed, as a part of a path.

    Raises:
        BadRequest: it cannot be one.
    """
    if not name or not name.isprintable() or "/" in name or set(name) == {"."}:
        raise BadRequest(f"{name!r} is no id of a file or a batch")
    return quote(name, safe="")
