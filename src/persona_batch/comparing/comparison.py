"""The result of a comparison: plain facts, ready for a table, a page or JSON.

The JSON Schema of `Comparison` is shipped as `comparison.schema.json`, generated from these types by
`python -m persona_batch.schemas.generate`.
"""

from typing import Literal, TypeAlias

import msgspec

from persona_batch.comparing.between_runs import RunChanges

COMPARISON_VERSION = 2

LEVEL = 0.05  # of every test; its intervals hold the truth in 95 %

AFTER = "after turn "  # the metrics of `drift` that are the curve of probe scores
RATED = "rated"  # the measure of what people said
AGREEMENT = "agreement on "  # the metrics of `rated` that say how well people agree, of `RATERS`
RATERS = "all raters"
SHARED = "shared shift"  # the metric of `told_apart` that the verdict goes by as well, with few replies

MeasureName: TypeAlias = str  # a module of `persona_batch.comparing.measures`
ArmRole: TypeAlias = Literal["persona", "placebo", "control", "level"]


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval, in the unit of what it belongs to."""

    low: float
    high: float
    method: str
    level: float = 0.95


class EffectSize(msgspec.Struct, frozen=True):
    """A unit-free size of the effect; `name` says which (Cliff's delta, odds ratio, …)."""

    name: str
    value: float


class Equivalence(msgspec.Struct, frozen=True):
    """Two one-sided tests that a difference lies within `margin` of nothing (Schuirmann 1987, doi:10.1007/BF01068419).

    `p` is the larger of the two, `holds` whether the 90 % interval lies inside, `smallest` the least margin that would
    hold. `refused` says why there is no test.
    """

    margin: float
    p: float | None = None
    holds: bool | None = None
    smallest: float | None = None
    refused: str | None = None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the table: an arm against its reference, for one metric of one measure.

    `value` is arm minus reference in `unit` (for `told_apart`: the share of pairs told right; for `change`: the
    coefficient of inhomogeneity, of `arm_value` over `reference_value`; for `identifiability`: the accuracy; for
    `words`: their number). `questions` entered (dialogues for `drift`); `clusters` of them are the units of inference,
    None where every question is one. `samples` and `reference_samples` count replies that entered. `p_holm` is set for
    the headline (`change`; of the larger p of control and placebo), `p_bh` for the rows of a table that make a claim.
    `personas`: a level of an attribute speaks for personas like these so many; None: for these only.
    `raters`: so many people rated (`rated` only, whose `samples` are rated pairs or replies; an agreement's `value` is
    Krippendorff's alpha, its `arm_value` how often two people said the same of the `samples` that several rated).
    `not_estimable` says why there is no p. The lists run parallel to `Comparison.questions`, None where a question did
    not enter.
    """

    measure: MeasureName
    metric: str
    arm: str
    reference: str | None
    unit: str
    value: float | None = None
    arm_value: float | None = None
    reference_value: float | None = None
    interval: Interval | None = None
    arm_interval: Interval | None = None
    reference_interval: Interval | None = None
    effect_size: EffectSize | None = None
    test: str | None = None
    p: float | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    questions: int = 0
    clusters: int | None = None
    personas: int | None = None
    raters: int | None = None
    samples: int = 0
    reference_samples: int = 0
    not_estimable: str | None = None
    equivalence: Equivalence | None = None
    differences: list[float | None] = msgspec.field(default_factory=list)
    arm_values: list[float | None] = msgspec.field(default_factory=list)
    reference_values: list[float | None] = msgspec.field(default_factory=list)


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the comparison, and what became of its cells.

    `records` = `ok` + `truncated` + `filtered` + `empty` + `errors`; `missing` are cells that the arm's own grid
    has and the records have not; `duplicates` are samples that are no draw of their own (copies);
    `used` = `ok` + `truncated` - `duplicates`; `unpaired` are questions without a reply on the other side.
    """

    name: str
    role: ArmRole
    reference: str | None
    personas: list[str]
    records: int
    ok: int
    truncated: int
    filtered: int
    empty: int
    errors: int
    missing: int
    duplicates: int
    used: int
    questions: int
    unpaired: int
    moved_at_least: int | None = None  # questions, with 95 % confidence; None: not tested
    moved_questions: list[str] | None = None  # by name, 5 % of them wrongly; None: too few samples for names


Half: TypeAlias = Literal["control", "placebo", "both"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The claim made about an arm: its replies differ from the control's *and* from the placebo's.

    `p_control` and `p_placebo` are of `change`, and with few replies twice the smaller of that and of the shared
    shift's; `p` is the larger of the two (intersection-union, Berger 1982), `p_holm` Holm's over all arms that a claim
    is made about. `holds` is None where it cannot be tested (`why_not`); `failed` is the half that does not stand at
    5 % by itself. Without a placebo there is one half only.
    """

    arm: str
    control: str | None
    placebo: str | None
    p_control: float | None = None
    p_placebo: float | None = None
    p: float | None = None
    p_holm: float | None = None
    holds: bool | None = None
    failed: Half | None = None
    why_not: str | None = None


class FactorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One level of a factor of the cells (placement, variant, model, …) against another, all else equal.

    `persona` is the persona within which the two were asked, None: over several. `told_apart` and `change` are of the
    level against `reference`. `p` is made as a claim's half is (twice the smaller of change's and, with few replies,
    the shared shift's), `p_holm` Holm's over the levels of the factor, as `--by` has it; `holds` by that, None where it
    could not be tested.
    """

    factor: str
    persona: str | None
    level: str
    reference: str
    told_apart: Estimate
    change: Estimate
    shared: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None
    holds: bool | None = None


class DistinctiveWord(msgspec.Struct, frozen=True, kw_only=True):
    """A word that an arm's replies hold more (or less, `z` < 0) often than the reference's.

    `arm_replies` and `reference_replies` count replies that hold it, of `arm_total` and `reference_total`; `z` is the
    log-odds' z-score and `p` its family-wise p by max-|z| permutation. `shown` is a piece of a reply with the word,
    from `question`.
    """

    arm: str
    word: str
    z: float
    p: float
    arm_replies: int
    reference_replies: int
    question: str
    shown: str
    arm_total: int = 0
    reference_total: int = 0


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A judged difference corrected by people's ratings of some replies.

    `judged` is the difference as the judge has it, `value` the corrected one, `weight` what the judge counts in it (0
    to 1). `ratings` of replies entered, on `questions` with ratings on both sides. `raters_agree` and `judge_agrees`
    are Krippendorff's alpha, of the raters and of their mean with the judge; None: it cannot be told.
    """

    metric: str
    arm: str
    reference: str
    judged: float | None = None
    value: float | None = None
    interval: Interval | None = None
    weight: float | None = None
    ratings: int = 0
    questions: int = 0
    raters: int = 0
    raters_agree: float | None = None
    judge_agrees: float | None = None
    not_estimable: str | None = None


class Confusion(msgspec.Struct, frozen=True):
    """`counts[i][j]`: replies of `arms[i]` that the classifier gave to `arms[j]`."""

    arms: list[str]
    counts: list[list[int]]


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """One reply to look at: the arm's to a question; those with the same question, model and speaker belong together.

    `text` is the question's wording, None where it was never asked plainly; `factors` are the levels of the grid's own
    factors that the arms share; `judged` is what judges gave it, and said of it.
    """

    question: str
    text: str | None
    model: str
    speaker: str | None
    arm: str
    reference: str | None
    sample: int
    reply: str
    truncated: bool
    factors: dict[str, str] = {}
    judged: list[str] = []


class Advice(msgspec.Struct, frozen=True):
    """One sentence of advice; `underpowered` when it says what the comparison could not have seen."""

    text: str
    underpowered: bool


class Need(msgspec.Struct, frozen=True):
    """So many questions with so many samples of each side."""

    samples: int
    questions: int


class PlannedMeasure(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to see an effect of this size (in `unit`) with the wished power, at 5 % and before any correction.

    `needs` leaves out sample counts at which no number of questions up to 100,000 is enough.
    """

    measure: MeasureName
    metric: str
    arm: str
    unit: str
    effect: float
    needs: list[Need]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the comparison was made; the same settings and records give the same result."""

    by: str
    measures: list[MeasureName]
    permutations: int
    seed: int
    level: float = 0.95
    power: float | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `batch compare` can say about one run, or about two."""

    schema_version: int = COMPARISON_VERSION
    settings: Settings
    runs: list[str]
    questions: list[str]
    arms: list[Arm]
    claims: list[Claim]
    estimates: list[Estimate]
    words: list[DistinctiveWord]
    confusion: Confusion | None
    changes: RunChanges | None
    advice: list[Advice]
    notes: list[str]
    factors: list[FactorRow] = msgspec.field(default_factory=list)
    calibrations: list[Calibration] = msgspec.field(default_factory=list)
    plan: list[PlannedMeasure] = msgspec.field(default_factory=list)
    excerpts: list[Excerpt] = msgspec.field(default_factory=list)

    def find(self, measure: MeasureName, arm: str, metric: str | None = None) -> Estimate | None:
        """Return the estimate of an arm against its reference (the first metric's, if none is named), or None."""
        for estimate in self.estimates:
            if estimate.measure == measure and estimate.arm == arm and (metric is None or metric == estimate.metric):
                return estimate
        return None
