"""One run as a night of a watch: what each persona said to each question, and how it was asked."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
import numpy as np

from persona_batch.checks.markers import breaks_character
from persona_batch.comparing.comparison import Interval
from persona_batch.comparing.energy import energy_of
from persona_batch.comparing.features import distances, gram_rows
from persona_batch.comparing.intervals import root_ratio_interval, t_interval
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.readings import short_hash
from persona_batch.comparing.series import Against, Step, Watched
from persona_batch.comparing.ways import Way
from persona_batch.record import Record
from persona_batch.record.spending import IN_BATCHES

UNITS: dict[Watched, str] = {
    "text": "distance",
    "length": "characters",
    "checks": "pass rate",
    "character": "share of replies",
    "failures": "share of cells",
}
MEASURES: tuple[Watched, ...] = tuple(UNITS)
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class PastRun:
    """A finished run; `records` starts reading its records anew each time it is called."""

    id: str
    started_at: str
    records: Callable[[], Iterable[Record]]


@dataclass(slots=True)
class Answers:
    """What a persona said to a question in one context.

    `asked`, and the `keys` of its samples, tell how it was asked, `judged` how it was checked.
    """

    asked: int
    judged: int = 0
    keys: dict[int, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    passed: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)

    def same_as(self, other: "Answers | None") -> bool:
        """Whether both were asked in exactly the same way."""
        if other is None or self.asked != other.asked:
            return False
        return all(other.keys.get(sample, key) == key for sample, key in self.keys.items())

    def values(self, measure: Watched) -> Floats:
        """Return a value per reply (`failures`: per cell); those of `text` depend on an anchor."""
        if measure == "length":
            return np.array([len(text) for text in self.texts], dtype=np.float64)
        if measure == "character":
            return np.array([breaks_character(text) for text in self.texts], dtype=np.float64)
        return np.array(self.passed if measure == "checks" else self.failed, dtype=np.float64)


@dataclass(slots=True)
class Night:
    """A run's answers by persona and question (with its context), and the models that answered.

    `in_batches` of the usable replies came in batch files.
    """

    run: PastRun
    records: int = 0
    failed: int = 0
    in_batches: int = 0
    answers: dict[str, dict[str, Answers]] = field(default_factory=lambda: defaultdict(dict))
    returned: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def way(self) -> Way:
        """How its replies came."""
        return Way(self.run.id, self.records - self.failed, self.in_batches)

    def models(self, field_name: str) -> dict[str, list[str]]:
        """Return by model under what name (`model_returned`) or `system_fingerprint` it answered."""
        return {model: sorted(names) for (model, field), names in self.returned.items() if field == field_name}


def read_night(run: PastRun) -> Night:
    """Read a run once."""
    night = Night(run)
    for record in run.records():
        night.records += 1
        night.failed += not record.usable
        night.in_batches += record.usable and record.engine == IN_BATCHES
        factors = _encode(record.factors).decode() if record.factors else ""
        context = (record.question, record.variant, record.speaker or "", record.placement, record.model, factors)
        asked = short_hash(_encode([record.asked, record.params, record.provider]))
        mine = night.answers[record.persona].setdefault("\0".join(map(str, context)), Answers(asked))
        mine.keys[record.sample] = record.key
        mine.failed.append(float(not record.usable))
        if record.usable:
            mine.texts.append(record.reply)
            if record.checks:
                mine.judged = short_hash(_encode([(check.check, check.expected) for check in record.checks]))
                mine.passed.append(sum(check.passed for check in record.checks) / len(record.checks))
        for name in ("model_returned", "system_fingerprint"):
            value = getattr(record, name)
            if value is not None:
                night.returned[record.model, name].add(value)
    return night


def _between(one: Sequence[str], other: Sequence[str]) -> Floats:
    rows, _ = gram_rows([*one, *other])
    return distances((rows @ rows.T).toarray())


def far_from(anchor: Sequence[str], texts: Sequence[str]) -> Floats:
    """Return each text's mean distance to the texts of the anchor."""
    rows, _ = gram_rows([*anchor, *texts])
    gram = (rows[len(anchor) :] @ rows[: len(anchor)].T).toarray()
    norms = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    squares = norms[len(anchor) :, None] + norms[None, : len(anchor)] - 2.0 * gram
    found: Floats = np.sqrt(np.maximum(np.where(squares < 1e-12, 0.0, squares), 0.0)).mean(axis=1)
    return found


def steps(now: Night, other: Night, against: Against) -> list[Step]:
    """Return each persona's measures against another run's, question by question, with intervals."""
    found = []
    for persona, answers in sorted(now.answers.items()):
        before = other.answers.get(persona, {})
        common = [(mine, before[name]) for name, mine in answers.items() if mine.same_as(before.get(name))]
        for measure in MEASURES:
            step = _text_step(common) if measure == "text" else _value_step(measure, common)
            if step is not None:
                value, interval, questions = step
                unit = "H, from 0 to 1" if measure == "text" else UNITS[measure]
                found.append(
                    Step(
                        against=against,
                        persona=persona,
                        measure=measure,
                        unit=unit,
                        value=value,
                        interval=interval,
                        questions=questions,
                    )
                )
    return found


_Found: TypeAlias = tuple[float, Interval | None, int]  # value, interval, questions


def _value_step(measure: Watched, common: Sequence[tuple[Answers, Answers]]) -> _Found | None:
    differences = [
        float(now.mean() - then.mean())
        for mine, other in common
        if measure != "checks" or mine.judged == other.judged
        if len(now := mine.values(measure)) and len(then := other.values(measure))
    ]
    if not differences:
        return None
    return float(np.mean(differences)), t_interval(np.array(differences)), len(differences)


def _text_step(common: Sequence[tuple[Answers, Answers]]) -> _Found | None:
    several = [(mine, other) for mine, other in common if min(len(mine.texts), len(other.texts)) > 1]
    if not several:
        return None
    parts = [energy_of(_between(mine.texts, other.texts), len(mine.texts), len(other.texts)) for mine, other in several]
    energy, cross = np.array(parts).T
    size = float(energy.sum() / cross.sum()) if cross.sum() > 0 else 0.0
    return max(0.0, size), root_ratio_interval(energy, cross), len(several)
