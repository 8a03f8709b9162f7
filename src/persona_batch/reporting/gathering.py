"""Records → what a report is made of: conditions, questions, and where the records of each cell stand.

One pass over each run, in memory that does not grow with the replies: a row of numbers a record is kept, and each
prompt once. The replies are read again, question by question, when the blocks are packed.
"""

import hashlib
import math
import random
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.corpus import STATUSES
from persona_batch.comparing.factors import controls_of, levels_of
from persona_batch.comparing.judged_scores import Scores
from persona_batch.comparing.levels import BUILT_IN_CONTROLS
from persona_batch.comparing.readings import Prompts, asked_at
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.record.judgment import reply_hash
from persona_batch.record.manifest import Manifest
from persona_batch.record.rundir import RunDir
from persona_batch.record.standing import StandingRecords
from persona_batch.reporting.blocks import Checks
from persona_batch.reporting.data import Role, Sampled
from persona_batch.reporting.grading import Beside, Given, Grades
from persona_batch.reporting.naming import Named, Order, Who, name_conditions

COLUMNS, MOST_LINES = 44, 12
_WIDE = re.compile("[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]")
_RECORD = np.dtype(
    [
        ("run", "i4"),
        ("place", "i8"),
        ("condition", "i4"),
        ("question", "i4"),
        ("sample", "i4"),
        ("status", "i1"),
        ("ttft", "f8"),
        ("latency", "f8"),
        ("prompt_tokens", "f8"),
        ("completion_tokens", "f8"),
        ("started", "f8"),
        ("characters", "i8"),
    ]
)
_INTEGERS, _REALS = 7, 5  # of a row as it is read


@dataclass(frozen=True, slots=True)
class Source:
    """A run as a report reads it.

    `seen` is what a record is taken for: with the outcomes of today's checks, where they are others.
    """

    run: RunDir
    manifest: Manifest | None
    scores: Scores = field(default_factory=Scores)
    seen: Callable[[Record], Record] = lambda record: record


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

    `table` has a row a record, by question, condition and sample; the numbers in it (`_RECORD`) are NaN where the
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
        """Close the files."""
        self._files.close()


def gather(sources: Sequence[Source], *, most: int, seed: int = 0) -> Gathered:
    """Read the runs once.

    Args:
        sources: the runs, the earliest first.
        most: records; of more whole questions are drawn.
        seed: of the draw.

    Raises:
        UsageError: there are no records, or a file is damaged.
    """
    files, reader = ExitStack(), _Reader()
    standing = []
    try:
        for run, source in enumerate(sources):
            standing.append(files.enter_context(StandingRecords(source.run.records)))
            reader.read(run, source, standing[-1])
        return _finish(reader, sources, most, seed, files, standing)
    except BaseException:
        files.close()
        raise


@dataclass(slots=True)
class _Reader:
    whos: dict[Who, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)  # of the questions, by their numbers
    lines: dict[int, int] = field(default_factory=dict)
    whole: "array[int]" = field(default_factory=lambda: array("q"))
    reals: "array[float]" = field(default_factory=lambda: array("d"))
    keys: dict[bytes, int] = field(default_factory=dict)  # run and key: the row
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    systems: dict[Who, str | None] = field(default_factory=dict)
    prompts: list[Prompts] = field(default_factory=list)
    strings: dict[str, int] = field(default_factory=dict)
    first_seen: dict[bytes, int] = field(default_factory=dict)  # the question in which a content was first met
    counts: list[int] = field(default_factory=list)
    checks: Checks = field(default_factory=Checks)
    beside: list[dict[str, Beside]] = field(default_factory=list)  # by run and key

    def read(self, run: int, source: Source, standing: StandingRecords) -> None:
        self.prompts.append(Prompts())
        self.counts.append(0)
        self.beside.append({})
        for place, read in standing.read():
            record = source.seen(read)
            for result in record.results:
                self.checks.of(result)
            if record.key in source.scores.beside:
                self.beside[run][record.key] = Beside(record.persona, reply_hash(record.reply))
            who = Who.of(record, run)
            condition = self.whos.setdefault(who, len(self.whos))
            question = self.questions.setdefault(record.question, len(self.questions))
            self._note(who, question, record)
            self._keep(run, place, condition, question, record)

    def _keep(self, run: int, place: int, condition: int, question: int, record: Record) -> None:
        """Add a row; a key that comes twice in one run counts once: the later record (a retried error) wins."""
        name = hashlib.blake2b(f"{run}/{record.key}".encode(), digest_size=8).digest()
        known = len(self.keys)
        row = self.keys.setdefault(name, known)
        self.counts[run] += row == known
        numbers = (
            run,
            place,
            condition,
            question,
            record.sample,
            STATUSES.index(record.status),
            len(record.reply),
        )
        self.whole[row * _INTEGERS : (row + 1) * _INTEGERS] = array("q", numbers)
        self.reals[row * _REALS : (row + 1) * _REALS] = array("d", _measured(record))

    def _note(self, who: Who, question: int, record: Record) -> None:
        self.prompts[-1].see(record)
        if record.attributes:
            self.attributes.setdefault(record.persona, record.attributes)
        opening = record.opening
        if who not in self.systems:
            first = opening[0] if opening else None
            told = first is not None and first.role in ("system", "developer")
            self.systems[who] = first.content if told and first is not None else None
        for message in opening:
            self._share(question, message.content)
        if self.lines.get(question, 0) < MOST_LINES:
            self.lines[question] = max(self.lines.get(question, 0), lines_of(record.reply))
        if question not in self.texts and record.messages and record.placement != "user":
            self.texts[question] = record.messages[len(opening)].content if len(record.messages) > len(opening) else ""

    def _share(self, question: int, content: str) -> None:
        if content in self.strings:
            return
        digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if self.first_seen.setdefault(digest, question) != question:
            self.strings[content] = len(self.strings)


