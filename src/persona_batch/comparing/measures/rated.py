"""Rated: what people preferred, and the scores they gave, as `batch rate` took them over.

A blind choice between two replies is worth 1, ½ (a tie) or 0. Raters of one pair are averaged, then the pairs of a
question: the question is the unit, so that many ratings of few questions prove little. What the raters prefer by sides
of the screen cancels where the sides were drawn.
"""

from msgspec.structs import replace

from persona_batch.comparing import sentences
from persona_batch.comparing.agreement import alike, alpha, can_tell_agreement
from persona_batch.comparing.comparison import AGREEMENT, RATED, RATERS, Estimate
from persona_batch.comparing.intervals import preference_interval
from persona_batch.comparing.layout import pair_of
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure
from persona_batch.comparing.paired import PairedTest, paired
from persona_batch.comparing.people import PREFERENCE, Sides, Topic, Words, topics_of
from persona_batch.wording import listed

UNITS = {PREFERENCE: "share of pairs"}  # of scores: "score"


class Rated(Measure):
    """The ratings were read with the records; the texts are not needed."""

    name = RATED
    explanation = Explanation(
        definition="What people preferred of two replies, blind, and the scores they gave, as `batch rate` took them.",
        formula="d_q = share of the pairs of q in which the arm's reply was preferred (a tie is half; the raters of a "
        "pair are averaged first) - 1/2; of scores: the mean over raters of what they gave the arm's replies - the "
        "reference's; mean over q.",
        test=f"{SIGN_FLIP} Interval: of shares Wilson's with the effective number of trials, of scores Student's t "
        "over questions. Agreement: Krippendorff's alpha for interval data, pairs in both orientations.",
        source="Miller 2024, arXiv:2411.00640; Korn & Graubard 1998; Krippendorff 2011",
        per_question="d_q",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        tests, seen, agreements, notes = list[PairedTest](), list[Sides](), list[Estimate](), list[str]()
        for topic, said in topics_of(self.layout.corpus.grades.said).items():
            words = Words(self.layout, said)
            sides = list(words.preferences() if topic.kind == PREFERENCE else words.scores(self._pairs()))
            seen += sides
            tests += [self._test(topic, one) for one in sides]
            if words.said:
                agreements.append(_agreement(topic, words))
            notes += self._notes(topic, words, len(said), sides)
        found = paired(self, tests)
        found.estimates = [
            self._told(row, test, one) for row, test, one in zip(found.estimates, tests, seen, strict=True)
        ]
        found.estimates += agreements
        found.notes += dict.fromkeys(notes)
        return found

    def _pairs(self) -> list[tuple[int, int]]:
        pairs = [*self.layout.pairs, *self.layout.placebo_pairs]
        return list(dict.fromkeys((pair.arm, pair.reference) for pair in pairs))

    def _test(self, topic: Topic, sides: Sides) -> PairedTest:
        pair = pair_of(self.layout, sides.arm, sides.reference)
        unit = UNITS.get(topic.kind, "score")
        return PairedTest(pair, topic.metric, unit, sides.values, sides.reference_values, by_question=True)

    def _told(self, row: Estimate, test: PairedTest, sides: Sides) -> Estimate:
        """Return a row with its counts, and of a preference the interval of a share."""
        samples, others = sides.units
        row = replace(row, samples=samples, reference_samples=others, raters=sides.raters)
        if test.unit != UNITS[PREFERENCE]:
            return row
        share = preference_interval(self.layout.by_cluster(sides.values), sides.each)
        if share is None:
            return replace(row, interval=None)
        return replace(row, arm_interval=share, interval=replace(share, low=share.low - 0.5, high=share.high - 0.5))

    def _notes(self, topic: Topic, words: Words, given: int, sides: list[Sides]) -> list[str]:
        """Return what limits the ratings of a topic, and what is left out."""
        notes = []
        if given > len(words.said):
            notes.append(sentences.RATED_NOTHING.format(n=f"{given - len(words.said):,}", total=f"{given:,}"))
        apart = words.apart()
        if apart:
            notes.append(sentences.RATED_APART.format(n=f"{apart:,}"))
        if topic.kind != PREFERENCE:
            left = {(one.arm, one.reference): words.one_sided(one.arm, one.reference) for one in sides}
            names = [
                sentences.OF_ARM.format(arm=self.layout.arms[arm], counts=sentences.units(count, "question"))
                for (arm, _), count in left.items()
                if count
            ]
            if names:
                notes.append(sentences.RATED_ONE_SIDE.format(arms=listed(names)))
        if len(words.by_rater()) == 1:
            notes.append(sentences.ONE_RATER.format(kind=topic.metric))
        return notes


def _agreement(topic: Topic, words: Words) -> Estimate:
    """Return how well people agree on a topic."""
    raters = words.by_rater()
    counts: dict[tuple[int, ...], int] = {}
    for given in raters.values():
        for unit in given:
            counts[unit] = counts.get(unit, 0) + 1
    shared = [unit for unit, count in counts.items() if count > 1]
    value = alpha([*raters.values()], pairs=topic.kind == PREFERENCE) if shared else None
    reason = None
    if not shared:
        reason = sentences.ONE_RATER_ONLY if len(raters) == 1 else sentences.NONE_SHARED
    elif value is None:
        reason = sentences.ALL_ONE_WORD if can_tell_agreement() else sentences.NO_ALPHA
    return Estimate(
        measure=RATED,
        metric=AGREEMENT + topic.metric,
        arm=RATERS,
        reference=None,
        unit="alpha",
        value=value,
        arm_value=alike([*raters.values()]),
        questions=words.questions(shared),
        raters=len(raters),
        samples=len(shared),
        reference_samples=len(counts),
        not_estimable=reason,
    )


MEASURE = Rated
