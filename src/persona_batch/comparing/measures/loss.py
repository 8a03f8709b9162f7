"""Loss and cuts: what share of an arm's cells has no reply, and of its replies was cut at the token limit.

Both have a row and a test of their own, because the other measures only see the replies there are: a persona whose
long replies time out looks shorter, one whose replies are all cut looks as long as its control.
"""

import numpy as np

from persona_batch.comparing import sentences
from persona_batch.comparing.corpus import STATUSES, USABLE
from persona_batch.comparing.layout import Layout, Pair
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


def distorted(measure: Measure, pair: Pair, shares: tuple[Floats, Floats], lengths: Floats) -> str | None:
    """Say why lengths of a pair cannot be compared: too many replies cut, or more lost on one side than on the other.

    Args:
        measure: whose study it is.
        pair: the two arms.
        shares: what `losses` returned.
        lengths: of the replies, parallel to the layout's rows.
    """
    (lost, other_lost), (cut, other_cut) = ((side[pair.arm], side[pair.reference]) for side in shares)
    rate, arm = max(
        (float(np.nanmean(share)) if np.isfinite(share).any() else 0.0, arm)
        for share, arm in ((cut, pair.arm), (other_cut, pair.reference))
    )
    if rate > MOST_CUT:
        return sentences.CUT.format(share=f"{rate:.0%}", arm=measure.layout.arms[arm])
    rates = unlike(measure, pair, (lost, other_lost), lengths)
    if rates is None:
        return None
    difference = rates[0] - rates[1]
    names = [measure.layout.arms[arm] for arm in (pair.arm, pair.reference)]
    digits = 0 if abs(difference) >= 0.01 else 1 if abs(difference) >= 0.001 else 2
    told = [f"{rate:.{digits}%}" for rate in rates]
    return sentences.LOST.format(share=told[0], arm=names[0], other_share=told[1], other=names[1])


def unlike(measure: Measure, pair: Pair, lost: tuple[Floats, Floats], values: Floats) -> tuple[float, float] | None:
    """Return how much each side of a pair lost, where one lost more and the means of what is left may differ by that.

    Args:
        measure: whose study it is.
        pair: the two arms.
        lost: the share that each side lost of each question.
        values: what is averaged, parallel to the layout's rows; NaN where it is lost.
    """
    mine, other = lost
    difference = float(np.nanmean(mine - other)) if np.isfinite(mine - other).any() else 0.0
    if _bias(measure.layout, pair, values, difference) < NEGLIGIBLE:
        return None
    test = PairedTest(pair, "no reply", "share of cells", mine, other, by_question=True)
    row = paired(measure, [test]).estimates[0]
    rates = float(np.nanmean(mine)), float(np.nanmean(other))
    if row.p is not None and row.p > (DOUBT if min(rates) else ONE_SIDED_DOUBT):
        return None
    return rates


def _bias(layout: Layout, pair: Pair, lengths: Floats, difference: float) -> float:
    """Return by how many standard errors the mean moves if what one side lost more of were its longest replies.

    The other side, which has them still, is trimmed by as much (Lee 2009, doi:10.1111/j.1467-937X.2009.00536.x): a
    share that does not matter in 100 replies does in 1,000. Infinite where the error is not known.
    """
    if not difference or not len(pair.question):
        return 0.0
    means = layout.group_means(lengths)
    units = layout.by_cluster(layout.by_question(pair, means[pair.arm_group] - means[pair.reference_group]))
    units = units[np.isfinite(units)]
    error = float(units.std(ddof=1)) / np.sqrt(len(units)) if len(units) > 1 else 0.0
    rest = []
    for groups in zip(pair.arm_group, pair.reference_group, strict=True):
        sides = [lengths[layout.start[group] : layout.end[group]] for group in groups]
        sides = [side[np.isfinite(side)] for side in sides]
        both = np.concatenate(sides)
        if len(both) < 2 or not all(map(len, sides)):
            continue
        rest.append((sides[int(difference > 0)] - both.mean()) * np.sqrt(len(both) / (len(both) - 1)))
    if not rest:
        return float("inf")
    ordered = np.sort(np.concatenate(rest))
    ordered -= ordered.mean()
    trimmed = min(int(np.ceil(abs(difference) * len(ordered))), len(ordered) - 1)
    moved = float(ordered[len(ordered) - trimmed :].sum()) / (len(ordered) - trimmed)
    return moved / error if error > 0 else float("inf") if moved > 0 else 0.0


MOST_CUT = 0.05  # share of replies
NEGLIGIBLE = 0.25  # standard errors: p <= .05 in .057
DOUBT = 0.2  # p of the difference of the shares lost beyond which it is taken for luck
ONE_SIDED_DOUBT = 0.5  # the same where one side lost nothing: with .2 skewed lengths have p <= .05 in .09

MEASURE = Loss
