"""A biased judge is corrected to the truth by few ratings, with an interval that holds it as often as it says."""

from typing import Literal

import numpy as np
import pytest

from comparing.made import prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.agreement import alpha
from persona_batch.comparing.calibration import corrected
from persona_batch.comparing.judged_scores import Rated, Score, Scores, take_rating
from persona_batch.record import Record
from persona_batch.record.rating import Rating

REPLICATES = 400


def world(rng: np.random.Generator, questions: int, rated: int, noise: float) -> tuple[np.ndarray, ...]:
    """Return judged, human and judged-where-rated differences; the truth is .5, the judge says .85."""
    effect = 0.5 + rng.normal(0.0, 0.4, questions)
    d = effect + 0.35 + rng.normal(0.0, noise / 2, questions)
    h, j = np.full(questions, np.nan), np.full(questions, np.nan)
    chosen = rng.permutation(questions)[:rated]
    replies = rng.normal(0.0, 0.5, rated)
    h[chosen] = effect[chosen] + replies
    j[chosen] = effect[chosen] + replies + 0.35 + rng.normal(0.0, noise, rated)
    return d, h, j


@pytest.mark.parametrize(("questions", "rated", "noise"), [(20, 20, 0.3), (60, 20, 0.3), (60, 20, 1.5)])
def test_the_corrected_interval_holds_the_truth(questions: int, rated: int, noise: float) -> None:
    rng = np.random.default_rng(questions + rated)
    held, uncorrected, widths, human = 0, 0, [], []
    for _ in range(REPLICATES):
        d, h, j = world(rng, questions, rated, noise)
        value, low, high, weight = corrected(d, h, j, np.arange(questions))
        assert 0 <= weight <= 1
        assert low <= value <= high
        held += low <= 0.5 <= high
        spread = d.std(ddof=1) / np.sqrt(questions)
        uncorrected += abs(d.mean() - 0.5) <= 2.1 * spread
        widths.append(high - low)
        known = h[np.isfinite(h)]
        human.append(2 * 2.1 * known.std(ddof=1) / np.sqrt(len(known)))
    assert held / REPLICATES >= 0.92
    assert uncorrected / REPLICATES <= 0.6
    assert np.mean(widths) <= 1.03 * np.mean(human)


def test_questions_that_are_paraphrases_are_one_unit() -> None:
    rng = np.random.default_rng(1)
    stems = np.repeat(np.arange(8), 5)
    d = rng.normal(0.5, 1.0, 8)[stems]
    alone = corrected(d, d - 0.3, d, np.arange(40))
    together = corrected(d, d - 0.3, d, stems)
    assert together[0] == pytest.approx(alone[0])
    assert together[2] - together[1] > alone[2] - alone[1]


def test_agreement_is_krippendorffs_alpha() -> None:
    same = {"a": 1.0, "b": 2.0, "c": 3.0}
    assert alpha([same, dict(same)]) == pytest.approx(1.0)
    assert alpha([same, {"a": 3.0, "b": 2.0, "c": 1.0}]) == pytest.approx(-0.6667, abs=1e-3)
    assert alpha([same]) is None
    assert alpha([same, {"d": 1.0}]) is None
    assert alpha([{"a": 1.0}, {"a": 1.0}]) is None


def judged_run(rated_questions: int) -> tuple[list[Record], Scores]:
    rng = np.random.default_rng(3)
    records = [
        record(persona, f"q{question}", prose(rng), sample=sample)
        for persona in ("none", "cat")
        for question in range(12)
        for sample in range(2)
    ]
    scores = Scores()
    for one in records:
        truth = (1.0 if one.persona == "cat" else 0.5) + rng.normal(0.0, 0.1)
        scores.values[one.key] = [Score("role", truth + (0.5 if one.persona == "cat" else 0.0))]  # it favours the cat
        if int(one.question[1:]) < rated_questions and one.sample == 0:
            noisy = truth + rng.normal(0.0, 0.05)
            scores.human[one.key] = [Rated("mei", truth), Rated("li", noisy)]
    return records, scores


