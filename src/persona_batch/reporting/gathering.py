"""Records → what a report is made of: conditions, questions, and where the records of each cell stand.

One pass over each run, in memory that does not grow with the replies: a row of numbers a record is kept, and each
prompt once. The replies are read again, question by question, when the blocks are packed.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.factors import controls_of, levels_of
from persona_batch.comparing.levels import BUILT_IN_CONTROLS
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.record.standing import StandingRecords
from persona_batch.reporting.blocks import Checks
from persona_batch.reporting.data import Role, Sampled
from persona_batch.reporting.grading import Given, Grades
from persona_batch.reporting.naming import Named, Order, Who, name_conditions, run_labels
from persona_batch.reporting.reading import Reading, Source

_FILLED = 12  # texts of a template that are shown


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the records and the files tell it; `lines` of its longest reply."""

    id: str
    text: str
    cluster: str | None
    lines: int


@dataclass(slots=True)
class Gathered:
    """What was found, and the files it was found in, which stay open until `close`.

    `table` has a row a record, by question, condition and sample; the numbers in it (`RECORD`) are NaN where the
    endpoint said nothing: milliseconds, tokens, seconds of Unix time. `strings` are contents of messages that several
    questions share, by text. Conditions and questions are numbered in the order in which they are shown.
    """

    sources: Sequence[Source]
    named: Named
    checks: Checks
    grades: Grades
    roles: Mapping[str, Role]
    controls: Sequence[Mapping[str, Sequence[str]]]
    questions: list[Asked]
    systems: list[str | None]
    table: NDArray[np.void]
    strings: dict[str, int]
    counts: list[int]
    sampled: Sampled | None
    _files: ExitStack
    _standing: list[StandingRecords]
    _starts: NDArray[np.int64]

    @property
    def params(self) -> list[str]:
        """What was sent, as canonical JSON, each once; conditions index it."""
        return list(dict.fromkeys(who.params for who in self.named.order))

    def rows(self, question: int) -> NDArray[np.void]:
        """Return the rows of a question."""
        return self.table[self._starts[question] : self._starts[question + 1]]

    def records(self, question: int) -> Iterator[tuple[int, Record]]:
        """Yield the records of a question with their conditions, in the order of its rows."""
        for row in self.rows(question):
            yield int(row["condition"]), self._record(row)

    def graded(self, question: int) -> Iterator[tuple[int, Record, list[Given]]]:
        """Yield the records of a question with their conditions and what judges and people gave them."""
        for row in self.rows(question):
            record = self._record(row)
            yield int(row["condition"]), record, self.grades.given(int(row["run"]), record)

    def _record(self, row: np.void) -> Record:
        run = int(row["run"])
        return self.sources[run].seen(self._standing[run].at(int(row["place"])))

    def close(self) -> None:
        """Close the files that were opened here."""
        self._files.close()


def gather(sources: Sequence[Source], *, most: int, seed: int = 0) -> Gathered:
    """Read the runs once.

    Args:
        sources: the runs, in the order in which they are shown.
        most: records; of more whole questions are drawn.
        seed: of the draw.

    Raises:
        UsageError: there are no records, or a file is damaged.
    """
    files, reader = ExitStack(), Reading()
    standing = []
    try:
        for run, source in enumerate(sources):
            standing.append(source.standing or files.enter_context(StandingRecords(source.run.records)))
            reader.read(run, source, standing[-1])
        return _finish(reader, sources, most, seed, files, standing)
    except BaseException:
        files.close()
        raise


def _finish(
    reader: Reading,
    sources: Sequence[Source],
    most: int,
    seed: int,
    files: ExitStack,
    standing: list[StandingRecords],
) -> Gathered:
    if not reader.whos:
        raise UsageError(f"{sources[0].run.records}: there are no records to show")
    found = reader.standing_whos()
    personas = list(dict.fromkeys(who.persona for who in found))
    controls = [_controls(source, personas) for source in sources]
    roles = _roles(personas, controls)
    named = name_conditions(
        found,
        roles=roles,
        runs=run_labels([source.name for source in sources]),
        attributes=_attributes(reader, personas),
        order=_order(sources),
    )
    place_of = {who: place for place, who in enumerate(named.order)}
    rank = np.array([place_of.get(who, -1) for who in reader.whos], dtype=np.int64)
    asked, question_rank = _questions(reader, sources)
    table = reader.table(rank, question_rank)
    table, kept, sampled = _draw(table, len(asked), most, seed)
    return Gathered(
        sources=sources,
        named=named,
        checks=reader.checks,
        grades=Grades.of([source.scores for source in sources], reader.beside),
        roles=roles,
        controls=controls,
        questions=[asked[number] for number in kept],
        systems=[_system(who, reader, sources) for who in named.order],
        table=table,
        strings=reader.strings,
        counts=reader.counts,
        sampled=sampled,
        _files=files,
        _standing=standing,
        _starts=np.searchsorted(table["question"], np.arange(len(kept) + 1)),
    )


