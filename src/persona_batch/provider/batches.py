"""What an endpoint's batch API is to us: a file of requests goes up, files of results come back, hours later.

As OpenAI defined it (`/files`, `/batches`) and others took it over; what is peculiar to each is preset data
(`BatchFacts`). A line is `{"custom_id", "method", "url", "body"}`; its result bears the `custom_id` again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

Phase: TypeAlias = Literal["going", "completed", "expired", "failed", "cancelled"]
"""What a batch comes to: still under way, or one of its ends; each end may have results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """An endpoint's batch files.

    `url`: what each line asks, `urls` the same for models with another; `lines` and `bytes` that a file may have;
    `windows`: within which a batch may be wanted, the usual one first (none: it is not said); `absent`: parameters that
    are refused; `metadata`: whether a batch bears a note of ours, `lists` whether the endpoint lists its batches;
    `words`: its own statuses, in lower case, where they are not OpenAI's; `share` of the usual price that is paid;
    `extra`: sent beside when a batch is made; `purpose` of the files that go up, by a `form`, or `signed`: the endpoint
    says where to put them; `offline`: no server takes the files, but a program that the user runs.
    """

    url: str = "/v1/chat/completions"
    urls: Mapping[str, str] = field(default_factory=dict)
    lines: int = 50_000
    bytes: int = 100_000_000
    windows: Sequence[str] = ("24h",)
    absent: Sequence[str] = ()
    metadata: bool = True
    lists: bool = True
    words: Mapping[str, Phase] = field(default_factory=dict)
    share: Decimal = Decimal("0.5")
    extra: Mapping[str, bool | str] = field(default_factory=dict)
    purpose: str = "batch"
    upload: Literal["form", "signed"] = "form"
    offline: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """A batch as the endpoint tells of it. Texts are fit to be shown.

    `said` is its own word for the `phase` (`known` False: a word that nobody knows, taken for one under way);
    `input_file`, `output_file` and `error_file` are ids of files (None: none, or not yet); `total`, `done` and `failed`
    count requests (None: not said); `created_at` and `expires_at` are seconds since 1970; `errors` say why the whole
    was refused.
    """

    id: str
    phase: Phase
    said: str
    known: bool = True
    input_file: str | None = None
    output_file: str | None = None
    error_file: str | None = None
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    created_at: float | None = None
    expires_at: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()


class BatchApi(Protocol):
    """An endpoint that takes batch files. None of these asks twice by itself; all raise `ProviderError`."""

    async def upload(self, path: Path) -> str:
        """Upload a file of requests, read as it is sent; return its id."""
        ...

    async def create(self, file: str, *, url: str, window: str | None, metadata: Mapping[str, str]) -> BatchState:
        """Make a batch of an uploaded file."""
        ...

    async def state(self, batch: str) -> BatchState:
        """Ask for a batch."""
        ...

    def listed(self) -> AsyncIterator[BatchState]:
        """Yield the account's batches, the newest first."""
        ...

    async def cancel(self, batch: str) -> BatchState:
        """Ask the endpoint to end a batch; what is done already may still have results."""
        ...

    async def download(self, file: str, path: Path) -> None:
        """Write a file of the endpoint's, as it comes; `path` is whole and on the device when this returns."""
        ...


@runtime_checkable
class TakesBatches(Protocol):
    """An open endpoint that may be asked for its batch API."""

    def batches(self) -> BatchApi:
        """Return it; whether the endpoint has one shows when it is asked."""
        ...
