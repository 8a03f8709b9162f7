"""The result of following a batch over its runs: plain facts, ready for a table or JSON."""

from typing import Literal, TypeAlias

import msgspec

from persona_batch.comparing.comparison import MeasureName

SERIES_VERSION = 1

AlarmKind: TypeAlias = Literal["moved", "model_returned", "failures"]
Family: TypeAlias = Literal["change", "shift", "failures"]


class RunPoint(msgspec.Struct, frozen=True):
    """One run of the series. `failed` counts records without a usable reply; times are UTC, ISO 8601."""

    run: str
    started_at: str
    records: int
    failed: int
    models_returned: list[str]


class Trend(msgspec.Struct, frozen=True):
    """One measure of one persona over the runs, parallel to `Series.runs`; None where it could not be measured.

    The value of `change` belongs to the later of two runs: how far it moved, over its own noise.
    """

    persona: str
    measure: MeasureName
    metric: str
    unit: str
    values: list[float | None]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a persona between two consecutive runs.

    `value` is later minus earlier in `unit` (`change`: energy distance over noise). `p_adjusted` is Holm's over the
    whole series, weighted by the family's share of the level: it is compared with `Series.level`.
    """

    family: Family
    persona: str
    measure: MeasureName
    metric: str
    unit: str
    value: float | None
    p: float
    p_adjusted: float


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is no noise. `p_adjusted` is None where nothing was tested (another model's name)."""

    kind: AlarmKind
    persona: str | None
    text: str
    p_adjusted: float | None = None


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """From one run to the next. Only cells that were asked in exactly the same way in both are compared.

    `tested`: whether there was enough in them to test the replies at all.
    """

    before: str
    after: str
    started_at: str
    compared: int
    tested: bool
    steps: list[Step]
    alarms: list[Alarm]
    notes: list[str]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `batch history` can say."""

    schema_version: int = SERIES_VERSION
    batch: str
    level: float
    runs: list[RunPoint]
    trends: list[Trend]
    transitions: list[Transition]
    notes: list[str]

    @property
    def drifted(self) -> list[Transition]:
        """The transitions with an alarm."""
        return [transition for transition in self.transitions if transition.alarms]
