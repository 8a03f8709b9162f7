"""What people prefer: by question, whichever way round and in whatever order, never claimed from few questions."""

import random
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comparing.made import prose, record
from persona_batch.comparing import Comparison, compare
from persona_batch.comparing.agreement import alike, alpha
from persona_batch.comparing.comparison import RATERS, Estimate
from persona_batch.comparing.judged_scores import Scores, take_rating
from persona_batch.record import Record
from persona_batch.record.rating import Choice, Rating
from persona_batch.verdict.translation import ENGLISH, language_of
from persona_batch.view.comparison_export import as_csv, as_markdown
from persona_batch.view.comparison_table import render
from persona_batch.view.palette import Palette

ARMS = ("none", "assistant", "cat", "dog")


def run(questions: int = 8, samples: int = 2, arms: Sequence[str] = ARMS) -> list[Record]:
    rng = np.random.default_rng(1)
    return [
        record(arm, f"q{question}", prose(rng, 12), sample=sample)
        for arm in arms
        for question in range(questions)
        for sample in range(samples)
    ]


def key(arm: str, question: int, sample: int = 0) -> str:
    return record(arm, f"q{question}", "", sample=sample).key


def choice(arm: str, other: str, question: int, word: Choice, *, rater: str = "mei", sample: int = 0) -> Rating:
    return Rating(key=key(arm, question, sample), other_key=key(other, question, sample), rater=rater, choice=word)


def turned(rating: Rating) -> Rating:
    """Return what was said, told the other way round."""
    if rating.other_key is None or rating.choice is None:
        return rating
    words: dict[Choice, Choice] = {"a": "b", "b": "a", "tie": "tie"}
    return replace(rating, key=rating.other_key, other_key=rating.key, choice=words[rating.choice])


def told(ratings: Iterable[Rating], records: list[Record] | None = None, **options: object) -> Comparison:
    scores = Scores()
    for rating in ratings:
        take_rating(scores, rating)
    made = {"measures": ["rated"], "permutations": 999, "workers": 1} | options
    return compare(run() if records is None else records, scores=[scores], **made)  # type: ignore[arg-type]


def row_of(found: Comparison, arm: str, other: str, metric: str = "preference") -> Estimate:
    (row,) = [
        row
        for row in found.estimates
        if (row.measure, row.metric, row.arm, row.reference) == ("rated", metric, arm, other)
    ]
    return row


def screen(found: Comparison, name: Literal["en", "zh"] = "en") -> str:
    text = render(found, Palette(color=False), 400, language_of(name, {}) if name == "zh" else ENGLISH)
    return "\n".join(line.strip() for line in text.splitlines())


