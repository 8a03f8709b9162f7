"""What a measure is: it sees the replies question by question, then says what it found and what that means."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing.comparison import Confusion, DistinctiveWord, Estimate, MeasureName, PlannedMeasure
from persona_batch.comparing.features import FOLDED, Grams, distances, gram_rows, hashed
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
    _crossed: dict[tuple[int, int], Floats] = field(default_factory=dict)
    _products: dict[tuple[int, int], Floats] = field(default_factory=dict)

    @cached_property
    def grams(self) -> tuple[sparse.csr_array, Grams]:
        """Rows of the block's texts, and their columns' n-grams; computed once for all measures."""
        return gram_rows(self.block.texts)

    @cached_property
    def hashed(self) -> NDArray[np.float32]:
        """The same rows in `features.WIDTH` columns."""
        return hashed(*self.grams)

    @cached_property
    def folded(self) -> NDArray[np.float32]:
        """The same rows in `features.FOLDED` columns: those of `hashed`, so many at a time summed."""
        return hashed(*self.grams, FOLDED)

    def distances(self, arm: slice, reference: slice) -> Floats:
        """Return the distances between the replies of two groups, the arm's first (`features.distances`)."""
        cross = self._against(reference)[arm]
        own, other = self._within(arm), self._within(reference)
        return distances(np.block([[own, cross], [cross.T, other]]))

    def _against(self, group: slice) -> Floats:
        """Return the inner products of all replies with those of a group."""
        key = (group.start, group.stop)
        if key not in self._crossed:
            rows, _ = self.grams
            self._crossed[key] = np.asarray(rows @ rows[group].toarray().T)
        return self._crossed[key]

    def _within(self, group: slice) -> Floats:
        """Return the inner products within a group."""
        key = (group.start, group.stop)
        if key not in self._products:
            rows = self.grams[0][group]
            self._products[key] = (rows @ rows.T).toarray()
        return self._products[key]


class Measure(ABC):
    """One measure at work on one study: looks at each question once, then is asked for its findings once."""

    name: ClassVar[MeasureName]
    explanation: ClassVar[Explanation]

    def __init__(self, study: Study) -> None:
        self.study = study
        self.layout = study.layout

    def look(self, view: View) -> Any:  # noqa: ARG002 - some measures need no texts
        """Return what is needed of the replies to one question, in a form that can be pickled; None: nothing."""
        return None

    def keep(self, sight: Any) -> None:  # noqa: B027 - as above
        """Take in what `look` returned for one question; questions come in their order."""

    @property
    def parts(self) -> int:
        """In how many parts the findings can be had, by processes of their own."""
        return 1

    @abstractmethod
    def findings(self, part: int = 0) -> Findings:
        """Return what was found, or one part of it; called after all questions."""

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
