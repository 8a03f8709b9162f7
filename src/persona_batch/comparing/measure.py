"""What a measure is: it sees the replies question by question, then says what it found and what that means."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing.comparison import Confusion, DistinctiveWord, Estimate, MeasureName, PlannedMeasure
from persona_batch.comparing.features import Grams, gram_rows, hashed
from persona_batch.comparing.layout import Block, Layout, Pair
from persona_batch.comparing.moved import Moved
from persona_batch.comparing.p_values import Floats

SIGN_FLIP = (
    "Sign-flip by question: if the arm does nothing, each question's difference could as well have the other sign. "
    "All 2^Q patterns up to 13 questions, else a seeded sample; two-sided; six questions at least."
)
WITHIN = "Labels are exchanged between the two arms within each question; p = (1 + exceedances) / (1 + permutations)."


@dataclass(frozen=True, slots=True)
class Explanation:
    """Definition, formula, test and sources of a measure; `per_question` says what its per-question values are."""

    definition: str
    formula: str
    test: str
    source: str
    per_question: str


@dataclass(slots=True)
class Findings:
    """All that a measure has to say: rows of the table, and what only some measures find.

    `moved` is by arm, against its reference. `notes` are for the reader.
    """

    estimates: list[Estimate] = field(default_factory=list)
    words: list[DistinctiveWord] = field(default_factory=list)
    confusion: Confusion | None = None
    moved: dict[str, Moved] = field(default_factory=dict)
    plan: list[PlannedMeasure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __or__(self, other: "Findings") -> "Findings":
        """Return what both say, this one's first."""
        return Findings(
            estimates=self.estimates + other.estimates,
            words=self.words + other.words,
            confusion=self.confusion or other.confusion,
            moved=self.moved | other.moved,
            plan=self.plan + other.plan,
            notes=self.notes + other.notes,
        )


@dataclass(frozen=True, slots=True)
class Study:
    """What every measure works on; with `power`, what it takes to see these effects is planned as well."""

    layout: Layout
    permutations: int
    seed: int
    power: float | None = None


@dataclass
class View:
    """One question's replies; `strata` are (pair, place in the pair) of each of the question's strata.

    `placebo_strata` are the same of the arms beside their placebos.
    """

    block: Block
    strata: list[tuple[int, int]]
    placebo_strata: list[tuple[int, int]]

    @cached_property
    def grams(self) -> tuple[sparse.csr_array, Grams]:
        """Rows of the block's texts, and their columns' n-grams; computed once for all measures."""
        return gram_rows(self.block.texts)

    @cached_property
    def hashed(self) -> NDArray[np.float32]:
        """The same rows in `features.WIDTH` columns."""
        return hashed(*self.grams)


class Measure(ABC):
    """One measure at work on one study: sees each question once, then is asked for its findings once."""

    name: ClassVar[MeasureName]
    explanation: ClassVar[Explanation]

    def __init__(self, study: Study) -> None:
        self.study = study
        self.layout = study.layout

    def see(self, view: View) -> None:  # noqa: B027 - some measures need no texts
        """Take in the replies to one question."""

    @abstractmethod
    def findings(self) -> Findings:
        """Return what was found; called after all questions."""

    def row(self, pair: Pair, metric: str, unit: str) -> Estimate:
        """Return the row of a pair with its names and counts, and no value yet."""
        samples, reference_samples = self.layout.samples(pair)
        return Estimate(
            measure=self.name,
            metric=metric,
            arm=self.layout.arms[pair.arm],
            reference=self.layout.arms[pair.reference],
            unit=unit,
            questions=pair.questions,
            samples=samples,
            reference_samples=reference_samples,
        )


def as_list(values: Floats) -> list[float | None]:
    """Return the values with None for NaN."""
    return [None if missing else float(value) for value, missing in zip(values, np.isnan(values), strict=True)]