RATINGS = st.lists(
    st.builds(
        choice,
        st.sampled_from(["cat", "dog"]),
        st.sampled_from(["none", "assistant"]),
        st.integers(0, 7),
        st.sampled_from(["a", "b", "tie"]),
        rater=st.sampled_from(["mei", "li", "张"]),
        sample=st.integers(0, 1),
    )
    | st.builds(
        lambda question, word: choice("cat", "dog", question, word), st.integers(0, 7), st.sampled_from(["a", "b"])
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda rating: rating.of,
)


@settings(max_examples=40, deadline=None)
@given(ratings=RATINGS, chance=st.randoms(use_true_random=False))
def test_neither_orientation_nor_any_order_changes_the_result(ratings: list[Rating], chance: random.Random) -> None:
    records = run()
    before = told(ratings, records)
    other = [turned(rating) if chance.random() < 0.5 else rating for rating in ratings]
    chance.shuffle(other)
    chance.shuffle(records)
    assert told(other, records).estimates == before.estimates


def test_raters_and_pairs_of_a_question_are_averaged_first() -> None:
    ratings = [choice("cat", "none", question, "a") for question in range(6)]
    ratings += [choice("cat", "none", 0, "b", rater="li"), choice("cat", "none", 0, "tie", rater="wu")]
    ratings += [choice("cat", "none", 1, "b", sample=1), choice("cat", "none", 1, "b", rater="li", sample=1)]
    row = row_of(told(ratings), "cat", "none")
    assert row.arm_values == [0.5, 0.5, 1.0, 1.0, 1.0, 1.0, None, None]
    assert row.arm_value == pytest.approx(5 / 6)
    assert row.value == pytest.approx(5 / 6 - 0.5)
    assert (row.questions, row.samples, row.raters) == (6, 7, 3)
    assert row.p == pytest.approx(2 / 2**4)


def test_a_preference_in_every_question_stands_against_the_control_and_the_placebo() -> None:
    ratings = [choice("cat", other, question, "a") for other in ("none", "assistant") for question in range(8)]
    found = told(ratings)
    for other in ("none", "assistant"):
        row = row_of(found, "cat", other)
        assert row.p == pytest.approx(2 / 2**8)
        assert row.p_bh == pytest.approx(2 / 2**8)
        assert row.arm_interval is not None
        assert 0.5 < row.arm_interval.low < 0.7
        assert row.arm_interval.high == 1.0
    assert (
        "people prefer it to no prompt in 100 of 100 pairs (59 to 100; 50 is no preference; 8 questions, 8 pairs, "
        in (screen(found))
    )
    assert "! preference: one person rated; what others would say is not known." in screen(found)


@pytest.mark.parametrize("samples", [1, 5])
def test_five_questions_claim_nothing_however_often_they_are_rated(samples: int) -> None:
    records = run(samples=samples)
    raters = ["mei", "li", "wu", "张"]
    ratings = [
        choice("cat", "none", question, "a", rater=rater, sample=sample)
        for question in range(5)
        for sample in range(samples)
        for rater in raters
    ]
    found = told(ratings, records)
    row = row_of(found, "cat", "none")
    assert (row.arm_value, row.p, row.p_bh) == (1.0, None, None)
    assert row.not_estimable == "5 questions; the sign-flip test needs 6"
    assert "not tested: 5 questions; the sign-flip test needs 6" in screen(found)
    assert "未检验：只有 5 个问题；符号翻转检验至少要 6" in screen(found, "zh")
    assert "prefer it" not in screen(found)


def test_questions_that_are_paraphrases_are_one_unit() -> None:
    ratings = [choice("cat", "none", question, "a") for question in range(8)]
    row = row_of(told(ratings, clusters={f"q{number}": f"c{number % 4}" for number in range(8)}), "cat", "none")
    assert (row.p, row.clusters) == (None, 4)
    assert row.not_estimable == "4 clusters; the sign-flip test needs 6"


def test_personas_are_told_against_each_other_once_and_yardsticks_lead_nobody() -> None:
    ratings = [choice("dog", "cat", question, "a") for question in range(8)]
    ratings += [choice("none", "cat", question, "b") for question in range(8)]
    found = told(ratings)
    assert row_of(found, "cat", "dog").arm_value == 0.0
    assert row_of(found, "cat", "none").arm_value == 1.0
    assert "people prefer dog to it: it is preferred in 0 of 100 pairs" in screen(found)
    assert "与它相比，评分者更喜欢 dog：100 对里它只胜出 0 对" in screen(found, "zh")


def test_what_people_say_changes_nothing_of_what_is_said_of_the_texts() -> None:
    measures = ["change", "shift", "told_apart", "rated"]
    plain = told([], measures=measures)
    rated = told([choice("cat", "none", question, "a") for question in range(8)], measures=measures)
    assert [row for row in rated.estimates if row.measure != "rated"] == plain.estimates


def test_pairs_that_were_asked_differently_are_left_out_and_it_says_so() -> None:
    records = run() + [record("cat", f"q{question}", "Miau.", model="other") for question in range(8)]
    ratings = [
        replace(choice("cat", "none", question, "a"), key=record("cat", f"q{question}", "", model="other").key)
        for question in range(8)
    ]
    found = told(ratings, records)
    assert [row.arm for row in found.estimates] == [RATERS]
    assert any(note.startswith("8 ratings are of pairs that were asked differently") for note in found.notes)


def test_a_score_counts_beside_another_of_the_same_person() -> None:
    """A strict rater who saw only the cat would make it look worse."""
    ratings = [
        Rating(key=key(arm, question, sample), rater="mei", score=score)
        for question in range(7)
        for arm, score in (("cat", 4.0), ("none", 3.0))
        for sample in range(2)
    ]
    ratings += [Rating(key=key("cat", question), rater="strict", score=1.0) for question in range(8)]
    found = told(ratings)
    row = row_of(found, "cat", "none", "score")
    assert (row.value, row.arm_value, row.reference_value) == (1.0, 4.0, 3.0)
    assert (row.questions, row.samples, row.reference_samples, row.raters) == (7, 14, 14, 1)
    assert row.p == pytest.approx(2 / 2**7)
    assert "People's scores count where one of them scored both sides of a question; left out: cat (1 question)." in (
        found.notes
    )
    assert "people score it 4.00, no prompt 3.00 (difference +1.00 to +1.00; 7 questions, 28 replies, 1 rater)" in (
        screen(found)
    )


def agreement_of(ratings: Iterable[Rating]) -> Estimate:
    (row,) = [row for row in told(ratings).estimates if row.arm == RATERS]
    return row


def test_people_who_agree_on_every_pair_agree_though_all_prefer_one_arm() -> None:
    ratings = [choice("cat", "none", question, "a", rater=rater) for question in range(8) for rater in ("mei", "li")]
    row = agreement_of(ratings)
    assert (row.metric, row.value, row.arm_value, row.samples, row.raters) == (
        "agreement on preference",
        1.0,
        1.0,
        8,
        2,
    )


def test_people_who_choose_by_lot_do_not_agree() -> None:
    rng = np.random.default_rng(2)
    words: list[Choice] = ["a", "b", "tie"]
    ratings = [
        choice("cat", other, question, words[rng.integers(3)], rater=rater, sample=sample)
        for other in ("none", "assistant", "dog")
        for question in range(8)
        for sample in range(2)
        for rater in ("mei", "li")
    ]
    row = agreement_of(ratings)
    assert row.value is not None
    assert abs(row.value) < 0.3
    assert row.arm_value is not None
    assert "2 raters say the same in " in screen(told(ratings))


def test_agreement_of_one_or_of_nothing_shared_is_none_and_says_why() -> None:
    alone = agreement_of([choice("cat", "none", 0, "a")])
    assert (alone.value, alone.not_estimable) == (None, "one person rated")
    apart = agreement_of([choice("cat", "none", 0, "a"), choice("cat", "none", 1, "a", rater="li")])
    assert (apart.value, apart.not_estimable) == (None, "nobody rated what another did")


def test_alpha_of_pairs_does_not_depend_on_which_reply_is_first() -> None:
    one, other = {1: 1.0, 2: 1.0, 3: 0.5, 4: 0.0}, {1: 1.0, 2: 0.0, 3: 1.0, 4: 0.0}
    flipped = [{unit: value if unit % 2 else 1.0 - value for unit, value in rater.items()} for rater in (one, other)]
    assert alpha([one, other], pairs=True) == alpha(flipped, pairs=True)
    assert alike([one, other]) == alike(flipped) == 0.5


def test_files_for_other_programs_hold_what_people_say() -> None:
    ratings = [choice("cat", "none", question, "a", rater=rater) for question in range(8) for rater in ("mei", "li")]
    found = told(ratings)
    table = as_csv(found)
    assert "rated,preference,cat,none,share of pairs,0.5," in table
    assert "rated,agreement on preference,all raters,,alpha,1.0," in table
    assert "| preference: cat : none | +50% |" in as_markdown(found)
    assert "| agreement on preference | 1.0 |" in as_markdown(found)


def test_a_reply_beside_several_others_counts_once_for_each() -> None:
    """Judges are corrected by people's mean, not by the pair that was read last."""
    records = run(questions=1)
    pairs = [Rating(key=key("cat", 0), other_key=key("none", 0, sample), rater="mei", choice="a") for sample in (0, 1)]
    for ratings in (pairs, pairs[::-1]):
        row = row_of(told([ratings[0], replace(ratings[1], choice="b")], records), "cat", "none")
        assert (row.arm_value, row.samples) == (0.5, 2)
