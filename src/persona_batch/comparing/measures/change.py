"""Change: how far an arm's replies lie from the reference's, beyond what asking again does.

Energy distance (Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018) between the two sets of replies to a question,
as a U-statistic, 2 E|X-Y| - E|X-X'| - E|Y-Y'|, on Euclidean distances of TF-IDF rows; averaged over questions and
divided by the reference's own noise E|Y-Y'|. p by exchanging labels within each question.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing.comparison import LEVEL, EffectSize
from persona_batch.comparing.intervals import ratio_interval
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import WITHIN, Explanation, Findings, Measure, Study, View, as_list
from persona_batch.comparing.p_values import Floats, benjamini_hochberg, exceedance, rng_for, splits

_CHUNK = 1 << 23


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Distances between all replies of a stratum (upper triangle), the arm's replies first."""

    question: int
    arm: int
    reference: int
    distances: Floats

    @property
    def estimable(self) -> bool:
        return (self.arm >= 2 and self.reference >= 2) or not self.distances.any()


class Change(Measure):
    """Energy distance over noise, with the questions that moved by themselves."""

    name = "change"
    explanation = Explanation(
        definition=(
            "How far the arm's replies lie from the reference's, beyond what asking the reference again does. "
            "0 % means that replies of the two differ as much as replies of one; 100 % would add the whole distance "
            "between two replies of the reference."
        ),
        formula=(
            "E_q = 2 mean|x-y| - mean|x-x'| - mean|y-y'| over the replies x of the arm and y of the reference to "
            "question q, without comparing a reply with itself; |.| is the Euclidean distance of TF-IDF rows of "
            "character 1-3-grams, idf = ln((1+n)/(1+df)) + 1 over all replies to q, rows of length 1. "
            "change = mean_q E_q / mean_q mean|y-y'|."
        ),
        test=f"{WITHIN} One-sided. Two distinct samples are needed on each side of a question.",
        source="Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018; DBPA, arXiv:2506.07947",
        per_question="E_q, the reference's own noise mean|y-y'|, and E_q over the mean of that noise",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._strata: dict[int, list[_Stratum]] = defaultdict(list)

    def see(self, view: View) -> None:
        layout, block = self.layout, view.block
        rows, _ = view.tf_idf
        for pair_number, place in view.strata:
            pair = layout.pairs[pair_number]
            arm = block.slice_of(layout, int(pair.arm_group[place]))
            reference = block.slice_of(layout, int(pair.reference_group[place]))
            sizes = arm.stop - arm.start, reference.stop - reference.start
            distances = _distances(rows, arm, reference)
            self._strata[pair_number].append(_Stratum(block.question, *sizes, distances))

    def findings(self) -> Findings:
        found = Findings()
        for number, pair in enumerate(self.layout.pairs):
            self._add(found, pair, self._strata[number])
        return found

    def _add(self, found: Findings, pair: Pair, seen: list[_Stratum]) -> None:
        layout, study = self.layout, self.study
        facts = self.row(pair, "energy distance", "share of the reference's noise")
        strata = [stratum for stratum in seen if stratum.estimable]
        if not strata:
            found.moved[facts.arm] = None
            found.estimates.append(replace(facts, not_estimable=_why_not(seen)))
            return
        scores = _score(strata, study.permutations, rng_for(study.seed, self.name, facts.arm, str(facts.reference)))
        energies, noises = scores.energy, scores.noise
        noise = float(noises.mean())
        value = float(energies.mean()) / noise if noise > 0 else 0.0
        found.moved[facts.arm] = scores.moved(layout.corpus.names["question"])
        found.null_spread[facts.arm] = scores.null_spread / noise if noise > 0 else 0.0
        relative = energies / noise if noise > 0 else energies
        by_question = np.full((3, layout.question_count), np.nan)
        by_question[:, scores.questions] = relative, energies, noises
        skipped = len({stratum.question for stratum in seen}) - len(scores.questions)
        found.estimates.append(
            replace(
                facts,
                value=value,
                arm_value=float(energies.mean()),
                reference_value=noise,
                interval=ratio_interval(energies, noises),
                effect_size=EffectSize("energy distance over noise", value),
                test="labels permuted within question" + (f"; {skipped:,} questions had one sample" if skipped else ""),
                p=scores.p,
                questions=len(scores.questions),
                differences=as_list(by_question[0]),
                arm_values=as_list(by_question[1]),
                reference_values=as_list(by_question[2]),
            )
        )


MEASURE = Change


def _why_not(strata: list[_Stratum]) -> str:
    if not strata:
        return "no question was answered on both sides"
    return "change needs two distinct samples on each side of a question"


def _distances(rows: sparse.csr_array, arm: slice, reference: slice) -> Floats:
    both = sparse.vstack([rows[arm], rows[reference]], format="csr")
    cosines = np.asarray((both @ both.T).todense())
    upper = np.triu_indices(both.shape[0], 1)
    squared = np.maximum(0.0, 2.0 - 2.0 * cosines[upper])
    empty = np.diff(both.indptr) == 0  # rows without an n-gram have length 0: two of them are alike
    squared[empty[upper[0]] & empty[upper[1]]] = 0.0
    squared[squared < 1e-12] = 0.0
    return np.sqrt(squared)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Energy distance and reference noise per question, the p of their mean, and each question's own p."""

    questions: NDArray[np.int64]
    energy: Floats
    noise: Floats
    p: float
    null_spread: float
    question_p: Floats
    reachable: bool

    def moved(self, names: list[str]) -> list[str] | None:
        """Questions that moved by themselves after Benjamini-Hochberg; None if none could ever."""
        if not self.reachable:
            return None
        below = benjamini_hochberg(self.question_p) <= LEVEL
        return [names[question] for question in self.questions[below]]


def _score(strata: list[_Stratum], permutations: int, rng: np.random.Generator) -> _Scores:
    questions = np.unique([stratum.question for stratum in strata])
    place = {int(question): number for number, question in enumerate(questions)}
    count = np.zeros(len(questions))
    for stratum in strata:
        count[place[stratum.question]] += 1
    energy, noise, scale = (np.zeros(len(questions)) for _ in range(3))
    permuted = np.zeros(permutations)
    by_question = np.zeros((len(questions), permutations)) if count.max() > 1 else None
    question_p = np.ones(len(questions))
    smallest = np.ones(len(questions))
    for (arm, reference), members in _by_shape(strata).items():
        distances = np.stack([stratum.distances for stratum in members])
        if arm < 2 or reference < 2:
            continue  # all-identical: no distance, no spread
        statistics, complete = _energies(distances, arm, reference, permutations, rng)
        own = _within(distances, arm, reference)
        for stratum, values, spread, total in zip(members, statistics, own, distances.sum(axis=1), strict=True):
            number = place[stratum.question]
            weight = 1.0 / count[number]
            energy[number] += weight * values[0]
            noise[number] += weight * spread
            scale[number] += weight * total
            drawn = values[rng.integers(0, len(values), permutations)] if complete else rng.permutation(values[1:])
            permuted += weight * drawn
            if by_question is not None:
                by_question[number] += weight * drawn
            if complete:
                question_p[number] = np.mean(values >= values[0] - 1e-9 * total)
            else:
                question_p[number] = exceedance(float(values[0]), values[1:], float(total))
            smallest[number] = (2.0 if arm == reference else 1.0) / len(values)
    if by_question is not None:
        for number in np.flatnonzero(count > 1).tolist():
            question_p[number] = exceedance(energy[number], by_question[number], scale[number])
            smallest[number] = 1.0 / (1 + permutations)
    p = exceedance(float(energy.sum()), permuted, float(scale.sum()))
    return _Scores(
        questions=questions,
        energy=energy,
        noise=noise,
        p=p,
        null_spread=float(permuted.std()) / len(questions),
        question_p=question_p,
        reachable=bool((smallest <= LEVEL).any()),
    )


def _by_shape(strata: list[_Stratum]) -> dict[tuple[int, int], list[_Stratum]]:
    shapes: dict[tuple[int, int], list[_Stratum]] = defaultdict(list)
    for stratum in strata:
        shapes[stratum.arm, stratum.reference].append(stratum)
    return dict(sorted(shapes.items()))


def _within(distances: Floats, arm: int, reference: int) -> Floats:
    """Mean distance between the reference's own replies, per stratum."""
    first, second = np.triu_indices(arm + reference, 1)
    means: Floats = distances[:, (first >= arm) & (second >= arm)].mean(axis=1)
    return means


def _energies(
    distances: Floats, arm: int, reference: int, permutations: int, rng: np.random.Generator
) -> tuple[Floats, bool]:
    """Energy distance of each stratum (rows) under each relabelling (columns); column 0 is the observed one."""
    labels, complete = splits(arm + reference, arm, permutations, rng)
    first, second = np.triu_indices(arm + reference, 1)
    found = np.empty((len(distances), len(labels)))
    step = max(1, _CHUNK // len(first))
    for start in range(0, len(labels), step):
        left, right = labels[start : start + step][:, first], labels[start : start + step][:, second]
        weights = np.where(
            left & right,
            -2.0 / (arm * (arm - 1)),
            np.where(left ^ right, 2.0 / (arm * reference), -2.0 / (reference * (reference - 1))),
        )
        found[:, start : start + step] = distances @ weights.T
    return found, complete
