"""The ids that records went by with, to say why a glob matched none of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from persona_batch.wording import meant

if TYPE_CHECKING:
    from persona_batch.record import Record

_MOST_IDS = 10_000  # kept for a hint


@dataclass(slots=True)
class SeenIds:
    """The ids of the personas and questions of the records that went by, to say why a glob matched none."""

    ids: dict[str, dict[str, None]] = field(default_factory=lambda: {"persona": {}, "question": {}})

    def watch(self, records: Iterable["Record"]) -> Iterator["Record"]:
        """Yield the records."""
        for record in records:
            self.see(record)
            yield record

    def see(self, record: "Record") -> None:
        """Take note of a record."""
        for kind, name in (("persona", record.persona), ("question", record.question)):
            if len(self.ids[kind]) < _MOST_IDS:
                self.ids[kind][name] = None

    def unmatched(self, personas: Iterable[str], questions: Iterable[str]) -> Iterator[str]:
        """Say of each glob that matched nothing what may have been meant; nothing where ids were too many to keep."""
        for kind, globs in (("persona", personas), ("question", questions)):
            known = list(self.ids[kind])
            for glob in globs:
                if 0 < len(known) < _MOST_IDS and not any(fnmatchcase(name, glob) for name in known):
                    yield f"no {kind} matches `{glob}`; {meant(glob, known)}"
