"""Told apart: with one reply of each side to the same question, how often would one tell which is which?

Needs no scale to be understood, and is defined where everything else is not: a persona that always says the same is
told apart in 100 % (`pairwise` has the classifier).
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from persona_batch.comparing.apart import why_unpaired
from persona_batch.comparing.comparison import SHARED, EffectSize, Estimate
from persona_batch.comparing.features import FOLDED, WIDTH
from persona_batch.comparing.intervals import share_interval
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import WITHIN, Explanation, Findings, Measure, Study, View, as_list
from persona_batch.comparing.p_values import TIE, rng_for
from persona_batch.comparing.pairwise import DENSE, MOST, Side, has_few, shared_shift, told_right
from persona_batch.comparing.text_store import no_room

RELABELLINGS = 99
_Sight: TypeAlias = list[tuple[int, int]]
CHANCE = 0.5


class Matrix:
    """A matrix that several processes fill, and that may be larger than memory: a mapping of an unnamed file.

    `rows` x `columns` of half precision: enough for rows of length 1, at half the space.

    What a forked process writes all others see.
    """

    def __init__(self, rows: int, columns: int) -> None:
        rows = max(1, rows)
        with tempfile.TemporaryFile() as file:  # the mapping keeps it until it goes itself
            size = rows * columns * np.dtype(np.float16).itemsize
            try:
                file.truncate(size)
                if hasattr(os, "posix_fallocate"):  # a mapping that finds no room kills the process
                    os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                raise no_room(error) from error
            self._values = np.memmap(file, dtype=np.float16, mode="r+", shape=(rows, columns))

    def put(self, start: int, values: NDArray[np.float32]) -> None:
        """Write rows from `start` on."""
        self._values[start : start + len(values)] = values

    def get(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a copy of these rows."""
        return np.asarray(self._values[rows], dtype=np.float32)


class ToldApart(Measure):
    """Each arm against its reference; against its placebo too, where there are few replies."""

    name = "told_apart"
    explanation = Explanation(
        definition=(
            "With one reply of the arm and one of its reference to the same question, how often would a classifier "
            "tell which is which? 50 % is chance, 100 % always."
        ),
        formula=(
            "Kernel ridge on character 1-3-grams weighted 1 + ln(count), centred within the question, that learns what "
            "questions share and, three times as strongly, what is this question's own; each pair of replies is told "
            "by what the others taught (leave-pair-out). a_q = share of pairs told right (ties half); mean over q."
        ),
        test=(
            f"{WITHIN} {RELABELLINGS} relabellings, the classifier trained anew. The verdict goes by `change` and, in "
            f"pairs of up to {DENSE} replies, by the shared shift: have the questions' mean shifts a common direction?"
        ),
        source="Airola et al. 2011, doi:10.1016/j.csda.2010.11.023; Evgeniou & Pontil 2004 (multi-task kernels)",
        per_question="a_q - 50 %",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        beside = study.layout.placebo_pairs
        self._placebos = [number for number, pair in enumerate(beside) if has_few(*study.layout.samples(pair))]
        self._pairs = [*study.layout.pairs, *(beside[number] for number in self._placebos)]
        self._width = [WIDTH if has_few(*study.layout.samples(pair)) else FOLDED for pair in self._pairs]
        self._rows = {width: Matrix(len(study.layout.rows), width) for width in set(self._width)}
        self._strata: dict[int, list[int]] = defaultdict(list)

    def look(self, view: View) -> _Sight:
        for width, matrix in self._rows.items():
            matrix.put(view.block.start, view.hashed if width == WIDTH else view.folded)  # shared with all processes
        first = len(self.layout.pairs)
        place = {number: first + at for at, number in enumerate(self._placebos)}
        return [*view.strata, *((place[number], at) for number, at in view.placebo_strata if number in place)]

    def keep(self, sight: _Sight) -> None:
        for number, place in sight:
            if self._pairs[number].own[place]:
                self._strata[number].append(place)

    @property
    def parts(self) -> int:
        return len(self._pairs)

    def findings(self, part: int = 0) -> Findings:
        found = Findings()
        for pair in self._pairs[part : part + 1]:
            if part < len(self.layout.pairs):
                found.estimates.append(self._estimate(part, pair))
            found.estimates.extend(self._shared(part, pair))
        return found

    def _shared(self, number: int, pair: Pair) -> Iterator[Estimate]:
        """Yield the row of the shared shift, where it is part of the verdict."""
        layout, places = self.layout, self._strata[number]
        questions = len(np.unique(layout.cluster[pair.question[places]]))
        if self._width[number] != WIDTH or questions < 2 or layout.clustered:
            return  # questions of a cluster share more than what the arm does
        facts = self.row(pair, SHARED, "mean cosine of two questions")
        rng = rng_for(self.study.seed, self.name, SHARED, facts.arm, str(facts.reference))
        strata = [self._side(pair, place, self._rows[WIDTH], rng) for place in places]
        p, cosine = shared_shift(strata, self.study.permutations, rng)
        yield replace(
            facts,
            value=cosine,
            effect_size=EffectSize("cosine", cosine),
            test="labels permuted within question",
            p=p,
            questions=questions,
        )

    def _estimate(self, number: int, pair: Pair) -> Estimate:
        layout, study = self.layout, self.study
        facts = self.row(pair, "pairs told right", "share of pairs")
        if not self._strata[number]:
            return replace(facts, not_estimable=why_unpaired(self.layout, pair))
        rng = rng_for(study.seed, self.name, facts.arm, str(facts.reference))
        strata = [self._side(pair, place, self._rows[self._width[number]], rng) for place in self._strata[number]]
        shares = told_right(strata, min(RELABELLINGS, study.permutations), rng)
        by_stratum = np.full((len(pair.question), shares.shape[1]), np.nan)
        by_stratum[self._strata[number]] = shares
        by_question = layout.by_question(pair, by_stratum)
        units = layout.by_cluster(by_question)
        units = units[np.isfinite(units[:, 0])]
        means = units.mean(axis=0)
        value, null = float(means[0]), means[1:]
        alone = len(units) == 1  # what one question taught is about that question
        return replace(
            facts,
            value=value,
            arm_value=value,
            reference_value=CHANCE,
            interval=None if alone else share_interval(units[:, 0], float(np.mean((null - CHANCE) ** 2)), CHANCE),
            effect_size=EffectSize("over chance", value / CHANCE),
            test=f"labels permuted within question, {len(null)} times",
            p=float((1 + np.count_nonzero(null >= value - TIE)) / (1 + len(null))),
            clusters=len(units) if layout.clustered else None,
            differences=as_list(by_question[:, 0] - CHANCE),
            arm_values=as_list(by_question[:, 0]),
        )

    def _side(self, pair: Pair, place: int, rows: Matrix, rng: np.random.Generator) -> Side:
        """Return the replies of a stratum; of a large one so many as a classifier needs, drawn by the seed."""
        arm, reference = (self._drawn(int(group[place]), rng) for group in (pair.arm_group, pair.reference_group))
        return Side(int(pair.question[place]), len(arm), rows.get(np.concatenate([arm, reference])))

    def _drawn(self, group: int, rng: np.random.Generator) -> NDArray[np.int64]:
        places = np.arange(self.layout.start[group], self.layout.end[group])
        return places if len(places) <= MOST else np.sort(rng.choice(places, MOST, replace=False))


MEASURE = ToldApart
