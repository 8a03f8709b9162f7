"""A record as a chat that ends with the reply, as fine-tuning takes it."""

from collections.abc import Iterator

from persona_batch.chat import Message
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.prompts import WithoutPrompt
from persona_batch.record import Record
from persona_batch.wording import counted, listed

_NAMED = 6


def chats(export: Export) -> Iterator[tuple[Record, list[Message]]]:
    """Yield the wanted records with their messages and the reply; what a model thought first is left out.

    `developer` is `system`, which all trainers know. Notes say whose chats they are, and which end in mid-sentence.
    """
    personas: dict[str, int] = {}
    cut, without = 0, WithoutPrompt()
    for entry in export.entries():
        record = entry.record
        if len(personas) < 1000 or record.persona in personas:  # for a sentence
            personas[record.persona] = personas.get(record.persona, 0) + 1
        without.see(entry)
        cut += record.status == "truncated"
        said = [Message("system", one.content, one.name) if one.role == "developer" else one for one in record.messages]
        yield record, [*said, Message("assistant", record.reply)]
    told = listed([f"{name} ({count:,})" for name, count in personas.items()], _NAMED)
    export.notes.append(f"{counted(sum(personas.values()), 'chat')}, by persona: {told}; -p takes fewer")
    export.notes.extend(without.told("chat"))
    if cut:
        was = "reply was" if cut == 1 else "replies were"
        export.notes.append(f"{cut:,} {was} cut off at max_tokens; --status ok leaves them out")
