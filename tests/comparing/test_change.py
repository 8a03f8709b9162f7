import numpy as np
import pytest

from comparing.made import grid, prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.ngrams import tf_idf
from persona_batch.record import Record

SAME = {"none": "", "assistant": "", "pirate": ""}
PIRATE = {"none": "", "assistant": "", "pirate": "Arrr, matey, plunder and gold, ahoy!"}


def test_a_voice_of_its_own_is_told_from_the_control_and_the_placebo_is_not() -> None:
    found = compare(grid(PIRATE), measures=["change"])
    pirate, placebo = found.find("change", "pirate"), found.find("change", "assistant")
    assert pirate is not None
    assert placebo is not None
    assert pirate.p_holm == 0.0001
    assert (pirate.value or 0) > 0.1
    assert placebo.p is not None
    assert placebo.p > 0.05
    assert placebo.p_holm is None  # a yardstick, no claim
    assert pirate.questions == 8
    assert (pirate.samples, pirate.reference_samples) == (32, 32)


def test_the_value_is_the_energy_distance_over_the_controls_noise() -> None:
    records = grid({"none": "", "pirate": "Arrr!"}, questions=2, samples=3)
    row = compare(records, measures=["change"]).find("change", "pirate")
    energies, noises = [], []
    for question in ("q0", "q1"):
        texts = {name: [r.reply for r in records if (r.persona, r.question) == (name, question)] for name in PIRATE}
        rows = np.asarray(tf_idf([*texts["pirate"], *texts["none"]])[0].todense())
        d = np.linalg.norm(rows[:, None] - rows[None, :], axis=2)
        noises.append(d[3:, 3:].sum() / 6)
        energies.append(2 * d[:3, 3:].mean() - d[:3, :3].sum() / 6 - noises[-1])
    assert row is not None
    assert row.value == pytest.approx(np.mean(energies) / np.mean(noises))
    assert row.arm_values == pytest.approx(energies)
    assert row.reference_values == pytest.approx(noises)
    assert row.differences == pytest.approx([energy / np.mean(noises) for energy in energies])


def test_one_sample_is_not_estimable() -> None:
    row = compare(grid(PIRATE, samples=1), measures=["change"]).find("change", "pirate")
    assert row is not None
    assert row.p is None
    assert row.value is None
    assert "two distinct samples" in (row.not_estimable or "")


def test_copies_of_one_sample_are_one_sample() -> None:
    copies = [
        record(name, f"q{question}", f"{own} answer {question}", sample=sample)
        for name, own in PIRATE.items()
        for question in range(8)
        for sample in range(5)
    ]
    found = compare(copies, measures=["change", "shift"])
    row = found.find("change", "pirate")
    assert row is not None
    assert row.p is None
    assert [arm.duplicates for arm in found.arms] == [32, 32, 32]
    assert [arm.used for arm in found.arms] == [8, 8, 8]


def test_copies_added_to_a_cell_change_nothing() -> None:
    records = grid(PIRATE)
    copies = [record(r.persona, r.question, r.reply, sample=r.sample + 10) for r in records if r.sample == 1]
    alone, padded = compare(records), compare([*records, *copies])
    assert padded.estimates == alone.estimates
    assert sum(arm.duplicates for arm in padded.arms) == len(copies)


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
