"""Two personas side by side, as LLM Comparator (PAIR-code/llm-comparator) takes them: one JSON document.

An example is a reply of A beside that of B to the same question, sample by sample, on the same model, to the same
speaker and at the same levels of the grid's factors; where A was asked in several placements or wordings, each of them
stands beside B's. There is no score: nobody has judged them.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.comparing.factors import controls_of
from persona_batch.comparing.levels import BUILT_IN_CONTROLS
from persona_batch.config.files import RECORDS
from persona_batch.errors import UsageError
from persona_batch.exchange.columns import Column, Entry
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.survey import as_json
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed, meant

_KEPT = 1000  # personas, for a sentence

_encode = msgspec.json.Encoder().encode


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the document.

    Raises:
        UsageError: which two personas are meant is not clear, or they were never asked the same.
    """
    first, second, pairs = _paired(export)
    checks = [column for column in export.columns if column.name.startswith("check:")]
    schema = [
        *({"name": name, "type": kind} for name, kind in _FIELDS.items()),
        *({"name": column.name, "type": "per_model_boolean"} for column in checks),
    ]
    source = listed([run.name for run in export.table.runs])
    metadata = {"source_path": source, "custom_fields_schema": schema}
    models = [{"name": first}, {"name": second}]
    yield b'{"metadata":%b,"models":%b,"examples":[' % (_encode(metadata), _encode(models))
    for number, (one, other) in enumerate(pairs):
        example = _example(export.table.at(*one), export.table.at(*other), checks)
        yield (b",\n" if number else b"\n") + _encode(example)
    yield b"\n]}\n"
    export.notes.append(f"A is {first}, B is {second}: {counted(len(pairs), 'pair')} of replies to the same question")


_FIELDS = {
    "question": "category",
    "sample": "number",
    "model": "category",
    "key_a": "string",
    "key_b": "string",
    "status": "per_model_category",
    "latency_ms": "per_model_number",
    "completion_tokens": "per_model_number",
}

_Place = tuple[int, int]


def _example(one: Entry, other: Entry, checks: list[Column]) -> dict[str, JsonValue]:
    both, record = (one, other), one.record
    fields: dict[str, JsonValue] = {
        "question": record.question,
        "sample": record.sample,
        "model": record.model,
        "key_a": record.key,
        "key_b": other.record.key,
        "status": [entry.record.status for entry in both],
        "latency_ms": [None if (timing := entry.record.timing) is None else timing.latency_ms for entry in both],
        "completion_tokens": [None if (use := entry.record.usage) is None else use.completion_tokens for entry in both],
        **{column.name: [column.of(entry) for entry in both] for column in checks},
    }
    return {
        "input_text": one.question_text or record.question,
        "tags": [] if one.question.cluster is None else [one.question.cluster],
        "output_text_a": record.reply,
        "output_text_b": other.record.reply,
        "score": None,
        "individual_rater_scores": [],
        "custom_fields": fields,
    }


def _paired(export: Export) -> tuple[str, str, list[tuple[_Place, _Place]]]:
    """Return the two personas and where the records of their pairs stand."""
    first, second = _arms(export)
    ours: list[tuple[_Place, bytes, bytes]] = []
    theirs: dict[bytes, dict[bytes, _Place]] = {}
    for run, place, record in export.placed():
        if record.persona == first:
            ours.append(((run, place), *_context(run, record)))
        elif record.persona == second:
            context, form = _context(run, record)
            theirs.setdefault(context, {})[form] = (run, place)
    pairs = []
    for where, context, form in ours:
        found = theirs.get(context)
        if found is not None:
            pairs.append((where, found.get(form) or next(iter(found.values()))))
    if not pairs:
        raise UsageError(f"{first} and {second} have no replies to the same question; name others by --personas A,B")
    return first, second, pairs


def _context(run: int, record: Record) -> tuple[bytes, bytes]:
    """Return hashes of what must be equal in a pair, and of what should be where it can."""
    same = (run, record.question, record.sample, record.model, record.speaker, record.factors)
    return tuple(  # type: ignore[return-value]
        hashlib.blake2b(as_json(said), digest_size=12).digest() for said in (same, (record.placement, record.variant))
    )


def _arms(export: Export) -> tuple[str, str]:
    """Return the personas A and B: those that are named, else the only persona and its control."""
    personas: dict[str, None] = {}
    for _, _, record in export.placed():
        if len(personas) < _KEPT:
            personas[record.persona] = None
    known = list(personas)
    for name in export.options.arms:
        if name not in personas:
            raise UsageError(f"--personas {name}: no such persona among the records; {meant(name, known)}")
    if len(export.options.arms) == 2:
        first, second = export.options.arms
        return first, second
    heads = {name: head for run in export.table.runs for name, head in _heads(run, known)}
    compared = [name for name in known if name in heads and name not in heads.values()]
    if len(compared) == 1:
        return compared[0], heads[compared[0]]
    if len(known) == 2:
        return known[0], known[1]
    raise UsageError(f"two personas are set side by side; name them by --personas A,B: {listed(known, 12)}")


def _heads(run: RunDir, known: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the personas of a run with the first control of each that has records."""
    declared = controls_of(run.manifest) if run.records.name == RECORDS else None
    for name in known:
        controls = BUILT_IN_CONTROLS if declared is None else declared.get(name) or ()
        head = next((one for one in controls if one in known and one != name), None)
        if head is not None and name not in controls:
            yield name, head
