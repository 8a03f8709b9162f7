"""A document to read: per question what the personas said, replies as fenced text that cannot break out."""

from array import array
from collections.abc import Iterator

import numpy as np

from persona_batch.exchange.columns import Entry
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.prose import fenced, plain
from persona_batch.record.record import TurnRecord
from persona_batch.wording import counted, said_level

_BATCH = 64 * 1024  # characters that are collected
_UNKNOWN = "The prompt is not known: the results that were imported do not say what stood before the questions.\n"
_FIELDS = 5  # kept of each record: question, persona, sample, run, place


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the document; memory holds a few numbers a record."""
    collected: list[str] = []
    size = 0
    for part in _parts(export):
        collected.append(part)
        size += len(part)
        if size > _BATCH:
            yield "".join(collected).encode()
            collected.clear()
            size = 0
    yield "".join(collected).encode()


def _parts(export: Export) -> Iterator[str]:
    kept = array("q")
    questions: dict[str, int] = {}
    prompts: dict[tuple[str, int], tuple[int, int]] = {}
    personas: dict[str, int] = {}
    for run, place, record in export.placed():
        question = questions.setdefault(record.question, len(questions))
        persona = personas.setdefault(record.persona, len(personas))
        prompts.setdefault((record.persona, record.variant), (run, place))
        kept.extend((question, persona, min(record.sample, 1 << 62), run, place))
    table = np.frombuffer(kept, dtype=np.int64).reshape(-1, _FIELDS)
    order = np.lexsort(tuple(table[:, field] for field in reversed(range(_FIELDS))))
    runs = [run.name for run in export.table.runs]
    title = ", ".join(plain(name) for name in runs)
    yield f"<!-- batch export -->\n\n# {title}\n\n"
    sizes = ((len(table), "record"), (len(personas), "persona"), (len(questions), "question"))
    yield f"{', '.join(counted(size, noun) for size, noun in sizes)}.\n\n"
    yield "## Prompts\n\n"
    for (name, variant), where in prompts.items():
        yield _prompt(name, variant, export.table.at(*where))
    before = -1
    for number in order:
        question, _, _, run, place = (int(value) for value in table[number])
        entry = export.table.at(run, place)
        if question != before:
            yield _asked(entry)
            before = question
        yield _answered(entry, runs[run] if len(runs) > 1 else None)


def _prompt(name: str, variant: int, entry: Entry) -> str:
    told = f" ({plain(entry.persona.name)})" if entry.persona.name not in (None, name) else ""
    which = f", wording {variant}" if variant else ""
    system = entry.system
    absent = "No system prompt.\n" if entry.persona.known else _UNKNOWN
    shown = absent if system is None else fenced(system) if system else "An empty system prompt.\n"
    return f"### {plain(name)}{told}{which}\n\n{shown}\n"


def _asked(entry: Entry) -> str:
    text = entry.question_text
    return f"## {plain(entry.record.question)}\n\n" + ("" if text is None else f"{fenced(text)}\n")


def _answered(entry: Entry, run: str | None) -> str:
    record = entry.record
    factors = [f"{name} {said_level(level)}" for name, level in record.factors.items()]
    facts = [
        *([] if run is None else [run]),
        record.model,
        *([record.placement] if entry.persona.known else []),
        *([f"wording {record.variant}"] if record.variant else []),
        *([f"speaker {record.speaker}"] if record.speaker else []),
        *factors,
        *([] if record.status == "ok" else [record.status]),
    ]
    failed = [f"{'passed' if one.passed else 'failed'} {one.label}" for one in record.results]
    lines = [f"### {plain(record.persona)}, sample {record.sample}\n\n{' · '.join(map(plain, facts))}\n"]
    if failed:
        lines.append("".join(f"- {plain(one)}\n" for one in failed))
    if record.error is not None:
        lines.append(f"{plain(f'{record.error.kind}: {record.error.message}')}\n")
    if record.turns:
        lines += [part for turn in record.turns for part in _turn(turn)]
    elif record.reply or record.error is None:
        lines.append(fenced(record.reply))
    lines += [
        part
        for probe in record.probes or ()
        for part in (f"Asked beside it, after turn {probe.after}:\n", fenced(probe.text), fenced(probe.reply))
    ]
    return "\n".join(lines) + "\n"


def _turn(turn: TurnRecord) -> list[str]:
    return ["User:\n", fenced(turn.user), "Reply:\n", fenced(turn.reply)]
