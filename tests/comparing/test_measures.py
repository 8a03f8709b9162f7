import numpy as np
import pytest

from comparing.made import grid, probe, prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.measures.accuracy import mcnemar
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import TurnRecord

PIRATE = {"none": "", "pirate": "Arrr, matey!"}


def checked(records: list[Record], persona: str, *checks: tuple[str, object]) -> list[Record]:
    """Return the records with check results on one persona's, as a run leaves them (results are not trusted)."""
    results = [CheckResult(name, True, expected) for name, expected in checks]
    return [
        record(r.persona, r.question, r.reply, sample=r.sample, checks=results if r.persona == persona else ())
        for r in records
    ]


def test_a_shift_is_the_mean_of_paired_differences_with_its_effect_size() -> None:
    records = grid({"none": "", "pirate": "x" * 50})
    row = compare(records, measures=["shift"]).find("shift", "pirate", "length")
    lengths = {
        name: [np.mean([len(r.reply) for r in records if (r.persona, r.question) == (name, f"q{q}")]) for q in range(8)]
        for name in PIRATE
    }
    differences = np.subtract(lengths["pirate"], lengths["none"])
    assert row is not None
    assert row.value == pytest.approx(differences.mean())
    assert row.differences == pytest.approx(differences.tolist())
    assert row.p == 2 / 2**8
    assert row.test == "sign-flip by question, exact"
    assert row.effect_size is not None
    assert row.effect_size.name == "Cliff's delta"
    assert 0.5 < row.effect_size.value <= 1


@pytest.mark.parametrize(("mine", "theirs", "delta"), [("aa", "aaaa", -1), ("aaaa", "aa", 1), ("aa", "aa", 0)])
def test_cliffs_delta_runs_from_minus_one_to_one(mine: str, theirs: str, delta: int) -> None:
    records = [
        record(persona, "q", reply * length, sample=length)
        for persona, reply in (("none", theirs), ("pirate", mine))
        for length in (4, 5)
    ]
    row = compare(records, measures=["shift"]).find("shift", "pirate", "length")
    assert row is not None
    assert row.effect_size is not None
    assert row.effect_size.value == delta


def test_five_questions_have_a_value_and_an_interval_but_no_p() -> None:
    row = compare(grid(PIRATE, questions=5), measures=["shift"]).find("shift", "pirate", "length")
    assert row is not None
    assert row.value is not None
    assert row.interval is not None
    assert row.p is None
    assert row.not_estimable == "5 questions; the sign-flip test needs 6"


def test_a_personas_checks_are_put_to_its_controls_replies_too() -> None:
    records = checked(grid(PIRATE), "pirate", ("contains", "matey"), ("not contains", "sea"))
    found = compare(records, measures=["adherence"])
    every = found.find("adherence", "pirate")
    matey, sea = (
        found.find("adherence", "pirate", "contains matey"),
        found.find("adherence", "pirate", "not contains sea"),
    )
    assert every is not None
    assert matey is not None
    assert sea is not None
    assert (matey.arm_value, matey.reference_value, matey.value) == (1, 0, 1)
    assert matey.p == 2 / 2**8
    assert sea.value == pytest.approx(0, abs=0.2)
    assert every.value == pytest.approx(((matey.value or 0) + (sea.value or 0)) / 2)


def test_without_declared_checks_there_is_no_row_of_adherence() -> None:
    assert compare(grid(PIRATE), measures=["adherence"]).estimates == []


def test_breaking_character_has_rates_with_wilsons_interval() -> None:
    records = [
        record(
            r.persona,
            r.question,
            ("As an AI language model, I " if r.persona == "pirate" else "") + r.reply,
            sample=r.sample,
        )
        for r in grid({"none": "", "pirate": ""})
    ]
    row = compare(records, measures=["character"]).find("character", "pirate")
    assert row is not None
    assert row.value == 1
    assert row.p == 2 / 2**8
    assert row.arm_interval is not None
    assert row.arm_interval.method == "Wilson, effective number of trials"
    assert 0.55 < row.arm_interval.low < row.arm_interval.high == 1


def test_voices_are_told_apart_on_questions_never_seen() -> None:
    voices = {"none": "", "pirate": "Arrr, matey!", "monk": "Peace, my child.", "cat": "Meow, purr."}
    found = compare(grid(voices), measures=["identifiability"])
    row = found.estimates[0]
    assert row.value is not None
    assert row.value > 0.9
    assert row.reference_value == pytest.approx(1 / 3)
    assert row.p == 0.001
    assert found.confusion is not None
    assert found.confusion.arms == ["cat", "monk", "pirate"]
    assert sum(map(sum, found.confusion.counts)) == 3 * 32


def test_voices_that_are_alike_are_not() -> None:
    row = compare(grid({"none": "", "a": "", "b": "", "c": ""}), measures=["identifiability"]).estimates[0]
    assert row.p is not None
    assert row.p > 0.05


def test_a_single_persona_is_told_from_its_control() -> None:
    row = compare(grid(PIRATE), measures=["identifiability"]).estimates[0]
    assert row.arm == "none / pirate"
    assert (row.value or 0) > 0.9


def test_a_single_arm_cannot_be_told_from_anything() -> None:
    row = compare(grid({"none": ""}), measures=["identifiability"]).estimates[0]
    assert row.not_estimable == "needs two personas, or one and its control"


