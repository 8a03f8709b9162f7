"""Prompts that nobody wrote down: results were imported that only name their conditions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from persona_batch.exchange.columns import Entry
from persona_batch.wording import counted, listed

_NAMED = 6


@dataclass(slots=True)
class WithoutPrompt:
    """Sees the entries of an export, then says whose prompts are not in it though there may have been one."""

    _count: int = 0
    _personas: dict[str, None] = field(default_factory=dict)

    def see(self, entry: Entry) -> None:
        """Take note of an entry."""
        if not entry.persona.known:
            self._count += 1
            self._personas[entry.record.persona] = None

    def told(self, noun: str) -> Iterator[str]:
        """Yield the sentence, if there is anything to say; `noun`: what the export makes of a record."""
        if self._count:
            yield (
                f"{counted(self._count, noun)} without the prompt, which the imported results do not say: "
                f"{listed([*self._personas], _NAMED)}"
            )
