"""Change: do an arm's replies differ from the reference's more than asking again does, and by how much?

Test: labels are exchanged within each question, on standardised energies (`energy`). Size: the coefficient of
inhomogeneity H = sum of E over sum of 2A, in [0, 1] (Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018). On prose H
looks tiny, since all distances are alike (replies told apart in 90 % have .03): the headline is `told_apart`.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from persona_batch.comparing import sentences
from persona_batch.comparing.apart import why_unpaired
from persona_batch.comparing.comparison import EffectSize, Estimate
from persona_batch.comparing.energy import Energies, Stratum, flip_common, relabel
from persona_batch.comparing.intervals import root_ratio_interval
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import WITHIN, Explanation, Findings, Measure, Study, View, as_list
from persona_batch.comparing.moved import moved_of
from persona_batch.comparing.p_values import MIN_SIGN_FLIP, rng_for
from persona_batch.comparing.pairwise import Rows
from persona_batch.comparing.planning import plan_change
from persona_batch.wording import counted


class Change(Measure):
    """Each arm against its reference, and against its placebo, with the questions that moved."""

    name = "change"
    explanation = Explanation(
        definition=(
            "How far the arm's replies lie from the reference's, beyond what asking the reference again does: 0 where "
            "replies of the two differ as much as replies of one, 1 where each side always says the same, and "
            "something else."
        ),
        formula=(
            "E_q = 2A_q - B_q - C_q, the mean distances between, within the arm and within the reference, without "
            "comparing a reply with itself; distance: Euclidean, of character 1-3-grams weighted 1 + ln(count), rows "
            "of length 1. H = sum of E_q / sum of 2A_q, not below 0."
        ),
        test=(
            f"{WITHIN} T = sum over q of (E_q - mean) / sd over the relabellings of q, so that noisy questions and "
            "unequal cells do not drown the others; one-sided, ties count. One sample a side everywhere: signs of the "
            "questions' mean features are flipped, which sees what the questions share."
        ),
        source="Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585",
        per_question="E_q, 2A_q, and E_q / 2A_q",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._pairs = [*study.layout.pairs, *study.layout.placebo_pairs]
        self._strata: dict[int, list[Stratum]] = defaultdict(list)
        self._shifts: dict[int, list[Rows]] = defaultdict(list)

    def look(self, view: View) -> list[tuple[int, Stratum, Rows | None]]:
        layout, block = self.layout, view.block
        first_placebo = len(layout.pairs)
        strata = [*view.strata, *((first_placebo + number, place) for number, place in view.placebo_strata)]
        found = []
        for number, place in strata:
            pair = self._pairs[number]
            if not pair.own[place]:
                continue
            arm = block.slice_of(layout, int(pair.arm_group[place]))
            reference = block.slice_of(layout, int(pair.reference_group[place]))
            sizes = arm.stop - arm.start, reference.stop - reference.start
            shift = view.hashed[arm.start] - view.hashed[reference.start] if sizes == (1, 1) else None
            found.append((number, Stratum(block.question, *sizes, view.distances(arm, reference)), shift))
        return found

    def keep(self, sight: list[tuple[int, Stratum, Rows | None]]) -> None:
        for number, stratum, shift in sight:
            self._strata[number].append(stratum)
            if shift is not None:
                self._shifts[number].append(shift)

    @property
    def parts(self) -> int:
        return len(self._pairs)

    def findings(self, part: int = 0) -> Findings:
        found = Findings()
        for number, pair in list(enumerate(self._pairs))[part : part + 1]:
            row, energies = self._estimate(number, pair)
            found.estimates.append(row)
            if self.study.power is not None and energies is not None and number < len(self.layout.pairs):
                fewest = min(min(stratum.arm, stratum.reference) for stratum in self._strata[number])
                planned = plan_change(row, energies.z, fewest, self.study.power)
                found.plan.extend([] if planned is None else [planned])
            if energies is not None and number < len(self.layout.pairs):
                found.moved[row.arm] = moved_of(energies, self.layout.corpus.names["question"])
        return found

    def _estimate(self, number: int, pair: Pair) -> tuple[Estimate, Energies | None]:
        study = self.study
        facts = self.row(pair, "inhomogeneity", "H, from 0 to 1")
        strata = self._strata[number]
        if not strata:
            return replace(facts, not_estimable=why_unpaired(self.layout, pair)), None
        rng = rng_for(study.seed, self.name, facts.arm, str(facts.reference))
        several = [stratum for stratum in strata if stratum.arm + stratum.reference > 2]
        if not several:
            return self._single(facts, self._shifts[number], rng), None
        energies = relabel(several, study.permutations, rng)
        sized = np.isfinite(energies.energy)
        tested = "labels permuted within question, standardised"
        if not sized.all():
            tested += f"; {counted(int((~sized).sum()), 'question')} had one sample on a side, and no size"
        row = replace(facts, test=tested, p=energies.total_p, questions=len(energies.questions))
        return self._sized(row, energies), energies

    def _sized(self, row: Estimate, energies: Energies) -> Estimate:
        """Add the size and what it is made of, by question."""
        layout, known = self.layout, np.isfinite(energies.energy)
        if not known.any():
            return row
        by_question = np.full((2, layout.question_count), np.nan)
        by_question[:, energies.questions] = energies.energy, energies.cross
        units = layout.by_cluster(by_question.T)
        units = units[np.isfinite(units[:, 0])]
        energy, cross = units.T
        size = float(energy.sum() / cross.sum()) if cross.sum() > 0 else 0.0
        blank = np.where(by_question[1] == 0, 0.0, np.nan)  # all replies alike: 0/0 is 0
        ratio = np.divide(by_question[0], by_question[1], out=blank, where=by_question[1] > 0)
        return replace(
            row,
            value=max(0.0, size),
            arm_value=float(energy.mean()),
            reference_value=float(cross.mean()),
            interval=root_ratio_interval(energy, cross),
            effect_size=EffectSize("H", max(0.0, size)),
            clusters=len(units) if layout.clustered else None,
            differences=as_list(ratio),
            arm_values=as_list(by_question[0]),
            reference_values=as_list(by_question[1]),
        )

    def _single(
        self,
        facts: Estimate,
        shifts: Sequence[Rows],
        rng: np.random.Generator,
    ) -> Estimate:
        """Return the row of a pair with one sample a side in every question."""
        if len(shifts) < MIN_SIGN_FLIP:
            return replace(facts, not_estimable=sentences.ONE_EACH.format(least=MIN_SIGN_FLIP, n=len(shifts)))
        p = flip_common(np.stack(shifts), self.study.permutations, rng)
        return replace(facts, test="one sample a side: sign-flip of what the questions' replies share", p=p)


MEASURE = Change
