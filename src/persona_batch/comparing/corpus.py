"""Records as columns: what a comparison needs of each, read once and lazily, in bounded memory.

Names become numbers in sorted order, so nothing depends on the order in which cells finished.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from persona_batch.checks import Check
from persona_batch.comparing.columns import (
    Column,
    by_name,
    encode_sorted,
    speaker_of,
)
from persona_batch.comparing.grades import Graded, GradeReader, place_name
from persona_batch.comparing.judged_scores import Scores
from persona_batch.comparing.readings import (
    ProbeScore,
    Prompts,
    asked_at,
    correct,
    declared_checks,
    digest,
    draw_of,
    probe_scores,
    probe_slope,
    tokens,
)
from persona_batch.comparing.text_store import TextStore
from persona_batch.plan.forms import TOLD
from persona_batch.record import USABLE as WITH_REPLY
from persona_batch.record import Record, Status
from persona_batch.record.spending import IN_BATCHES

LONGEST = 1 << 16  # characters compared of a reply: far more than models write, unless they go round in circles
STATUSES: tuple[Status, ...] = get_args(Status)
USABLE = tuple(map(STATUSES.index, WITH_REPLY))  # as columns have them


@dataclass(slots=True)
class Corpus:
    """All records of one or two runs.

    Columns run parallel, one entry a record; the factor columns index the lists of names (sorted). `digest`
    tells byte-identical replies; `draw` tells what one draw gave, `luck` what fixed it, 0: nothing (see `draw_of`);
    `in_batches`: it came in a batch file;
    `correct` is 1, 0 or NaN (no key); `slope` the probe score per turn or NaN; `asked_at` the moment of sending, in
    seconds of Unix time, or NaN; `tokens` the reply's length as the endpoint counted it, or NaN;
    `params` are each run's and persona's request parameters as canonical JSON. `texts` hold the first `LONGEST`
    characters of each reply; `cut` counts those that are longer. `probes` are the scores by entry, where there are any.
    `imported`: another tool asked, and nothing can be run again from here. `factors` are the grid's own (a request
    parameter, `format`), each with a column under `column_of`; the column `params` is without them. `grades` are what
    judges and people gave.
    """

    names: dict[str, list[str]]
    columns: dict[str, Column]
    digest: Column
    draw: Column
    luck: Column
    in_batches: NDArray[np.bool_]
    correct: NDArray[np.float64]
    slope: NDArray[np.float64]
    asked_at: NDArray[np.float64]
    tokens: NDArray[np.float64]
    checks_failed: NDArray[np.bool_]
    texts: TextStore
    attributes: dict[str, dict[str, str]]
    checks: dict[tuple[str, str], tuple[Check, ...]]
    returned: dict[tuple[int, str, str], set[str]]
    params: dict[tuple[int, str], set[bytes]]
    prompts: list[Prompts]
    runs: list[str]
    cut: int
    imported: bool = False
    probes: dict[int, tuple[ProbeScore, ...]] = field(default_factory=dict)
    factors: tuple[str, ...] = ()
    grades: Graded = field(default_factory=Graded)

    def __len__(self) -> int:
        return len(self.digest)


_REALS = 4  # correct, slope, asked at, tokens
_WIDTH = 17  # run, the factors, sample, status, text, digest, whether a check failed, draw, what fixed it, the way
FACTORS = ("persona", "variant", "question", "speaker", "placement", "model", "params", "factors")


@dataclass(slots=True)
class _Reader:
    texts: TextStore
    names: dict[str, dict[Any, int]] = field(default_factory=lambda: {factor: {} for factor in FACTORS})
    table: "array[int]" = field(default_factory=lambda: array("q"))  # _WIDTH whole numbers a record
    reals: "array[float]" = field(default_factory=lambda: array("d"))  # _REALS numbers a record
    places: dict[int, int] = field(default_factory=dict)  # of each run and key
    probes: dict[int, tuple[ProbeScore, ...]] = field(default_factory=dict)  # by place
    grades: GradeReader = field(default_factory=GradeReader)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    checks: dict[tuple[str, str], tuple[Check, ...]] = field(default_factory=dict)
    returned: dict[tuple[int, str, str], set[str]] = field(default_factory=dict)
    params: dict[tuple[int, str], set[bytes]] = field(default_factory=dict)
    interned: dict[tuple[Check, ...], tuple[Check, ...]] = field(default_factory=dict)
    cut: int = 0
    imported: bool = False

    def read(
        self,
        run: int,
        records: Iterable[Record],
        prompts: Prompts,
        runs: list[str],
        scores_of_run: Scores | None = None,
    ) -> None:
        for record in records:
            if record.run_id not in runs:
                runs.append(record.run_id)
            params = encode_sorted(record.params)
            factors = {name: level for name, level in record.factors.items() if name != TOLD}
            apart = {name: value for name, value in record.params.items() if name not in factors}
            values = (
                record.persona,
                record.variant,
                record.question,
                speaker_of(record),
                record.placement,
                record.model,
                encode_sorted(apart).decode() if factors else params.decode(),
                encode_sorted(factors).decode(),
            )
            numbers = tuple(
                self.names[factor].setdefault(value, len(self.names[factor]))
                for factor, value in zip(FACTORS, values, strict=True)
            )
            usable = record.usable
            failing = any(not check.passed for check in record.checks)
            row = (
                run,
                *numbers,
                record.sample,
                STATUSES.index(record.status),
                self.texts.append(record.reply[:LONGEST]) if usable else -1,
                digest(record) if usable else 0,
                failing,
                *draw_of(record),
                record.engine == IN_BATCHES,
            )
            probes = probe_scores(record) if usable and record.probes else ()
            scores = (correct(record), probe_slope(probes)) if usable else (np.nan, np.nan)
            reals = (*scores, asked_at(record), tokens(record))
            self.cut += usable and len(record.reply) > LONGEST
            place = self._keep(place_name(run, record.key), row, reals)
            if probes:
                self.probes[place] = probes
            if scores_of_run is not None:
                self.grades.take(run, place, record, scores_of_run)
            self._note(run, record, params, prompts)

    def _keep(self, name: int, row: tuple[int, ...], reals: tuple[float, ...]) -> int:
        place = self.places.setdefault(name, len(self.places))
        self.table[place * _WIDTH : (place + 1) * _WIDTH] = array("q", row)
        self.reals[place * _REALS : (place + 1) * _REALS] = array("d", reals)
        return place

    def _note(self, run: int, record: Record, params: bytes, prompts: Prompts) -> None:
        self.imported = self.imported or record.provider.startswith("imported:")
        if record.attributes:
            self.attributes.setdefault(record.persona, record.attributes)
        if record.checks:
            checks = declared_checks(record.checks)
            self.checks[record.persona, record.question] = self.interned.setdefault(checks, checks)
        if record.model_returned:
            self.returned.setdefault((run, record.model, "model_returned"), set()).add(record.model_returned)
        if record.system_fingerprint:
            place = (run, record.model, "system_fingerprint")
            self.returned.setdefault(place, set()).add(record.system_fingerprint)
        self.params.setdefault((run, record.persona), set()).add(params)
        prompts.see(record)


def read_corpus(
    records: Iterable[Record],
    texts: TextStore,
    *,
    after: Iterable[Record] | None = None,
    checks: Mapping[str, Sequence[Check]] | None = None,
    scores: Sequence[Scores] = (),
) -> Corpus:
    """Read one run, or two, into columns.

    A key that comes twice in one run counts once: the later record (a retried error) wins.

    Args:
        records: the run, or the earlier of two.
        texts: where the replies go.
        after: the later run.
        checks: declared checks by persona, where its records do not carry them.
        scores: what judges gave the replies of each run.
    """
    reader, judged = _Reader(texts), iter(scores)
    runs: list[list[str]] = [[], []]
    prompts = [Prompts()]
    reader.read(0, records, prompts[0], runs[0], next(judged, None))
    if after is not None:
        prompts.append(Prompts())
        reader.read(1, after, prompts[1], runs[1], next(judged, None))
    corpus = _finish(reader, prompts, [name for named in runs for name in named])
    if checks is not None:
        for persona, question in np.unique([corpus.columns["persona"], corpus.columns["question"]], axis=1).T:
            who = corpus.names["persona"][persona]
            if checks.get(who):
                corpus.checks.setdefault((who, corpus.names["question"][question]), tuple(checks[who]))
    return corpus


def _finish(reader: _Reader, prompts: list[Prompts], runs: list[str]) -> Corpus:
    reader.texts.flush()
    table = np.frombuffer(reader.table, dtype=np.int64).reshape(-1, _WIDTH)
    reals = np.frombuffer(reader.reals, dtype=np.float64).reshape(-1, _REALS)
    columns: dict[str, Column] = {"run": table[:, 0], "sample": table[:, 9], "status": table[:, 10]}
    columns["text"] = table[:, 11]
    names: dict[str, list[str]] = {}
    for place, factor in enumerate(FACTORS, start=1):
        seen = list(reader.names[factor])
        left = np.unique(table[:, place]).tolist()  # later records may have taken the places of all that had a name
        order = sorted(left, key=seen.__getitem__)
        rank = np.full(len(seen), -1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        columns[factor] = rank[table[:, place]]
        names[factor] = [str(seen[number]) for number in order]
    grid = by_name(columns, names)
    return Corpus(
        names=names,
        columns=columns,
        digest=table[:, 12],
        draw=table[:, 14],
        luck=table[:, 15],
        in_batches=table[:, 16] == 1,
        correct=reals[:, 0],
        slope=reals[:, 1],
        asked_at=reals[:, 2],
        tokens=reals[:, 3],
        checks_failed=table[:, 13] == 1,
        texts=reader.texts,
        attributes=reader.attributes,
        checks=reader.checks,
        returned=reader.returned,
        params=reader.params,
        prompts=prompts,
        runs=runs,
        cut=reader.cut,
        imported=reader.imported,
        probes=reader.probes,
        factors=grid,
        grades=reader.grades.finish(reader.places, names["persona"], columns["persona"]),
    )
