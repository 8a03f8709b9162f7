"""What an endpoint's batch API answers → `BatchState`, ids of files, pages of a list.

Spellings differ: the batch may stand inside `job`, statuses come in capitals, times as seconds, milliseconds or ISO
8601, counts beside the batch or inside it. All of it is untrusted: an id becomes a part of a path and stands in the
run's files, so it must be one word without a slash; other texts are made fit to be shown.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from persona_batch.credentials import Redactor
from persona_batch.errors import MalformedReply
from persona_batch.provider import refusal
from persona_batch.provider.batches import BatchFacts, BatchState, Phase

_PHASES: Final[Mapping[str, Phase]] = {
    "validating": "going",
    "in_progress": "going",
    "finalizing": "going",
    "cancelling": "going",
    "completed": "completed",
    "failed": "failed",
    "expired": "expired",
    "cancelled": "cancelled",
    # other spellings of the same
    "in_queue": "going",
    "queued": "going",
    "pending": "going",
    "running": "going",
    "progress": "going",
    "processing": "going",
    "canceling": "going",
    "canceled": "cancelled",
    "complete": "completed",
    "succeeded": "completed",
}
_ID: Final = re.compile(r"[!-.0-~]{1,1024}")  # ASCII that is printed, but for blanks and `/`
_LATEST: Final = 1e11  # seconds; a larger number counts milliseconds
_TOLD: Final = 10  # of the errors
_PAIRS: Final = 32  # of the metadata
_FEW: Final = 1_000  # characters of a word that is looked at


class Answers:
    """Reads an endpoint's answers.

    Args:
        facts: for its own words.
        redactor: of the target.
    """

    def __init__(self, facts: BatchFacts, redactor: Redactor) -> None:
        self._words: Mapping[str, Phase] = {**_PHASES, **facts.words}
        self._clean = redactor.clean_all

    def file_id(self, content: bytes) -> str:
        """Return the id of a file that was uploaded.

        Raises:
            MalformedReply: the answer has none, or one that cannot be used.
        """
        body = self._object(content)
        inner = body.get("data") or body.get("file")
        return self.checked_id(body.get("id", inner.get("id") if isinstance(inner, dict) else None), "the file")

    def state(self, content: bytes) -> BatchState:
        """Return the batch that an answer tells of.

        Raises:
            MalformedReply: it tells of none.
        """
        return self._state(self._object(content))

    def page(self, content: bytes) -> tuple[list[BatchState], str | None]:
        """Return the batches of a page, and the id after which the next page begins; None: there is none.

        Raises:
            MalformedReply: it is no list of batches.
        """
        body = self._decoded(content)
        listed = body.get("data") if isinstance(body, dict) else body
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise MalformedReply(f"not a list of batches: {self._excerpt(content)}", http_status=200)
        found = [self._state(one) for one in listed]
        more = isinstance(body, dict) and body.get("has_more") is True and found
        return found, found[-1].id if more else None

    def checked_id(self, said: object, what: str) -> str:
        """Return an id of the endpoint's as it is.

        Raises:
            MalformedReply: it is none, or may not become a part of a path or of a file of ours.
        """
        text = str(said) if isinstance(said, int) and not isinstance(said, bool) else said
        if not isinstance(text, str) or not text:
            raise MalformedReply(f"the answer does not say the id of {what}", http_status=200)
        if _ID.fullmatch(text) is None or set(text) == {"."} or self._clean(text) != text:
            raise MalformedReply(f"the id of {what} cannot be one: {self._shown(text)}", http_status=200)
        return text

    def _state(self, body: Mapping[str, Any]) -> BatchState:
        for name in ("job", "data"):
            if isinstance(body.get(name), dict):
                body = body[name]
        status = body.get("status")
        if not isinstance(status, str):
            raise MalformedReply(f"not a batch: {self._shown(str(dict(body)))}", http_status=200)
        word = status.strip().lower().replace("-", "_").replace(" ", "_")
        counts = body.get("request_counts")
        counts = counts if isinstance(counts, dict) else body
        return BatchState(
            id=self.checked_id(body.get("id", body.get("batch_id")), "the batch"),
            phase=self._words.get(word, "going"),
            said=self._shown(status),
            known=word in self._words,
            input_file=self._file(body, "input_file_id"),
            output_file=self._file(body, "output_file_id"),
            error_file=self._file(body, "error_file_id"),
            total=_count(counts.get("total")),
            done=_count(counts.get("completed")),
            failed=_count(counts.get("failed")),
            created_at=_seconds(body.get("created_at")),
            expires_at=_seconds(body.get("expires_at")) or _seconds(body.get("job_deadline")),
            metadata=self._metadata(body.get("metadata")),
            errors=tuple(map(self._shown, _errors(body))),
        )

    def _file(self, body: Mapping[str, Any], name: str) -> str | None:
        said = body.get(name)
        return None if said in (None, "") else self.checked_id(said, f"the file ({name})")

    def _metadata(self, said: object) -> dict[str, str]:
        pairs = list(said.items())[:_PAIRS] if isinstance(said, dict) else []
        return {self._shown(str(name)): self._shown(value) for name, value in pairs if isinstance(value, str)}

    def _object(self, content: bytes) -> dict[str, Any]:
        body = self._decoded(content)
        if not isinstance(body, dict):
            raise MalformedReply(f"not a JSON object: {self._excerpt(content)}", http_status=200)
        if body.get("error") and not (body.get("id") or body.get("job")):
            error = refusal.from_stream(body)
            raise type(error)(self._clean(error.message), http_status=error.http_status, code=error.code)
        return body

    def _decoded(self, content: bytes) -> Any:
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedReply(f"not JSON: {self._excerpt(content)}", http_status=200) from None

    def _excerpt(self, content: bytes) -> str:
        return self._shown(content.decode("utf-8", "replace"))

    def _shown(self, text: str) -> str:
        return refusal.excerpt(self._clean(text[:_FEW]))


def _count(said: object) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None


def _seconds(said: object) -> float | None:
    """Return a moment as seconds since 1970; None: it is not said, or in no way that is known."""
    if isinstance(said, str):
        try:
            return float(said) if said.replace(".", "", 1).isdecimal() else _of_iso(said)
        except (ValueError, OverflowError):
            return None
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 < said < math.inf:
        return None
    return said / 1000 if said > _LATEST else float(said)


def _of_iso(said: str) -> float:
    moment = datetime.fromisoformat(said)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _errors(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was wrong with the whole batch."""
    said = body.get("errors") or body.get("error")
    if isinstance(said, dict) and isinstance(said.get("data"), list):
        said = said["data"]
    for one in (said if isinstance(said, list) else [said])[:_TOLD]:
        if isinstance(one, dict):
            line = one.get("line")
            text = str(one.get("message") or one.get("code") or one)
            yield text if line is None else f"line {line}: {text}"
        elif one:
            yield str(one)
