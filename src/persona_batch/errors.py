"""The tree of errors; each class carries the exit code that the command line ends with.

    BatchError                         1   (never raised itself)
    ├── UsageError                     2   wrong option, wrong file, missing key: before anything is sent
    │   └── ConfigError                2   one or many `Problem`s, each with file:line:column
    ├── StoppedEarly                   3   quota, budget or time limit; what is done is kept
    ├── RunLocked                      4   another process holds this run
    ├── StorageError                   3   disk full, folder removed, read-only: what is on disk is whole
    ├── Interrupted                  130   Ctrl-C or SIGTERM
    └── ProviderError                  1   one request failed; becomes a record with status `error`
        ├── ConnectionFailed               refused, reset, DNS, TLS; nothing of a reply came
        ├── TimedOut                       connecting, first token, between chunks, or whole reply
        ├── ProcessLost                    a process of our own died or hung; no failure of the endpoint's
        ├── StreamCut                      a stream that ended, or turned to garbage, in the middle
        ├── MalformedReply                 an answer that is no chat completion (an HTML page, broken JSON)
        ├── RateLimited                    429: too fast; carries `retry_after`
        ├── ServerFailed                   408, 409, 5xx, or an error object of that kind inside a stream
        ├── QuotaExhausted                 the account's or the day's quota is used up
        ├── AuthRefused                    401, 403
        ├── ModelUnknown                   404 for the model
        ├── ContextTooLong                 the prompt does not fit the model
        ├── ContentFiltered                the endpoint refused the content
        └── BadRequest                     any other 4xx

A user's mistake is shown as one line without a traceback; anything that is not a `BatchError` is a bug of
ours (see `cli.boundary`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

OUT_OF_MEMORY = (
    "there is no more memory; give the process more (`ulimit -v`), or ask with a lower --concurrency or fewer --workers"
)


class BatchError(Exception):
    """Root of all errors that have a clear message for the user."""

    exit_code: ClassVar[int] = 1


class UsageError(BatchError):
    """The command or its input is wrong; nothing was sent and nothing written."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in an input file, with its place and its remedy.

    `file` as the user named it; `line` and `column` count from 1 (0: the whole file).
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class ConfigError(UsageError):
    """All problems of all input files, reported together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[Sequence[Problem]], dict[str, Any]]:
        return type(self), (self.problems,), self.__dict__  # from another process it comes as it was


class StoppedEarly(BatchError):
    """A quota, budget or time limit was reached with work left; the run can be resumed."""

    exit_code = 3


class RunLocked(BatchError):
    """Another living process is writing this run."""

    exit_code = 4


class StorageError(BatchError):
    """The run folder can no longer be written; what is on disk is whole."""

    exit_code = 3


class Interrupted(BatchError):
    """Ctrl-C or SIGTERM; what was finished is on disk."""

    exit_code = 130


class ProviderError(BatchError):
    """One request failed.

    `kind` is the stable name that records carry; `retryable` says whether the same request may succeed later;
    `fatal` says that every other request of the run would fail the same way (a refused key, an
    unknown model, an empty account).
    `retry_after` is the endpoint's own word in seconds, or None.
    """

    kind: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    fatal: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id


class ConnectionFailed(ProviderError):
    """Refused, reset before the first byte, DNS or TLS."""

    kind = "connection"
    retryable = True


class TimedOut(ProviderError):
    """A time-out for connecting, the first token, the gap between chunks, or the whole reply."""

    kind = "timeout"
    retryable = True


class ProcessLost(ProviderError):
    """A process of ours that was asking (a worker, the embedded model's server) died or hung and is replaced.

    It says nothing of the endpoint and nothing of the cell, which is asked again however often others may be.
    """

    kind = "process"
    retryable = True


class StreamCut(ProviderError):
    """The stream ended, or turned to garbage, before its finish reason."""

    kind = "stream_cut"
    retryable = True


class MalformedReply(ProviderError):
    """The endpoint answered with something that is no chat completion."""

    kind = "malformed"


class RateLimited(ProviderError):
    """429: too many requests or tokens in a short time."""

    kind = "rate_limited"
    retryable = True


class ServerFailed(ProviderError):
    """The endpoint failed: 408, 409, 5xx."""

    kind = "server"
    retryable = True


class QuotaExhausted(ProviderError):
    """The account's balance or the day's quota is used up."""

    kind = "quota"
    fatal = True


class AuthRefused(ProviderError):
    """The key was refused or may not do this."""

    kind = "auth"
    fatal = True


class ModelUnknown(ProviderError):
    """The endpoint does not have this model."""

    kind = "model_unknown"
    fatal = True


class ContextTooLong(ProviderError):
    """The prompt does not fit the model's context."""

    kind = "context_too_long"


class ContentFiltered(ProviderError):
    """The endpoint refused to answer because of the content."""

    kind = "content_filter"


class BadRequest(ProviderError):
    """The endpoint refused the request as malformed or unsupported."""

    kind = "bad_request"
