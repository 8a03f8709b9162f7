"""Broken character: replies that call themselves a machine, name their maker, or decline as an assistant.

Rates with an interval over questions (Wilson's over replies covers .61 where questions differ); the test is by
question, like the others.
"""

import numpy as np

from persona_batch.checks.markers import breaks_character
from persona_batch.comparing.intervals import rate_interval
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.paired import PairedTest, paired


class Character(Measure):
    """Shares of replies that break character."""

    name = "character"
    explanation = Explanation(
        definition=(
            "How often a reply falls out of its role: it calls itself an AI or a language model (作为人工智能), "
            "names its maker, or declines as an assistant would."
        ),
        formula="d_q = share of the arm's replies to q with a marker - share of the reference's; mean over q.",
        test=(
            f"{SIGN_FLIP} The rates themselves have Wilson's interval, with the effective number of replies that the "
            "questions' spread tells."
        ),
        source="Wilson 1927, doi:10.1080/01621459.1927.10502953; Korn & Graubard 1998",
        per_question="d_q",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._broken = np.zeros(len(study.layout.rows))

    def look(self, view: View) -> tuple[int, list[bool]]:
        return view.block.start, [breaks_character(text) for text in view.block.texts]

    def keep(self, sight: tuple[int, list[bool]]) -> None:
        start, broken = sight
        self._broken[start : start + len(broken)] = broken

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        layout = self.layout
        means, size = layout.group_means(self._broken), layout.end - layout.start
        tests = []
        for pair in layout.pairs:
            test = PairedTest(
                pair, "broken character", "share of replies", means[pair.arm_group], means[pair.reference_group]
            )
            test.arm_interval, test.reference_interval = (
                rate_interval(
                    self.layout.by_cluster(self.layout.by_question(pair, means[groups])), int(size[groups].sum())
                )
                for groups in (pair.arm_group, pair.reference_group)
            )
            test.replies = self._broken
            tests.append(test)
        return paired(self, tests)


MEASURE = Character
