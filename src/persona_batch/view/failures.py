"""Why cells failed, in a few words: how many of each kind, and what the endpoint said first."""

from collections import Counter

from persona_batch.record import ErrorInfo
from persona_batch.view.terminal import one_line

KINDS = 2  # that are told; `batch show` has the rest
LONGEST = 120  # characters of a message


class Failures:
    """Counts errors by kind; only the first message of a kind is kept, so memory stays flat."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, error: ErrorInfo) -> None:
        """Count one."""
        self._counts[error.kind] += 1
        self._first.setdefault(error.kind, error.message)

    def reasons(self) -> str:
        """Return `server: HTTP 500: oops`, with counts where there are several kinds; empty without failures."""
        several = len(self._counts) > 1
        told = [
            f"{count:,} × {self._reason(kind)}" if several else self._reason(kind)
            for kind, count in self._counts.most_common(KINDS)
        ]
        return "; ".join([*told, *(["…"] if len(self._counts) > KINDS else [])])

    def _reason(self, kind: str) -> str:
        message = one_line(self._first[kind])
        return f"{kind}: {message[: LONGEST - 1]}…" if len(message) > LONGEST else f"{kind}: {message}"
