"""Following a batch over its runs: is the change from one run to the next more than noise?

Each persona is compared with itself in the run before, on the cells that were asked in exactly the same way (the
same keys). The tests fall into three families: `change` (energy distance of the replies), `shift` (lengths, scripts,
checks, broken character) and `failures` (exact McNemar, one-sided, on the cells of both runs). The level is shared
out evenly among the families that have tests, and Holm's step-down (1979) runs in each over all transitions and
personas. So in a series in which nothing changes the chance of one alarm or more is at most the level (Bonferroni
over the families, Holm within them), however the tests depend on one another.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from persona_batch.comparing.comparison import LEVEL, Estimate
from persona_batch.comparing.p_values import holm
from persona_batch.comparing.series import Alarm, RunPoint, Series, Step, Transition, Trend
from persona_batch.comparing.step import Contents, Pair, PastRun, Test, look, pair_up
from persona_batch.wording import counted

PERMUTATIONS = 9_999
MOST_PERMUTATIONS = 499_999


def follow(
    batch: str, runs: Sequence[PastRun], *, level: float = LEVEL, permutations: int = PERMUTATIONS, seed: int = 0
) -> Series:
    """Compare each run with the one before it.

    Args:
        batch: the batch's id.
        runs: finished runs, oldest first.
        level: the chance of one false alarm or more in the whole series.
        permutations: relabellings per test at first; in a family so large that these could never reach the level,
            what stands near the smallest possible p is tested again with as many as it takes.
        seed: of the permutations.
    """
    contents = [look(run) for run in runs]
    pairs = [pair_up(before, after, permutations=permutations, seed=seed) for before, after in pairwise(contents)]
    pairs = _refined(pairs, level=level, permutations=permutations, seed=seed)
    return Series(
        batch=batch,
        level=level,
        runs=[_point(found) for found in contents],
        trends=_trends(pairs),
        transitions=_judged(pairs, level),
        notes=[] if len(runs) > 1 else [f"{counted(len(runs), 'finished run')}: nothing to compare yet"],
    )


def _refined(pairs: list[Pair], *, level: float, permutations: int, seed: int) -> list[Pair]:
    tests = [test for pair in pairs for test in pair.tests()]
    families = len({family for family, _, _ in tests})
    largest = max((sum(test[0] == family for test in tests) for family in {test[0] for test in tests}), default=0)
    needed = min(MOST_PERMUTATIONS, round(2 * largest * families / level))
    if needed <= permutations:
        return pairs
    near = 10 / (1 + permutations)
    return [
        pair_up(pair.before, pair.after, permutations=needed, seed=seed)
        if any(p <= near for _, _, p in pair.tests())
        else pair
        for pair in pairs
    ]


def _judged(pairs: Sequence[Pair], level: float) -> list[Transition]:
    tests = [(number, test) for number, pair in enumerate(pairs) for test in pair.tests()]
    p = np.array([test[2] for _, test in tests], dtype=np.float64)
    family = np.array([test[0] for _, test in tests], dtype=np.str_)
    names = np.unique(family)
    adjusted = np.full(len(p), np.nan)
    for name in names:
        mine = family == name
        adjusted[mine] = np.minimum(1.0, holm(p[mine]) * len(names))
    return [
        _transition(
            pair, [(test, float(adjusted[place])) for place, (of, test) in enumerate(tests) if of == number], level
        )
        for number, pair in enumerate(pairs)
    ]


def _transition(pair: Pair, tests: Sequence[tuple[Test, float]], level: float) -> Transition:
    steps, alarms = [], []
    for (family, estimate, p), adjusted in tests:
        if estimate is not None:
            step = Step(
                family=family,
                persona=_persona(pair, estimate),
                measure=estimate.measure,
                metric=estimate.metric,
                unit=estimate.unit,
                value=estimate.value,
                p=p,
                p_adjusted=adjusted,
            )
            steps.append(step)
            if adjusted <= level:
                alarms.append(Alarm(kind="moved", persona=step.persona, text=_moved(step), p_adjusted=adjusted))
        elif adjusted <= level:
            new, lost = pair.failures()
            text = f"failures rose: {new:,} cells failed that had a reply, {lost:,} the other way round"
            alarms.append(Alarm(kind="failures", persona=None, text=text, p_adjusted=adjusted))
    return Transition(
        before=pair.before.run.id,
        after=pair.after.run.id,
        started_at=pair.after.run.started_at,
        compared=pair.cells,
        tested=pair.tested,
        steps=steps,
        alarms=_other_models(pair) + alarms,
        notes=pair.notes,
    )


def _moved(step: Step) -> str:
    by = "" if step.value is None else f" by {step.value:+{',.0f' if abs(step.value) >= 100 else '.3g'}} {step.unit}"
    return f"{step.persona}: {step.metric} moved beyond noise{by}"


def _other_models(pair: Pair) -> list[Alarm]:
    return [
        Alarm(
            kind="model_returned",
            persona=None,
            text=f"model_returned changed: {change.model} answers as {', '.join(change.after)}, "
            f"before as {', '.join(change.before)}",
        )
        for change in pair.models_changed("model_returned")
    ]


def _trends(pairs: Sequence[Pair]) -> list[Trend]:
    """Return every measure over the runs; the first run's value is the reference of the first comparison."""
    values: dict[tuple[str, str, str], list[float | None]] = {}
    units: dict[tuple[str, str, str], Estimate] = {}
    for number, pair in enumerate(pairs):
        for estimate in pair.comparison.estimates if pair.comparison else ():
            name = (_persona(pair, estimate), estimate.measure, estimate.metric)
            units.setdefault(name, estimate)
            row = values.setdefault(name, [None] * (len(pairs) + 1))
            if estimate.measure == "change":
                row[number + 1] = estimate.value
            else:
                row[number + 1] = estimate.arm_value
                if row[number] is None:
                    row[number] = estimate.reference_value
    return [Trend(name[0], units[name].measure, name[2], units[name].unit, row) for name, row in sorted(values.items())]


def _persona(pair: Pair, estimate: Estimate) -> str:
    """Return the arm's name without what compare adds to tell the two runs apart."""
    assert pair.comparison is not None
    arm = next(arm for arm in pair.comparison.arms if arm.name == estimate.arm)
    return arm.personas[0]


def _point(found: Contents) -> RunPoint:
    return RunPoint(
        run=found.run.id,
        started_at=found.run.started_at,
        records=found.records,
        failed=found.failed,
        models_returned=sorted(found.returned),
    )
