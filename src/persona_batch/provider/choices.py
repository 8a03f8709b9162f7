"""The chunks of a stream that is not of the plain form → those of the one reply.

*Choices.* One is asked for, so a stream's single choice is the reply, whatever its index. Some servers count the index
up with every event; a few send several choices though nobody asked. The two are told apart by what comes next: an
index that falls back is that of another choice. Until it is known, what may be another's is held; after `_SURE` events
that only counted up it is known. Of several choices the first that had text is kept, and their texts never mix.

*Repetitions.* A `message` beside an empty delta repeats what came piece by piece; it counts only where nothing came.
So do details of the reasoning where the reasoning has a field of its own.

*Characters.* Half a surrogate pair waits for its other half, and becomes U+FFFD if that does not follow.
"""

from typing import Final

from persona_batch.errors import MalformedReply
from persona_batch.provider.chunks import OddChunk, whole_characters
from persona_batch.provider.contract import Chunk

_SURE: Final = 8  # nobody sends so many choices unasked
_FIELDS: Final = ("content", "reasoning", "refusal")


class OddStream:
    """Judges chunks in order: `take` returns what of each belongs to the reply, `finish` what was held to the end.

    Args:
        came: the fields of which something came in plain chunks.
        ended: whether these brought a finish reason.
    """

    def __init__(self, came: set[str], *, ended: bool) -> None:
        self._came = came  # in pieces
        self._summed_up = dict.fromkeys(_FIELDS, "")  # what came in messages, by field
        self._detailed = False
        self.kept: int | None = 0 if came else None  # the index of the choice
        self._last = 0
        self._kind: str | None = None  # "counting", "several", None: not yet known
        self._held: list[Chunk] = []
        self._kept_ended, self._other_ended = ended, False
        self._halves: dict[str, str] = {}  # by field, the first half of a character whose rest is to come

    @property
    def ended(self) -> bool:
        """Whether the finish reason came, also one that is held."""
        return any(chunk.finish_reason is not None for chunk in self._held)

    def take(self, odd: OddChunk) -> list[Chunk]:
        """Return the chunks of the reply that are known to be so with this one."""
        self._drop_repetition(odd)
        return [self._mended(chunk) for chunk in self._of_the_reply(odd)]

    def finish(self) -> list[Chunk]:
        """Return what was held, now that nothing more comes.

        Raises:
            MalformedReply: the other choices are whole, and the kept one is not.
        """
        if self._kind == "several" and self._other_ended and not self._kept_ended:
            raise MalformedReply("the stream mixes several choices, and the first of them has no end")
        chunks = [self._mended(chunk) for chunk in self._held]
        self._held = []
        if self._halves:
            chunks.append(self._mended(Chunk(), last=True))
        return chunks

    def _of_the_reply(self, odd: OddChunk) -> list[Chunk]:
        chunk = Chunk(
            odd.content, odd.reasoning, odd.finish_reason, odd.usage, odd.model, odd.system_fingerprint, odd.refusal
        )
        has_text = bool(odd.content or odd.reasoning or odd.refusal)
        if odd.several:
            self._settle_on_several()
        if odd.index is None or not (has_text or odd.finish_reason):
            return [chunk]
        if self.kept is None:
            self.kept = self._last = odd.index
        if self._kind == "counting":
            return [chunk]
        if odd.index == self.kept:
            self._kept_ended = self._kept_ended or odd.finish_reason is not None
            if has_text and self._held:
                self._settle_on_several()
            return [chunk]
        if self._kind is None and not (has_text or self._held or self._kept_ended) and odd.index <= self._last:
            self._kept_ended = True  # an index that never had text is that of no other choice
            return [chunk]
        if odd.index <= self._last or self._kept_ended or self._kind == "several":
            self._settle_on_several()
            self._other_ended = self._other_ended or odd.finish_reason is not None
            return [Chunk(usage=odd.usage, model=odd.model, system_fingerprint=odd.system_fingerprint)]
        self._last = odd.index
        self._held.append(chunk)
        if len(self._held) < _SURE:
            return []
        self._kind = "counting"
        held, self._held = self._held, []
        return held

    def _settle_on_several(self) -> None:
        self._kind = "several"
        self._other_ended = self._other_ended or self.ended
        self._held = []

    def _drop_repetition(self, odd: OddChunk) -> None:
        if odd.detailed and "reasoning" in self._came and not self._detailed:
            odd.reasoning = ""
        self._detailed = self._detailed or odd.detailed
        for field in _FIELDS:
            text = getattr(odd, field)
            if not odd.summed_up:
                self._came.update([field] if text else [])
            elif field in self._came or (odd.finish_reason is not None and text == self._summed_up[field]):
                setattr(odd, field, "")
            else:
                self._summed_up[field] += text

    def _mended(self, chunk: Chunk, *, last: bool = False) -> Chunk:
        """Return a chunk that begins or ends in the middle of a character without the halves of one."""
        for field in _FIELDS:
            text = self._halves.pop(field, "") + getattr(chunk, field)
            if "\ud800" <= text[-1:] <= "\udbff" and not last and chunk.finish_reason is None:
                self._halves[field], text = text[-1], text[:-1]
            setattr(chunk, field, whole_characters(text))
        return chunk
