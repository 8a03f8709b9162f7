import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from comparing.made import grid, record, shuffled
from persona_batch.chat import Message
from persona_batch.comparing import MEASURES, compare
from persona_batch.comparing.corpus import LONGEST
from persona_batch.comparing.measures import measure_of
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.schemas import shipped

PIRATE = {"none": "", "assistant": "", "pirate": "Arrr, matey!"}
RECORDED = Path(__file__).parents[2] / "../shared/data/recorded-smollm2/replies_64.jsonl"


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_records_does_not_matter(seed: int) -> None:
    records = grid(PIRATE, questions=6, samples=2)
    assert compare(shuffled(records, seed), permutations=199) == compare(records, permutations=199)


def test_the_same_seed_gives_the_same_and_another_seed_another_result() -> None:
    records = grid({"none": "", "a": "", "b": "Hm."}, questions=15)
    assert compare(records, seed=3, permutations=499) == compare(records, seed=3, permutations=499)
    assert compare(records, seed=3, permutations=499) != compare(records, seed=4, permutations=499)


def test_a_measures_numbers_do_not_depend_on_which_others_are_asked_for() -> None:
    records = grid(PIRATE)
    every = {(row.measure, row.metric, row.arm): row.p for row in compare(records).estimates}
    for name in MEASURES:
        for row in compare(records, measures=[name]).estimates:
            assert row.p == every[row.measure, row.metric, row.arm]


def test_records_are_read_once_and_lazily() -> None:
    given_out = iter(grid(PIRATE))
    assert compare(given_out, measures=["shift"]).estimates
    assert next(given_out, None) is None


def test_what_was_lost_is_counted_and_named() -> None:
    records = grid(PIRATE)
    lost = {("q1", 0): "error", ("q1", 1): "empty", ("q2", 0): "filtered", ("q3", 0): "truncated"}
    kept = [
        record(r.persona, r.question, r.reply, sample=r.sample, status=lost.get((r.question, r.sample), "ok"))  # type: ignore[arg-type]  # statuses above
        if r.persona == "pirate"
        else r
        for r in records
        if (r.persona, r.question, r.sample) != ("pirate", "q5", 2)
    ]
    found = compare(kept, measures=["shift"])
    arm = next(arm for arm in found.arms if arm.name == "pirate")
    assert (arm.records, arm.ok, arm.truncated, arm.filtered, arm.empty, arm.errors, arm.missing) == (
        31,
        27,
        1,
        1,
        1,
        1,
        1,
    )
    assert arm.used == 28
    assert any("pirate (1 failed, 1 empty, 1 filtered, 1 missing)" in note for note in found.notes)
    assert any("cut at the token limit" in note for note in found.notes)


def test_a_question_without_a_reply_on_one_side_is_left_out_and_said() -> None:
    records = [r for r in grid(PIRATE) if (r.persona, r.question) != ("none", "q4")]
    found = compare(records, measures=["shift"])
    row = found.find("shift", "pirate", "length")
    assert row is not None
    assert row.questions == 7
    assert row.differences[found.questions.index("q4")] is None
    assert any("pirate (1)" in note for note in found.notes)


def test_a_retried_cell_counts_as_its_later_record() -> None:
    records = grid(PIRATE)
    failed = record("pirate", "q0", "", status="error")
    found = compare([failed, *records], measures=["shift"])
    assert [arm.errors for arm in found.arms] == [0, 0, 0]


def test_a_run_without_a_control_says_so() -> None:
    found = compare(grid({"a": "", "b": "Hm."}))
    assert found.find("change", "a") is None
    assert any("no control" in note for note in found.notes)
    assert found.find("identifiability", "a / b") is not None


def test_no_records_are_an_error() -> None:
    with pytest.raises(UsageError, match="no records"):
        compare([])


def test_only_failures_are_told_not_hidden() -> None:
    records = [record(name, f"q{q}", "", status="error") for name in PIRATE for q in range(3)]
    found = compare(records)
    assert [arm.errors for arm in found.arms] == [3, 3, 3]
    assert all(row.p is None for row in found.estimates)
    assert "9 cells" in " ".join(found.notes)


def test_an_unknown_measure_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UsageError, match="there is no measure `chang`; did you mean `change`"):
        compare(grid(PIRATE), measures=["chang"])
    with pytest.raises(UsageError, match="expected one of told_apart, change"):
        compare(grid(PIRATE), measures=["zzz"])


def test_holm_is_over_the_personas_changes_and_bh_over_the_whole_table() -> None:
    found = compare(grid({"none": "", "assistant": "", "a": "Arrr!", "b": "", "c": ""}))
    claims = {claim.arm: claim for claim in found.claims}
    assert set(claims) == {"a", "b", "c"}
    assert claims["a"].p is not None
    assert claims["a"].p_holm == pytest.approx(3 * claims["a"].p)
    rows = [row for row in found.estimates if row.measure == "change" and row.p_holm is not None]
    assert {row.arm: row.p_holm for row in rows} == {name: claim.p_holm for name, claim in claims.items()}
    assert all(row.p_bh is None for row in found.estimates if row.arm == "assistant")
    assert all(row.p_bh >= row.p for row in found.estimates if row.p_bh is not None and row.p is not None)