def test_ratings_correct_a_judged_difference() -> None:
    records, scores = judged_run(10)
    found = compare(records, scores=[scores], measures=["judged"])
    (calibration,) = found.calibrations
    assert calibration.judged == pytest.approx(1.0, abs=0.1)
    assert calibration.value == pytest.approx(0.5, abs=0.1)
    assert calibration.interval is not None
    assert calibration.interval.low < 0.5 < calibration.interval.high
    assert (calibration.ratings, calibration.questions, calibration.raters) == (20, 10, 2)
    assert calibration.raters_agree is not None
    assert calibration.raters_agree > 0.9


def test_few_rated_questions_correct_nothing_and_it_says_so() -> None:
    records, scores = judged_run(5)
    (calibration,) = compare(records, scores=[scores], measures=["judged"]).calibrations
    assert calibration.value is None
    assert calibration.not_estimable == "5 questions rated on both sides; the correction needs 6"


def two_rubrics(rubric: str) -> tuple[list[Record], Scores]:
    """Return a run with scores by two rubrics on scales of their own, and ratings on the scale of the first."""
    records, scores = judged_run(10)
    for key, given in scores.values.items():
        scores.values[key] = [Score("role", given[0].value, "role"), Score("trait", 30 * given[0].value, "trait")]
        scores.human[key] = [rated._replace(rubric=rubric) for rated in scores.human.get(key, ())]
    return records, scores


def test_ratings_by_one_rubric_correct_no_other() -> None:
    records, scores = two_rubrics(rubric="role")
    (calibration,) = compare(records, scores=[scores], measures=["judged"]).calibrations
    assert (calibration.metric, calibration.ratings) == ("role", 20)
    assert calibration.value == pytest.approx(0.5, abs=0.1)


def test_ratings_that_name_none_of_two_rubrics_correct_nothing_and_it_says_so() -> None:
    records, scores = two_rubrics(rubric="")
    found = compare(records, scores=[scores], measures=["judged"]).calibrations
    assert [one.metric for one in found] == ["role", "trait"]
    assert {one.value for one in found} == {None}
    assert all("name it by `batch rate --rubric`" in str(one.not_estimable) for one in found)


def pairs_run(mirrored: bool) -> tuple[list[Record], Scores]:
    """Return a run whose judge always prefers the cat to nobody, and people in two of three questions."""
    records, scores = judged_run(0)
    scores.values.clear()
    by_place = {(one.persona, one.question, one.sample): one for one in records}
    for one in records:
        if one.persona == "cat":
            other = by_place["none", one.question, one.sample]
            scores.values[one.key] = [Score("better preferred to none", 1.0, "better", other=other.key)]
            cat: Literal["a", "b"] = "b" if mirrored else "a"
            nobody: Literal["a", "b"] = "a" if mirrored else "b"
            keys = (other.key, one.key) if mirrored else (one.key, other.key)
            choice = cat if int(one.question[1:]) % 3 else nobody
            take_rating(scores, Rating(key=keys[0], other_key=keys[1], rater="mei", choice=choice))
    return records, scores


@pytest.mark.parametrize("mirrored", [False, True])
def test_choices_correct_pairs_whichever_reply_stands_first(mirrored: bool) -> None:
    records, scores = pairs_run(mirrored)
    (calibration,) = compare(records, scores=[scores], measures=["judged"]).calibrations
    assert (calibration.metric, calibration.reference, calibration.judged) == ("better preferred to none", "none", 0.5)
    assert calibration.value == pytest.approx(2 / 3 - 0.5)
    assert calibration.raters == 1


def test_unread_on_one_side_only_withholds_a_row_that_it_may_have_made() -> None:
    rng = np.random.default_rng(5)
    records = [
        record(persona, f"q{question}", prose(rng), sample=sample)
        for persona in ("none", "cat")
        for question in range(40)
        for sample in range(10)
    ]
    scores = Scores()
    for one in records:
        lost = one.persona == "cat" and one.sample == 0 and int(one.question[1:]) % 3 == 0  # in 3.5 %
        scores.values[one.key] = [Score("role", float("nan") if lost else rng.normal(), "role")]
    found = compare(records, scores=[scores], measures=["judged"])
    row = found.find("judged", "cat")
    assert row is not None
    assert row.value is None
    assert row.not_estimable == "3.5% of the judgments of cat and 0.0% of those of none could not be read"
    assert "role: 14 of 800 judgments could not be read and are left out." in found.notes
