"""The result of following a batch over its runs: plain facts, ready for a table or JSON."""

from typing import Literal, TypeAlias

import msgspec

from persona_batch.comparing.comparison import Interval

SERIES_VERSION = 2

AlarmKind: TypeAlias = Literal["moved", "model_returned"]
Watched: TypeAlias = Literal["text", "length", "checks", "character", "failures"]
Against: TypeAlias = Literal["before", "baseline"]


class RunPoint(msgspec.Struct, frozen=True):
    """One run of the series. `failed` counts records without a usable reply; times are UTC, ISO 8601."""

    run: str
    started_at: str
    records: int
    failed: int
    models_returned: list[str]


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one persona under watch; the lists run parallel to `Series.runs`.

    `values` are means over the questions (`text`: the mean distance to the replies of the run that it is watched
    from), None where nothing was measured. `evidence` is that of the watch, an alarm where it reaches `threshold`;
    `alarms` are the runs that raised one. No alarm is possible before `possible_from` runs; None: not in a year.
    """

    persona: str
    measure: Watched
    unit: str
    values: list[float | None]
    evidence: list[float | None]
    threshold: float
    questions: int
    alarms: list[str]
    possible_from: int | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A run against another as an estimate, without alarm: later minus earlier in `unit` (`text`: H, from 0 to 1)."""

    against: Against
    persona: str
    measure: Watched
    unit: str
    value: float
    interval: Interval | None
    questions: int


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is no noise: a measure that moved, or (not tested) another model's name.

    `before` and `now` are the measure's means in the runs before (since it was watched anew) and in this one, or the
    models' names.
    """

    kind: AlarmKind
    persona: str | None
    measure: Watched | None
    unit: str | None
    before: str
    now: str


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """What a run showed. Only what was asked in exactly the same way before is compared.

    `compared` counts its cells that were, `edited` names the personas that were asked otherwise than in the run
    before, `fingerprints` the models whose system fingerprint changed; `ways` says that one was streamed and the other
    came in batch files (None: not so).
    """

    before: str
    after: str
    started_at: str
    compared: int
    steps: list[Step]
    alarms: list[Alarm]
    edited: list[str]
    fingerprints: list[str]
    ways: str | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `batch history` can say; `level`: the chance of any false alarm in a year of nightly runs.

    `seen` runs were watched, of which `runs` may be the newest only.
    """

    schema_version: int = SERIES_VERSION
    batch: str
    level: float
    baseline: str | None
    seen: int
    runs: list[RunPoint]
    trends: list[Trend]
    transitions: list[Transition]

    @property
    def drifted(self) -> list[Transition]:
        """The transitions with an alarm."""
        return [transition for transition in self.transitions if transition.alarms]
