"""The notes of a source: of each kind a few, so that many alike do not hide the one that matters."""

import re
from collections.abc import Iterable, Iterator

from persona_batch.wording import counted

_MOST_ALIKE = 5  # notes that differ in names and numbers alone
_MOST_KINDS = 100
_VARYING = re.compile(r"`[^`]*`|\d[\d,]*|\A[^:`]{1,200}: ")


def few_of_each(notes: Iterable[str]) -> Iterator[str]:
    """Yield notes, of each kind the first few, and how many more there are."""
    counts: dict[str, int] = {}
    for note in notes:
        kind = _VARYING.sub("…", note)
        if kind not in counts and len(counts) >= _MOST_KINDS:
            kind = ""
        counts[kind] = counts.get(kind, 0) + 1
        if kind and counts[kind] <= _MOST_ALIKE:
            yield note
    more = sum(max(0, count - (_MOST_ALIKE if kind else 0)) for kind, count in counts.items())
    if more:
        yield f"and {counted(more, 'more note')} of these kinds"
