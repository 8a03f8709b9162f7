import pytest

from comparing.made import grid, record
from persona_batch.chat import Message
from persona_batch.comparing import compare_runs
from persona_batch.comparing.comparison import Comparison
from persona_batch.record import CheckResult, Record

PIRATE = {"none": "", "pirate": "Arrr, matey!"}


def again(records: list[Record], own: dict[str, str] | None = None, **other: object) -> list[Record]:
    """Return the cells of a later run, some personas with other words at their beginning."""
    return [
        record(r.persona, r.question, (own or {}).get(r.persona, "") + r.reply, sample=r.sample, run="later", **other)  # type: ignore[arg-type]  # names of Record's fields
        for r in records
    ]


def later(**other: object) -> list[Record]:
    return again(grid(PIRATE, seed=2), {"pirate": "By Neptune, shiver my timbers! "}, **other)


def changes(before: list[Record], after: list[Record]) -> Comparison:
    return compare_runs(before, after, measures=["change", "shift"])


def test_each_persona_is_compared_with_itself_and_the_untouched_are_the_yardstick() -> None:
    found = changes(grid(PIRATE), later())
    assert found.runs == ["run", "later"]
    assert {arm.name: arm.reference for arm in found.arms if arm.reference} == {
        "none": "none (before)",
        "pirate": "pirate (before)",
    }
    pirate, control = found.find("change", "pirate"), found.find("change", "none")
    assert pirate is not None
    assert control is not None
    assert pirate.p_holm == 0.0001
    assert (control.p or 0) > 0.05


def test_an_edited_prompt_is_shown_by_its_lines() -> None:
    after = [
        record(
            r.persona,
            r.question,
            r.reply,
            sample=r.sample,
            system="You are a pirate.\nBe brief." if r.persona == "pirate" else None,
        )
        for r in later()
    ]
    found = changes(grid(PIRATE), after).changes
    assert found is not None
    [diff] = found.prompts
    assert (diff.persona, diff.added, diff.removed) == ("pirate", 2, 1)
    assert "-[system] You are pirate." in diff.lines
    assert "+Be brief." in diff.lines


def test_a_prompt_in_the_user_message_is_found_before_the_question() -> None:
    def asked(prompt: str) -> list[Record]:
        return [
            record("cat", f"q{n}", "Meow.", placement="user", messages=[Message("user", f"{prompt}\n\n{text}")])
            for n, text in enumerate(("What do you eat?", "Where do you sleep?"))
        ]

    found = changes(asked("You are a cat."), asked("You are an old cat.")).changes
    assert found is not None
    [diff] = found.prompts
    assert any("You are an old cat." in line for line in diff.lines)
    assert not any("eat" in line or "sleep" in line for line in diff.lines)


def test_a_model_that_answers_under_another_name_is_reported() -> None:
    before = again(grid(PIRATE), model_returned="m-1", system_fingerprint="a")
    after = again(grid(PIRATE), model_returned="m-2", system_fingerprint="a")
    found = changes(before, after).changes
    assert found is not None
    [change] = found.models
    assert (change.field, change.before, change.after) == ("model_returned", ["m-1"], ["m-2"])


def test_failures_that_came_and_went_are_listed_by_cell() -> None:
    before, after = grid(PIRATE), again(grid(PIRATE))
    before[0] = record("none", "q0", "", sample=0, status="error")
    after[-1] = record("pirate", "q7", "", sample=3, status="error", run="later")
    found = changes(before, after).changes
    assert found is not None
    assert [(cell.persona, cell.question, cell.sample) for cell in found.new_failures] == [("pirate", "q7", 3)]
    assert [(cell.persona, cell.question, cell.sample) for cell in found.lost_failures] == [("none", "q0", 0)]


def test_checks_that_turned_are_listed_by_cell() -> None:
    def checked(passed: bool) -> list[Record]:
        check = CheckResult("contains", passed, "Arrr")
        return [record("pirate", "q0", "Arrr", checks=[check]), record("pirate", "q1", "Arrr")]

    found = changes(checked(True), checked(False)).changes
    assert found is not None
    assert [cell.question for cell in found.new_check_failures] == ["q0"]
    assert found.lost_check_failures == []


def test_personas_of_one_run_only_are_named() -> None:
    found = changes(grid({"none": "", "monk": ""}), grid({"none": "", "cat": ""})).changes
    assert found is not None
    assert (found.only_before, found.only_after) == (["monk"], ["cat"])


@pytest.mark.parametrize("samples", [4, 5])
def test_the_same_replies_twice_are_no_change(samples: int) -> None:
    records = grid(PIRATE, samples=samples)
    found = changes(records, again(records))
    for row in found.estimates:
        assert row.p == 1
    assert [arm.moved_questions for arm in found.arms if arm.reference] == [[], []]
