"""Following a batch over its runs: every night is watched, and set beside its neighbour and a baseline.

Each persona's measures are watched (`watch`) on what was asked in exactly the same way; M series share the level, so
the chance of any false alarm in a year of runs, over all of them, is at most the level. Series that come later (a
persona that was added) share a small part that is kept back for them, so that they change nothing of what was said
before. Nights against their neighbour and the baseline are estimates, without alarm.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from persona_batch.comparing.comparison import LEVEL
from persona_batch.comparing.nights import MEASURES, UNITS, Answers, Night, PastRun, far_from, read_night, steps
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.series import Alarm, RunPoint, Series, Step, Transition, Trend, Watched
from persona_batch.comparing.watch import Watch, nights_needed
from persona_batch.comparing.ways import unlike, way_note
from persona_batch.errors import UsageError

FIRST_SHARE = 15 / 16  # of the level, for the series of the first run; later ones share what halves each time


@dataclass(slots=True)
class _Watched:
    """One series: its watch, and how its questions were asked when they were last seen."""

    persona: str
    measure: Watched
    cohort: int
    watch: Watch
    asked: dict[str, Answers] = field(default_factory=dict)
    anchors: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)  # by run
    evidence: dict[str, float] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    recent: dict[str, float] = field(default_factory=dict)  # of the runs since it was watched anew

    def see(self, number: int, night: Night) -> dict[str, Floats]:
        """Take in a night; return its values by question."""
        found: dict[str, Floats] = {}
        for name, answers in night.answers.get(self.persona, {}).items():
            before = self.asked.get(name, answers)
            checked = self.measure == "checks" and answers.passed and before.passed
            if not answers.same_as(before) or (checked and answers.judged != before.judged):
                self.watch.forget(name)
                self.anchors.pop(name, None)
            if self.measure != "checks" or answers.passed or name not in self.asked:
                self.asked[name] = answers
            values = self._values(name, answers)
            if len(values):
                found[name] = values
        if found:
            mean = float(np.mean([values.mean() for values in found.values()]))
            self.watch.night(number, found)
            self.values[night.run.id], self.evidence[night.run.id] = mean, self.watch.evidence
        return found

    def _values(self, name: str, answers: Answers) -> Floats:
        if self.measure != "text":
            return answers.values(self.measure)
        if not answers.texts:
            return np.zeros(0)
        if name not in self.anchors:  # the run that it is watched from is no night of the watch
            self.anchors[name] = answers.texts
            return np.zeros(0)
        return far_from(self.anchors[name], answers.texts)

    def begin_anew(self, night: Night, values: dict[str, Floats]) -> None:
        """Compare what follows with the new state."""
        if self.measure == "text":
            self.anchors = {name: answers.texts for name, answers in night.answers[self.persona].items()}
            values = {}
        self.recent = {night.run.id: self.values[night.run.id]}
        self.watch.begin_anew(values)


def follow(
    batch: str,
    runs: Sequence[PastRun],
    *,
    level: float = LEVEL,
    baseline: str | None = None,
    last: int | None = None,
) -> Series:
    """Watch a batch over its runs.

    Args:
        batch: the batch's id.
        runs: finished runs, oldest first.
        level: the chance of one false alarm or more in a year of runs.
        baseline: id of the run that each is set beside; None: the first.
        last: tell of so many of the newest runs only; the watch has learned from all.

    Raises:
        UsageError: there is no such baseline among the runs.
    """
    wanted = baseline or (runs[0].id if runs else None)
    if baseline is not None and baseline not in {run.id for run in runs}:
        raise UsageError(f"--baseline {baseline}: it is no finished run of {batch}")
    base = next((read_night(run) for run in runs if run.id == wanted), None)
    watched: dict[tuple[str, Watched], _Watched] = {}
    sizes: list[int] = []
    points: list[RunPoint] = []
    transitions: list[Transition] = []
    before: Night | None = None
    for number, run in enumerate(runs):
        night = read_night(run)
        _admit(watched, sizes, number, night)
        alarms = list(_seen(watched, sizes, number, night, level))
        told = last is None or number > len(runs) - last  # of others there is no need to compare texts once more
        if told and before is not None and base is not None:
            transitions.append(_transition(before, night, base, alarms))
        points.append(_point(night))
        before = night
    shown = points if last is None else points[-last:]
    return Series(
        batch=batch,
        level=level,
        baseline=wanted,
        seen=len(points),
        runs=shown,
        trends=[_trend(one, sizes, level, shown) for _, one in sorted(watched.items())],
        transitions=transitions,
    )


def _admit(watched: dict[tuple[str, Watched], _Watched], sizes: list[int], number: int, night: Night) -> None:
    """Open a watch for every measure of every persona that has none; those of one night are a cohort."""
    fresh = [
        (persona, measure)
        for persona, answers in sorted(night.answers.items())
        for measure in MEASURES
        if (persona, measure) not in watched
        if measure != "checks" or any(one.passed for one in answers.values())
    ]
    if not fresh:
        return
    sizes.append(len(fresh))
    for persona, measure in fresh:
        name = f"{persona}\0{measure}\0{number}"
        watched[persona, measure] = _Watched(persona, measure, len(sizes) - 1, Watch(name))


def _threshold(sizes: Sequence[int], cohort: int, level: float) -> float:
    share = FIRST_SHARE if cohort == 0 else (1.0 - FIRST_SHARE) / 2.0**cohort
    return sizes[cohort] / (level * share)


def _seen(
    watched: dict[tuple[str, Watched], _Watched], sizes: Sequence[int], number: int, night: Night, level: float
) -> Iterator[Alarm]:
    for (persona, measure), one in sorted(watched.items()):
        earlier = float(np.mean(list(one.recent.values()))) if one.recent else None
        values = one.see(number, night)
        if not values:
            continue
        now = one.recent[night.run.id] = one.values[night.run.id]
        if one.watch.evidence >= _threshold(sizes, one.cohort, level):
            one.alarms.append(night.run.id)
            one.begin_anew(night, values)
            told = ["–" if value is None else f"{value:.4g}" for value in (earlier, now)]
            yield Alarm(
                kind="moved", persona=persona, measure=measure, unit=UNITS[measure], before=told[0], now=told[1]
            )


def _transition(before: Night, night: Night, base: Night, alarms: Sequence[Alarm]) -> Transition:
    estimates: list[Step] = steps(night, before, "before")
    if base.run.id not in (before.run.id, night.run.id):
        estimates += steps(night, base, "baseline")
    then, now = before.models("model_returned"), night.models("model_returned")
    renamed = [
        Alarm(
            kind="model_returned",
            persona=None,
            measure=None,
            unit=None,
            before=", ".join(then[model]),
            now=", ".join(names),
        )
        for model, names in sorted(now.items())
        if then.get(model, names) != names
    ]
    prints = before.models("system_fingerprint")
    known = {persona: before.answers[persona] for persona in night.answers if persona in before.answers}
    same = {
        persona: [name for name, mine in night.answers[persona].items() if mine.same_as(answers.get(name))]
        for persona, answers in known.items()
    }
    return Transition(
        before=before.run.id,
        after=night.run.id,
        started_at=night.run.started_at,
        compared=sum(len(night.answers[persona][name].failed) for persona, names in same.items() for name in names),
        steps=estimates,
        alarms=[*renamed, *alarms],
        edited=sorted(
            persona for persona, names in same.items() if _is_edited(known[persona], night.answers[persona], names)
        ),
        fingerprints=sorted(
            model for model, names in night.models("system_fingerprint").items() if prints.get(model, names) != names
        ),
        ways=way_note(before.way, [night.way]) if unlike(before.way, night.way) else None,
    )


def _is_edited(before: Mapping[str, Answers], now: Mapping[str, Answers], same: Sequence[str]) -> bool:
    """Whether something that both runs asked was asked otherwise; questions that came or went are no edit."""
    return not same or len(same) < len(before.keys() & now.keys())


def _trend(one: _Watched, sizes: Sequence[int], level: float, shown: Sequence[RunPoint]) -> Trend:
    threshold, questions = _threshold(sizes, one.cohort, level), len(one.asked)
    first = nights_needed(threshold, questions)
    if first is not None and one.measure == "text":
        first += 1  # the run that it is watched from
    return Trend(
        persona=one.persona,
        measure=one.measure,
        unit=UNITS[one.measure],
        values=[one.values.get(point.run) for point in shown],
        evidence=[one.evidence.get(point.run) for point in shown],
        threshold=threshold,
        questions=questions,
        alarms=one.alarms,
        possible_from=first,
    )


def _point(night: Night) -> RunPoint:
    return RunPoint(
        run=night.run.id,
        started_at=night.run.started_at,
        records=night.records,
        failed=night.failed,
        models_returned=sorted({name for names in night.models("model_returned").values() for name in names}),
    )