def _attributes(reader: Reading, personas: Sequence[str]) -> dict[str, dict[str, str]]:
    return {name: held for name, held in reader.attributes.items() if name in set(personas)}


def _controls(source: Source, personas: Sequence[str]) -> dict[str, list[str]]:
    """Return the controls of each persona that have records, the reference first, as `compare` takes them."""
    declared = None if source.manifest is None else controls_of(source.run.manifest)
    found = {}
    for persona in personas:
        asked: Sequence[str] = BUILT_IN_CONTROLS
        if declared is not None:
            asked = next((named for named in declared.values() if persona in named), declared.get(persona, ()))
        found[persona] = [name for name in asked if name in personas]
    return found


def _roles(personas: Sequence[str], controls: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, Role]:
    """Return what each persona is: a control that others are compared with first, a placebo, or a persona."""
    used = {name for held in controls for named in held.values() for name in named}
    named = [names for held in controls for persona, names in held.items() if names and persona not in used]
    heads = {names[0] for names in named}
    if not heads:  # controls only
        heads = {names[0] for held in controls for names in held.values() if names}
    return {name: "control" if name in heads else "placebo" if name in used else "persona" for name in personas}


def _config(source: Source, name: str) -> list[dict[str, Any]]:
    """Return a list of the manifest's configuration; empty where there is none."""
    return [] if source.manifest is None else source.manifest.entries(name)


def _order(sources: Sequence[Source]) -> Order:
    levels: dict[str, list[str]] = {}
    for source in sources:
        if source.manifest is not None:
            levels = {**levels_of(source.run.manifest), **levels}
    return Order(
        [str(entry.get("id")) for source in sources for entry in _config(source, "personas")],
        [model for source in sources if source.manifest is not None for model in source.manifest.models],
        levels,
    )


def _questions(reader: Reading, sources: Sequence[Source]) -> tuple[list[Asked], NDArray[np.int64]]:
    """Return the questions in the order of their files, and the place of each by its number as it was met."""
    told = {str(entry.get("id")): entry for source in sources for entry in _config(source, "questions")}
    met = dict.fromkeys(reader.standing_questions())
    ids = [name for name in told if name in met]
    ids += [name for name in met if name not in told]
    asked, rank = [], np.full(len(reader.questions), -1, dtype=np.int64)
    for place, name in enumerate(ids):
        number, entry = reader.questions[name], told.get(name, {})
        text, cluster = entry.get("text"), entry.get("cluster")
        shown = text if isinstance(text, str) else reader.texts.get(number, "")
        asked.append(Asked(name, shown, None if cluster is None else str(cluster), reader.lines[number]))
        rank[number] = place
    return asked, rank


def _system(who: Who, reader: Reading, sources: Sequence[Source]) -> str | None:
    """Return the prompt of a condition: its system message, or what the persona says in the user's first message.

    Of a template it is the first of the texts that it became.
    """
    told = reader.systems.get(who)
    manifest = sources[who.run].manifest
    template = manifest is not None and who.persona in manifest.templates
    if not template and (told is not None or who.placement != "user"):
        return told
    for entry in _config(sources[who.run], "personas"):
        wordings = entry.get("variants")
        if entry.get("id") == who.persona and isinstance(wordings, list) and who.variant < len(wordings):
            if template:
                more = [f"… ({len(wordings) - _FILLED:,} more)"] if len(wordings) > _FILLED else []
                return "\n⋯\n".join([*map(str, wordings[:_FILLED]), *more])
            return str(wordings[who.variant])
    return reader.prompts[who.run].wording(who.persona)


def _draw(
    table: NDArray[np.void], questions: int, most: int, seed: int
) -> tuple[NDArray[np.void], list[int], Sampled | None]:
    """Return the rows of as many whole questions as fit into `most` records, and which questions; at least one."""
    if len(table) <= most:
        return table, list(range(questions)), None
    sizes = np.bincount(table["question"], minlength=questions)
    drawn: list[int] = []
    room = most
    for number in random.Random(seed).sample(range(questions), questions):  # noqa: S311 - a draw, no secret
        if sizes[number] <= room or not drawn:
            drawn.append(number)
            room -= int(sizes[number])
    kept = sorted(drawn)
    rows = table[np.isin(table["question"], kept)]
    rows["question"] = np.searchsorted(kept, rows["question"])
    sampled = Sampled(questions=len(kept), of_questions=questions, records=len(rows), of_records=len(table))
    return rows, kept, sampled
