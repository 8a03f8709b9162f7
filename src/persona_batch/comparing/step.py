"""Two consecutive runs of a batch: what can be compared, the tests, and what needs no test."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from scipy import stats

from persona_batch.comparing.compare import compare_runs
from persona_batch.comparing.comparison import Comparison, Estimate, MeasureName, ModelChange
from persona_batch.comparing.series import Family
from persona_batch.plan.key import KeySet
from persona_batch.record import Record

WATCHED: tuple[MeasureName, ...] = ("change", "shift", "adherence", "character")

Test: TypeAlias = tuple[Family, Estimate | None, float]  # no estimate: the test for failures


@dataclass(frozen=True, slots=True)
class PastRun:
    """A finished run; `records` starts reading its records anew each time it is called."""

    id: str
    started_at: str
    records: Callable[[], Iterable[Record]]


@dataclass(slots=True)
class Contents:
    """What one pass over a run's records found."""

    run: PastRun
    keys: KeySet = field(default_factory=KeySet)
    personas: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    records: int = 0
    failed: int = 0


@dataclass(slots=True)
class Pair:
    """Two consecutive runs; `comparison` is None where no cell was asked in the same way in both."""

    before: Contents
    after: Contents
    comparison: Comparison | None
    compared: set[str]
    cells: int = 0

    @property
    def notes(self) -> list[str]:
        """What the user should know besides the alarms."""
        edited = sorted((self.before.personas & self.after.personas) - self.compared)
        found = [f"{persona}: asked otherwise than in the run before, not compared" for persona in edited]
        if self.comparison is not None and not self.tested:
            found.append("too little to test the replies: two samples a cell, or six questions, are needed")
        return found + [
            f"{change.model}: the endpoint's system fingerprint changed"
            for change in self.models_changed("system_fingerprint")
        ]

    def models_changed(self, field: str) -> list[ModelChange]:
        """Return the models that answered under another name (`model_returned`) or fingerprint than before."""
        changes = self.comparison.changes if self.comparison else None
        return [change for change in changes.models if change.field == field] if changes else []

    @property
    def tested(self) -> bool:
        """Whether there is a test of the replies, whatever it says."""
        return self.comparison is not None and any(found.p is not None for found in self.comparison.estimates)

    def tests(self) -> list[Test]:
        """Return the tests that there are, by family.

        A paired test without any difference is none: it cannot reject, and would only dull the others (leaving it
        out depends on the sizes of the differences alone, on which a sign-flip test is conditional).
        """
        if self.comparison is None:
            return []
        found: list[Test] = []
        for estimate in self.comparison.estimates:
            if estimate.p is None:
                continue
            if estimate.measure == "change":
                found.append(("change", estimate, estimate.p))
            elif any(estimate.differences):
                found.append(("shift", estimate, estimate.p))
        new, lost = self.failures()
        if new or lost:
            p = float(stats.binomtest(new, new + lost, alternative="greater").pvalue)
            found.append(("failures", None, p))
        return found

    def failures(self) -> tuple[int, int]:
        """Return how many cells of both runs failed only in the later, and only in the earlier."""
        changes = self.comparison.changes if self.comparison else None
        return (len(changes.new_failures), len(changes.lost_failures)) if changes else (0, 0)


def look(run: PastRun) -> Contents:
    """Read a run once."""
    seen = Contents(run)
    for record in run.records():
        seen.keys.add(record.key)
        seen.personas.add(record.persona)
        seen.records += 1
        seen.failed += not record.usable
        if record.model_returned is not None:
            seen.returned.add(record.model_returned)
    return seen


def pair_up(before: Contents, after: Contents, *, permutations: int, seed: int) -> Pair:
    """Compare two runs on the cells that have the same key in both."""
    compared: set[str] = set()
    common = _common(before, after, compared)
    if next(iter(islice(common, 1)), None) is None:
        return Pair(before, after, None, compared)
    comparison = compare_runs(
        _common(before, after, compared),
        _common(after, before, compared),
        measures=WATCHED,
        permutations=permutations,
        seed=seed,
    )
    cells = sum(arm.records for arm in comparison.arms) // 2
    return Pair(before, after, comparison, compared, cells)


def _common(mine: Contents, other: Contents, compared: set[str]) -> Iterator[Record]:
    for record in mine.run.records():
        if record.key in other.keys:
            compared.add(record.persona)
            yield record
