"""One run, or two, compared as they are on disk: today's checks, what judges gave, and what does not fit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from persona_batch.comparing import Comparison, Wanted
from persona_batch.comparing import compare as compare_records
from persona_batch.comparing.compare import PERMUTATIONS
from persona_batch.comparing.factors import clusters_of, controls_of, levels_of
from persona_batch.comparing.judged_scores import Scores, read_scores
from persona_batch.comparing.runs import order_notes
from persona_batch.errors import UsageError
from persona_batch.pipeline.rechecking import present_checks
from persona_batch.record import Record
from persona_batch.record.agreement import Agreement
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """One call of `batch compare`, apart from the runs; see `comparing.compare`. `power`: None: no plan is made."""

    by: str = "persona"
    control: str | None = None
    measures: Sequence[str] | None = None
    copies: Literal["source", "once", "all"] = "source"
    margins: Mapping[str, float] | None = None
    custom_checks: Sequence[str] = ()
    power: float | None = None
    permutations: int = PERMUTATIONS
    seed: int = 0
    excerpts: Wanted | None = None


def compare_on_disk(
    first: RunDir,
    second: RunDir | None,
    options: CompareOptions,
    *,
    watch: Callable[[Iterable[Record]], Iterable[Record]] = iter,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Comparison, list[str]]:
    """Compare the arms of a run, or each persona of the second with itself in the first.

    Args:
        first: the run.
        second: a later one.
        options: what is asked.
        watch: is passed the records of each run, and returns them.
        progress: told how far it is.

    Returns:
        The comparison, and the first of its notes: those that say what of the runs does not fit.

    Raises:
        UsageError: there are no records, a file is damaged, or an option does not fit.
    """
    if second is not None and options.by != "persona":
        raise UsageError("--by and a second run do not go together: two runs are compared persona by persona")
    agreements = [Agreement.of(run) for run in (first, second) if run is not None]
    checking = [present_checks(agreement.run, options.custom_checks) for agreement in agreements]
    read = [
        watch(present.watch(agreement.watch(read_records(agreement.run.records))))
        for agreement, present in zip(agreements, checking, strict=True)
    ]
    scores = [read_scores(agreement.run.path) for agreement in agreements]
    result = compare_read(read, agreements, scores, options, progress=progress)
    doubts = [doubt for agreement in agreements for doubt in agreement.doubts()]
    doubts += dict.fromkeys(note for present in checking for note in present.notes())
    doubts += order_notes(["" if one.manifest is None else one.manifest.started_at for one in agreements])
    return replace(result, notes=[*doubts, *result.notes]), doubts


def compare_read(
    records: Sequence[Iterable[Record]],
    agreements: Sequence[Agreement],
    scores: Sequence[Scores],
    options: CompareOptions,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare one run, or two: its records, what its manifest says of them, and what judges gave, run by run."""
    first = agreements[0].run.manifest
    return compare_records(
        records[0],
        after=records[1] if len(records) > 1 else None,
        by=options.by,
        controls=controls_of(first),
        control=options.control,
        clusters=clusters_of(first),
        levels=levels_of(first),
        scores=scores,
        unplanned=[place for place, one in enumerate(agreements) if one.manifest is not None and one.manifest.imported],
        copies=options.copies,
        margins=options.margins,
        power=options.power,
        measures=options.measures,
        permutations=options.permutations,
        seed=options.seed,
        excerpts=options.excerpts,
        progress=progress,
    )