def test_distinctive_words_come_with_a_reply_that_shows_them() -> None:
    found = compare(grid({"none": "", "wukong": "俺老孙爱吃桃子", "pirate": "Arrr, matey!"}), measures=["words"])
    pirate = {word.word: word for word in found.words if word.arm == "pirate"}
    assert {"arrr", "matey"} <= pirate.keys()
    assert pirate["matey"].z > 0
    assert pirate["matey"].p <= 0.05
    assert (pirate["matey"].arm_replies, pirate["matey"].reference_replies) == (32, 0)
    assert "matey" in pirate["matey"].shown
    assert "桃子" in {word.word for word in found.words if word.arm == "wukong"}


def test_words_that_all_use_alike_are_not_listed() -> None:
    assert compare(grid({"none": "", "pirate": ""}), measures=["words"]).words == []


def dialogue(number: int, scores: list[float], persona: str = "pirate") -> Record:
    probes = [probe(2 * place, score) for place, score in enumerate(scores, 1)]
    turns = [TurnRecord(user="hi", reply="ahoy", status="ok")]
    return record(persona, f"d{number}", f"bye {number}", turns=turns, probes=probes)


def test_drift_is_the_mean_slope_of_the_dialogues() -> None:
    records = [dialogue(number, [0.9 - 0.02 * number, 0.6, 0.3]) for number in range(7)]
    row = compare(records, measures=["drift"]).estimates[0]
    assert row.value == pytest.approx(np.mean([(0.3 - (0.9 - 0.02 * number)) / 4 for number in range(7)]))
    assert row.p == 2 / 2**7
    assert row.questions == 7


def test_a_probes_score_is_the_share_of_its_checks() -> None:
    probes = [probe(1, 1.0, 2), probe(2, 0.5, 2), probe(3, 0.0, 2)]
    records = [record("pirate", f"d{number}", f"{number}", probes=probes) for number in range(6)]
    found = compare(records, measures=["drift"])
    assert found.estimates[0].value == -0.5
    curve = {row.metric: (row.value, row.p) for row in found.estimates[1:]}
    assert curve == {"after turn 1": (1.0, None), "after turn 2": (0.5, None), "after turn 3": (0.0, None)}


def test_a_hard_probe_that_is_asked_late_is_no_fall() -> None:
    probes = [probe(after, 1.0, text="easy") for after in (1, 2)] + [probe(after, 0.2, text="hard") for after in (3, 4)]
    records = [record("pirate", f"d{number}", f"{number}", probes=probes) for number in range(6)]
    assert compare(records, measures=["drift"]).estimates[0].value == pytest.approx(0.0)


def test_dialogues_on_one_question_hang_together() -> None:
    records = [
        record("pirate", f"d{number}", f"{number} {sample}", sample=sample, probes=[probe(1, 0.9), probe(2, 0.8)])
        for number in range(6)
        for sample in range(4)
    ]
    by_question = compare(records, measures=["drift"]).estimates[0]
    assert (by_question.questions, by_question.samples, by_question.test) == (6, 24, "sign-flip by question, exact")
    few = [one for one in records if one.question in ("d0", "d1")]
    by_dialogue = compare(few, measures=["drift"]).estimates[0]
    assert (by_dialogue.questions, by_dialogue.test) == (8, "sign-flip by dialogue, exact")


def test_five_dialogues_are_not_enough_for_drift() -> None:
    row = compare([dialogue(number, [0.9, 0.1]) for number in range(5)], measures=["drift"]).estimates[0]
    assert row.p is None
    assert row.not_estimable == "5 questions; the sign-flip test needs 6"


def keyed(persona: str, question: int, sample: int, right: bool) -> Record:
    check = CheckResult("choice", right, "1")
    return record(persona, f"q{question}", f"{'1' if right else '2'} because {sample}", sample=sample, checks=[check])


def test_accuracy_at_one_sample_is_mcnemars() -> None:
    records = [keyed("none", q, 0, right=q >= 9) for q in range(12)] + [
        keyed("sage", q, 0, right=q != 11) for q in range(12)
    ]
    row = compare(records, measures=["accuracy"]).find("accuracy", "sage")
    assert row is not None
    assert row.test == "McNemar, exact"
    assert row.p == pytest.approx(mcnemar(9, 1))
    assert row.value == pytest.approx(8 / 12)


def test_accuracy_at_several_samples_is_by_question() -> None:
    records = [
        keyed(name, q, s, right=name == "sage" or s == 0)
        for name in ("none", "sage")
        for q in range(8)
        for s in range(3)
    ]
    row = compare(records, measures=["accuracy"]).find("accuracy", "sage")
    assert row is not None
    assert row.test == "sign-flip by question, exact"
    assert row.value == pytest.approx(2 / 3)


def test_mcnemar_is_two_sided_and_at_most_one() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(3, 3) == 1
    assert mcnemar(6, 0) == mcnemar(0, 6) == pytest.approx(2 / 2**6)


def test_without_a_key_there_is_no_row_of_accuracy() -> None:
    assert compare(grid(PIRATE), measures=["accuracy", "drift"]).estimates == []


def test_replies_in_two_scripts_shift() -> None:
    rng = np.random.default_rng(1)
    records = [record("none", f"q{q}", prose(rng), sample=s) for q in range(6) for s in range(2)]
    records += [record("wukong", f"q{q}", f"俺老孙来也{q}{s}。", sample=s) for q in range(6) for s in range(2)]
    row = compare(records, measures=["shift"]).find("shift", "wukong", "han")
    assert row is not None
    assert row.value == 1
