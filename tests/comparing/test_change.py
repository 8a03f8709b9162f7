import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparing.made import grid, prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.features import gram_rows
from persona_batch.record import Record

SAME = {"none": "", "assistant": "", "pirate": ""}
PIRATE = {"none": "", "assistant": "", "pirate": "Arrr, matey, plunder and gold, ahoy!"}


def test_a_voice_of_its_own_is_told_from_the_control_and_the_placebo_is_not() -> None:
    found = compare(grid(PIRATE), measures=["change"])
    pirate, placebo = found.find("change", "pirate"), found.find("change", "assistant")
    assert pirate is not None
    assert placebo is not None
    assert pirate.p_holm == 0.0001
    assert (pirate.value or 0) > 0.04
    assert placebo.p is not None
    assert placebo.p > 0.05
    assert placebo.p_holm is None  # a yardstick, no claim
    assert pirate.questions == 8
    assert (pirate.samples, pirate.reference_samples) == (32, 32)


def test_the_value_is_the_coefficient_of_inhomogeneity() -> None:
    records = grid({"none": "", "pirate": "Arrr!"}, questions=2, samples=3)
    row = compare(records, measures=["change"]).find("change", "pirate")
    energies, crosses = [], []
    for question in ("q0", "q1"):
        texts = {name: [r.reply for r in records if (r.persona, r.question) == (name, question)] for name in PIRATE}
        rows = np.asarray(gram_rows([*texts["pirate"], *texts["none"]])[0].todense())
        d = np.linalg.norm(rows[:, None] - rows[None, :], axis=2)
        crosses.append(2 * d[:3, 3:].mean())
        energies.append(crosses[-1] - d[:3, :3].sum() / 6 - d[3:, 3:].sum() / 6)
    assert row is not None
    assert row.value == pytest.approx(sum(energies) / sum(crosses))
    assert row.arm_values == pytest.approx(energies)
    assert row.reference_values == pytest.approx(crosses)
    assert row.differences == pytest.approx([e / c for e, c in zip(energies, crosses, strict=True)])


def test_one_sample_a_side_is_tested_on_what_questions_share_and_has_no_size() -> None:
    row = compare(grid(PIRATE, questions=20, samples=1), measures=["change"]).find("change", "pirate")
    assert row is not None
    assert row.p is not None
    assert row.p <= 0.001
    assert row.value is None
    few = compare(grid(PIRATE, questions=5, samples=1), measures=["change"]).find("change", "pirate")
    assert few is not None
    assert few.p is None
    assert few.not_estimable == "one sample a side takes 6 questions, here there are 5"


def test_one_sample_on_one_side_is_tested_and_left_out_of_the_size() -> None:
    records = [r for r in grid(PIRATE, questions=12, samples=5) if r.persona != "none" or r.sample == 0]
    row = compare(records, measures=["change"]).find("change", "pirate")
    assert row is not None
    assert row.p is not None
    assert row.p <= 0.001
    assert row.value is None
    assert "12 questions had one sample on a side" in (row.test or "")


def test_a_constant_voice_against_a_varied_one_is_at_the_floor_and_two_constants_are_at_one() -> None:
    def said(name: str) -> list[Record]:
        return [
            record(name, f"q{q}", "Meow." if name == "cat" else ("Yes." if name == "dog" else prose(rng)), sample=s)
            for q in range(8)
            for s in range(4)
        ]

    rng = np.random.default_rng(1)
    records = [*said("none"), *said("cat")]
    row = compare(records, measures=["change"]).find("change", "cat")
    assert row is not None
    assert row.p == 0.0001
    constants = compare([*said("cat"), *said("dog")], measures=["change"], control="dog").find("change", "cat")
    assert constants is not None
    assert constants.value == pytest.approx(1)
    assert constants.p == 0.0001


@settings(max_examples=20)
@given(st.integers(0, 1_000), st.integers(1, 4), st.integers(1, 4))
def test_the_size_lies_between_nothing_and_one(seed: int, arm: int, reference: int) -> None:
    rng = np.random.default_rng(seed)
    records = [
        record(name, f"q{q}", rng.choice(["yes", "no", "maybe", ""]) or "…", sample=s)
        for name, samples in (("none", reference), ("cat", arm))
        for q in range(7)
        for s in range(samples)
    ]
    row = compare(records, measures=["change"], permutations=99).find("change", "cat")
    assert row is not None
    assert row.value is None or 0 <= row.value <= 1
    assert row.p is None or 0 < row.p <= 1
    assert (row.value is None) == (min(arm, reference) == 1)


@settings(max_examples=6)
@given(st.integers(0, 1_000))
def test_who_else_is_in_the_run_changes_nobodys_value(seed: int) -> None:
    few = grid(PIRATE, questions=6, samples=3, seed=seed)
    rng = np.random.default_rng(seed)
    more = [record("crowd", f"q{q}", "Arrr! " + prose(rng), sample=s) for q in range(6) for s in range(3)]
    alone, crowded = compare(few, permutations=99), compare([*few, *more], permutations=99)
    for measure in ("told_apart", "change", "shift", "character", "words"):
        one, other = (found.find(measure, "pirate") for found in (alone, crowded))
        assert one is not None
        assert other is not None
        assert (one.value, one.p, one.interval) == (other.value, other.p, other.interval)


def test_replies_that_are_all_the_same_give_one() -> None:
    records = [record(name, f"q{q}", "Yes.", sample=s) for name in PIRATE for q in range(8) for s in range(3)]
    found = compare(records)
    for measure in ("change", "shift", "character"):
        row = found.find(measure, "pirate")
        assert row is not None
        assert row.p == 1
        assert row.value == 0


def test_questions_that_moved_by_themselves_are_named() -> None:
    rng = np.random.default_rng(1)
    records: list[Record] = []
    for question in range(6):
        for name in ("none", "pirate"):
            own = "Arrr, matey, plunder, gold! " if name == "pirate" and question < 3 else ""
            records += [record(name, f"q{question}", own + prose(rng), sample=s) for s in range(5)]
    arm = compare(records, measures=["change"]).arms[1]
    assert arm.name == "pirate"
    assert arm.moved_questions == ["q0", "q1", "q2"]


def test_with_three_samples_no_single_question_can_be_told_from_noise() -> None:
    arm = compare(grid(PIRATE, samples=3), measures=["change"]).arms[-1]
    assert arm.moved_questions is None


def test_a_model_more_is_another_stratum_of_the_same_question() -> None:
    one = grid(PIRATE, samples=3)
    two = [record(r.persona, r.question, r.reply + " Done.", sample=r.sample, model="n") for r in one]
    row = compare([*one, *two], measures=["change"]).find("change", "pirate")
    assert row is not None
    assert row.questions == 8
    assert row.samples == 48
    assert row.p == 0.0001