def _measured(record: Record) -> tuple[float, ...]:
    """Return milliseconds, tokens and the moment of sending; NaN: not known. Of a conversation, of all its requests."""
    timing = record.timing
    prompt = [usage.prompt_tokens for usage in record.usages if usage.prompt_tokens]
    completion = [usage.completion_tokens for usage in record.usages if usage.completion_tokens]
    return (
        math.nan if timing is None or timing.ttft_ms is None else timing.ttft_ms,
        math.nan if timing is None or timing.latency_ms is None else timing.latency_ms,
        float(sum(prompt)) if prompt else math.nan,
        float(sum(completion)) if completion else math.nan,
        asked_at(record),
    )


def lines_of(reply: str) -> int:
    """Return how many lines a reply takes at `COLUMNS` columns, at most `MOST_LINES`; Han characters take two cells."""
    lines = 0
    for paragraph in islice(reply[: COLUMNS * MOST_LINES].split("\n"), MOST_LINES):
        cells = len(paragraph) if paragraph.isascii() else len(paragraph) + len(_WIDE.findall(paragraph))
        lines += max(1, math.ceil(cells / COLUMNS))
    return min(MOST_LINES, lines)


def _finish(
    reader: _Reader,
    sources: Sequence[Source],
    most: int,
    seed: int,
    files: ExitStack,
    standing: list[StandingRecords],
) -> Gathered:
    if not reader.whos:
        raise UsageError(f"{sources[0].run.records}: no records yet; there is nothing to show")
    whole = np.frombuffer(reader.whole, dtype=np.int64).reshape(-1, _INTEGERS)
    reals = np.frombuffer(reader.reals, dtype=np.float64).reshape(-1, _REALS)
    found = list(reader.whos)
    personas = list(dict.fromkeys(who.persona for who in found))
    controls = [_controls(source, personas) for source in sources]
    roles = _roles(personas, controls)
    named = name_conditions(
        found, roles=roles, runs=_run_names(sources), attributes=reader.attributes, order=_order(sources)
    )
    place_of = {who: place for place, who in enumerate(named.order)}
    rank = np.array([place_of[who] for who in found], dtype=np.int64)
    asked, question_rank = _questions(reader, sources)
    table = np.empty(len(whole), dtype=_RECORD)
    table["run"], table["place"], table["condition"] = whole[:, 0], whole[:, 1], rank[whole[:, 2]]
    table["question"], table["sample"] = question_rank[whole[:, 3]], whole[:, 4]
    table["status"], table["characters"] = whole[:, 5], whole[:, 6]
    for number, name in enumerate(("ttft", "latency", "prompt_tokens", "completion_tokens", "started")):
        table[name] = reals[:, number]
    table = table[np.lexsort((table["place"], table["sample"], table["condition"], table["question"]))]
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


def _run_names(sources: Sequence[Source]) -> list[str]:
    """Return what tells the runs apart: their times, where they are of one batch."""
    ids = [source.run.id for source in sources]
    times = [name.partition("-")[0] for name in ids]
    return times if len({name.partition("-")[2] for name in ids}) == 1 and len(set(times)) == len(ids) else ids


def _config(source: Source, name: str) -> list[dict[str, object]]:
    """Return a list of the manifest's configuration; empty where there is none."""
    held = None if source.manifest is None else source.manifest.config.get(name)
    return [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []


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


def _questions(reader: _Reader, sources: Sequence[Source]) -> tuple[list[Asked], NDArray[np.int64]]:
    """Return the questions in the order of their files, and the place of each by its number as it was met."""
    told = {str(entry.get("id")): entry for source in sources for entry in _config(source, "questions")}
    ids = [name for name in told if name in reader.questions]
    ids += [name for name in reader.questions if name not in told]
    asked, rank = [], np.empty(len(ids), dtype=np.int64)
    for place, name in enumerate(ids):
        number, entry = reader.questions[name], told.get(name, {})
        text, cluster = entry.get("text"), entry.get("cluster")
        shown = text if isinstance(text, str) else reader.texts.get(number, "")
        asked.append(Asked(name, shown, None if cluster is None else str(cluster), reader.lines[number]))
        rank[number] = place
    return asked, rank


def _system(who: Who, reader: _Reader, sources: Sequence[Source]) -> str | None:
    """Return the prompt of a condition: its system message, or what the persona says in the user's first message."""
    told = reader.systems.get(who)
    if told is not None or who.placement != "user":
        return told
    for entry in _config(sources[who.run], "personas"):
        wordings = entry.get("variants")
        if entry.get("id") == who.persona and isinstance(wordings, list) and who.variant < len(wordings):
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