def test_every_p_stands_beside_an_effect_size_and_counts() -> None:
    for row in compare(grid(PIRATE)).estimates:
        if row.p is None:
            continue
        assert row.effect_size is not None
        assert row.questions > 0
        assert row.samples > 0
        assert row.test


def test_a_result_is_valid_against_the_schema() -> None:
    found = compare(grid(PIRATE), after=grid(PIRATE, seed=2))
    Draft202012Validator(json.loads(shipped("comparison"))).validate(json.loads(msgspec.json.encode(found)))


def test_the_public_names_stand_at_the_top() -> None:
    import persona_batch.api.reading

    assert persona_batch.compare is persona_batch.api.reading.compare
    assert persona_batch.Record is Record
    assert persona_batch.Message is Message
    with pytest.raises(AttributeError, match="has no attribute 'comparison'"):
        getattr(persona_batch, "comparison")  # noqa: B009 - a name that is not there


def test_every_measure_is_explained_with_its_source() -> None:
    for name in MEASURES:
        measure = measure_of(name)
        assert measure.name == name
        assert "doi" in measure.explanation.source or "arXiv" in measure.explanation.source


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recorded replies are not part of the project")
def test_on_recorded_replies_the_pirate_differs_and_the_placebo_does_not() -> None:
    found = compare(recorded(), measures=["change", "identifiability"])
    pirate, placebo = found.find("change", "pirate"), found.find("change", "placebo")
    assert pirate is not None
    assert placebo is not None
    assert (pirate.p_holm or 1) <= 0.001
    assert (placebo.p or 0) > 0.05
    assert (pirate.value or 0) > 10 * abs(placebo.value or 0)
    assert (found.estimates[-1].p or 1) <= 0.05


def recorded() -> list[Record]:
    found = []
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        messages = [Message(message["role"], message["content"]) for message in said["messages"]]
        reply = record(
            said["condition"],
            f"q{said['question_id']}",
            said["reply"],
            sample=said["sample"],
            status="truncated",
            messages=messages,
        )
        found.append(reply)
    return found


def test_other_parameters_than_the_controls_are_pointed_out() -> None:
    records = [
        record(
            r.persona,
            r.question,
            r.reply,
            sample=r.sample,
            params={"top_p": 0.9, "max_tokens": 96 if r.persona == "pirate" else 64},
        )
        for r in grid(PIRATE)
    ]
    notes = compare(records, measures=["shift"]).notes
    assert any(note.startswith("Asked with other parameters than none (max_tokens): pirate:") for note in notes)
    assert not any("other parameters" in note for note in compare(grid(PIRATE), measures=["shift"]).notes)


def test_too_few_permutations_for_so_many_arms_are_pointed_out() -> None:
    records = grid({"none": "", **{f"p{number}": "" for number in range(6)}}, questions=2, samples=2)
    assert any(
        "use --permutations 240" in note for note in compare(records, measures=["change"], permutations=99).notes
    )
    assert not any("--permutations" in note for note in compare(records, measures=["change"], permutations=239).notes)


def test_what_never_differs_does_not_weigh_on_what_does() -> None:
    found = compare(grid({"none": "", "pirate": "Arrr, matey!"}), measures=["shift"])
    rows = {row.metric: row for row in found.estimates}
    assert rows["han"].p == rows["han"].p_bh == 1
    differing = [row for row in found.estimates if any(row.differences)]
    assert 0 < len(differing) < len(rows)
    smallest = min(row.p for row in differing if row.p is not None)
    assert min(row.p_bh for row in differing if row.p_bh is not None) <= smallest * len(differing)


@pytest.mark.parametrize("text", ["ahoy ", "孙悟空", "🏴‍☠️!"])
def test_of_a_long_reply_the_beginning_is_compared_and_that_is_said(text: str) -> None:
    records = grid(PIRATE, questions=6, samples=2)
    long = text * (LONGEST // len(text) + 1)
    endings = [msgspec.structs.replace(one, reply=long + one.reply * 1000) for one in records]
    cut = [msgspec.structs.replace(one, reply=long[:LONGEST]) for one in records]
    found = compare(endings, permutations=199)
    assert any(note.startswith(f"{len(records)} replies are longer than 65,536 characters") for note in found.notes)
    beginnings = compare(cut, permutations=199)
    assert not any("are longer than" in note for note in beginnings.notes)
    assert any("byte-identical to another sample" in note for note in beginnings.notes)
    assert not any("byte-identical" in note for note in found.notes)
