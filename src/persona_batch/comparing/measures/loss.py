"""Loss and cuts: what share of an arm's cells has no reply, and of its replies was cut at the token limit.

Both have a row and a test of their own, because the other measures only see the replies there are: a persona whose
long replies time out looks shorter, one whose replies are all cut looks as long as its control.
"""

import numpy as np

from persona_batch.comparing import sentences
from persona_batch.comparing.corpus import STATUSES, USABLE
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.paired import PairedTest, paired

METRICS = (("no reply", "share of cells"), ("cut", "share of replies"))


class Loss(Measure):
    """Shares of cells without a reply, and of replies that were cut."""

    name = "loss"
    explanation = Explanation(
        definition="How often a cell of the arm has no reply (failed, filtered, empty), and how often a reply was cut.",
        formula="d_q = the arm's share in question q - the reference's; mean over q.",
        test=SIGN_FLIP,
        source="Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        lost, cut = losses(self)
        tests: list[PairedTest] = []
        for (metric, unit), shares in zip(METRICS, (lost, cut), strict=True):
            if not np.nansum(shares):
                continue  # nobody lost anything
            tests.extend(
                PairedTest(pair, metric, unit, shares[pair.arm], shares[pair.reference], by_question=True)
                for pair in self.layout.pairs
            )
        return paired(self, tests)


def losses(measure: Measure) -> tuple[Floats, Floats]:
    """Return the share of cells without a reply and of replies that were cut: (arms, questions), NaN where none."""
    layout = measure.layout
    corpus, arm = layout.corpus, layout.assignment.arm
    known = arm >= 0
    place = (arm[known], corpus.columns["question"][known])
    status = corpus.columns["status"][known]
    counts = np.zeros((3, len(layout.arms), layout.question_count))
    usable = np.isin(status, USABLE)
    for number, marked in enumerate((np.ones(len(status)), usable, status == STATUSES.index("truncated"))):
        np.add.at(counts[number], place, marked)
    cells, replies, cut = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(cells > 0, (cells - replies) / cells, np.nan), np.where(replies > 0, cut / replies, np.nan)


def distorted(measure: Measure, pair: Pair, shares: tuple[Floats, Floats]) -> str | None:
    """Say why lengths of a pair cannot be compared: too many replies cut, or more lost on one side than on the other.

    Args:
        measure: whose study it is.
        pair: the two arms.
        shares: what `losses` returned.
    """
    (lost, other_lost), (cut, other_cut) = ((side[pair.arm], side[pair.reference]) for side in shares)
    rate, arm = max(
        (float(np.nanmean(share)) if np.isfinite(share).any() else 0.0, arm)
        for share, arm in ((cut, pair.arm), (other_cut, pair.reference))
    )
    if rate > MOST_CUT:
        return sentences.CUT.format(share=f"{rate:.0%}", arm=measure.layout.arms[arm])
    difference = float(np.nanmean(lost - other_lost)) if np.isfinite(lost - other_lost).any() else 0.0
    if abs(difference) < MOST_UNLIKE:
        return None
    test = PairedTest(pair, "no reply", "share of cells", lost, other_lost, by_question=True)
    row = paired(measure, [test]).estimates[0]
    if row.p is not None and row.p > DOUBT:
        return None
    names = [measure.layout.arms[arm] for arm in (pair.arm, pair.reference)]
    rates = [float(np.nanmean(side)) for side in (lost, other_lost)]
    told = [f"{rate:.0%}" for rate in rates]
    return sentences.LOST.format(share=told[0], arm=names[0], other_share=told[1], other=names[1])


MOST_CUT = 0.05  # share of replies
MOST_UNLIKE = 0.02  # difference of the shares lost that is passed over
DOUBT = 0.2  # p of that difference from which on it is taken for luck

MEASURE = Loss
