"""The one pass over the records of a report: a row of numbers is kept of each, and of its texts what many share."""

import hashlib
import math
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.corpus import STATUSES
from persona_batch.comparing.judged_scores import Scores
from persona_batch.comparing.readings import Prompts, asked_at
from persona_batch.record import Record
from persona_batch.record.judgment import reply_hash
from persona_batch.record.manifest import Manifest
from persona_batch.record.rundir import RunDir
from persona_batch.record.standing import StandingRecords
from persona_batch.reporting.blocks import Checks
from persona_batch.reporting.grading import Beside
from persona_batch.reporting.naming import Who

COLUMNS, MOST_LINES = 44, 12
_WIDE = re.compile("[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]")
RECORD = np.dtype(
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

    `seen` is what a record is taken for: with the outcomes of today's checks, where they are others. `standing` are its
    records, where they are open already; `going`: whether a process was on the run then.
    """

    run: RunDir
    manifest: Manifest | None
    scores: Scores = field(default_factory=Scores)
    seen: Callable[[Record], Record] = lambda record: record
    standing: StandingRecords | None = None
    going: bool = False

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.run.name


@dataclass(slots=True)
class Reading:
    """What was met in the records of some runs, numbered in the order in which it was met.

    `texts` and `lines` are those of the questions; `strings` contents of messages that several questions share;
    `counts` the records of each run; `beside` by run and key the replies that judges set others beside.
    """

    whos: dict[Who, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    _whole: "array[int]" = field(default_factory=lambda: array("q"))
    _reals: "array[float]" = field(default_factory=lambda: array("d"))
    _keys: dict[bytes, int] = field(default_factory=dict)  # run and key: the row
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    systems: dict[Who, str | None] = field(default_factory=dict)
    prompts: list[Prompts] = field(default_factory=list)
    strings: dict[str, int] = field(default_factory=dict)
    _first_seen: dict[bytes, int] = field(default_factory=dict)  # the question in which a content was first met
    counts: list[int] = field(default_factory=list)
    checks: Checks = field(default_factory=Checks)
    beside: list[dict[str, Beside]] = field(default_factory=list)

    def read(self, run: int, source: Source, standing: StandingRecords) -> None:
        """Take in a run; runs come in their order.

        Raises:
            UsageError: a line is no record.
        """
        self.prompts.append(Prompts())
        self.counts.append(0)
        self.beside.append({})
        templates = frozenset[str]() if source.manifest is None else source.manifest.templates
        for place, read in standing.read():
            record = source.seen(read)
            for result in record.results:
                self.checks.of(result)
            if record.key in source.scores.beside:
                self.beside[run][record.key] = Beside(record.persona, reply_hash(record.reply))
            who = Who.of(record, run)
            if record.persona in templates:  # each wording has its own questions: together they are one condition
                who = who._replace(variant=0)
            condition = self.whos.setdefault(who, len(self.whos))
            question = self.questions.setdefault(record.question, len(self.questions))
            self._note(who, question, record)
            self._keep(run, place, condition, question, record)

    def standing_whos(self) -> list[Who]:
        """Return the conditions that have records: later ones may have taken the places of all that one had."""
        numbers = set(self._whole[2::_INTEGERS])
        return [who for who, number in self.whos.items() if number in numbers]

    def standing_questions(self) -> list[str]:
        """Return the questions that have records."""
        numbers = set(self._whole[3::_INTEGERS])
        return [name for name, number in self.questions.items() if number in numbers]

    def table(self, condition_rank: NDArray[np.int64], question_rank: NDArray[np.int64]) -> NDArray[np.void]:
        """Return the rows by question, condition and sample.

        Args:
            condition_rank: the place of each condition by its number.
            question_rank: that of each question.
        """
        whole = np.frombuffer(self._whole, dtype=np.int64).reshape(-1, _INTEGERS)
        reals = np.frombuffer(self._reals, dtype=np.float64).reshape(-1, _REALS)
        table = np.empty(len(whole), dtype=RECORD)
        table["run"], table["place"], table["condition"] = whole[:, 0], whole[:, 1], condition_rank[whole[:, 2]]
        table["question"], table["sample"] = question_rank[whole[:, 3]], whole[:, 4]
        table["status"], table["characters"] = whole[:, 5], whole[:, 6]
        for number, name in enumerate(("ttft", "latency", "prompt_tokens", "completion_tokens", "started")):
            table[name] = reals[:, number]
        return table[np.lexsort((table["place"], table["sample"], table["condition"], table["question"]))]

    def _keep(self, run: int, place: int, condition: int, question: int, record: Record) -> None:
        """Add a row; a key that comes twice in one run counts once: the later record (a retried error) wins."""
        name = hashlib.blake2b(f"{run}/{record.key}".encode(), digest_size=8).digest()
        known = len(self._keys)
        row = self._keys.setdefault(name, known)
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
        self._whole[row * _INTEGERS : (row + 1) * _INTEGERS] = array("q", numbers)
        self._reals[row * _REALS : (row + 1) * _REALS] = array("d", _measured(record))

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
        if self._first_seen.setdefault(digest, question) != question:
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
