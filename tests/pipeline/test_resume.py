"""A resumed run asks exactly what is missing, also when the batch has changed meanwhile."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.errors import RunLocked, UsageError
from persona_batch.pipeline.sealing import Summary
from persona_batch.record import Record
from persona_batch.record.finding import find_run
from persona_batch.record.manifest import read_manifest
from persona_batch.record.reader import read_records
from persona_batch.record.record import encode
from pipeline.workshop import WUKONG, Workshop
from servers.act import Act, Script, error_body

PIRATE = "id: pirate\nsystem: Talk like a pirate.\nparams: {temperature: 0.7}\nquestions: [你好, 你对取经怎么看？]\n"


def test_a_complete_run_resumed_asks_nothing_and_ends_well(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file])
    again = workshop.run([file], resume="latest")
    assert (again.exit_code, again.asked, again.skipped) == (0, 0, 6)
    assert len(workshop.asked) == 6


def test_resume_alone_recalls_how_the_run_was_begun(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    begun = workshop.run([file], overrides={"samples": 2, "params": {"max_tokens": 9}}, max_requests=5)
    rest = workshop.run([], resume=begun.run_id)
    assert (rest.exit_code, rest.cells, rest.asked) == (0, 12, 7)
    assert all(record.params["max_tokens"] == 9 for record in workshop.records(rest))
    assert [session.exit_code for session in read_manifest(Path(rest.path) / "run.json").sessions] == [3, 0]


def test_a_grown_batch_asks_only_the_difference(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file])
    more_samples = workshop.run([file], resume="latest", overrides={"samples": 2})
    assert (more_samples.cells, more_samples.asked) == (12, 6)
    more_personas = workshop.run(
        [file, workshop.write("pirate.yaml", PIRATE)], resume="latest", overrides={"samples": 2}
    )
    assert (more_personas.cells, more_personas.asked, more_personas.set_aside) == (16, 4, 0)
    workshop.write("wukong.yaml", WUKONG.replace("[你好,", "[你好, 你爱吃什么？,"))
    more_questions = workshop.run([file], resume="latest", overrides={"samples": 2})
    assert (more_questions.cells, more_questions.asked, more_questions.set_aside) == (18, 6, 4)
    assert len(workshop.asked) == 22
    assert {record.persona for record in workshop.records(more_questions)} == {"none", "assistant", "wukong"}


def aside(of: Summary) -> list[Record]:
    return list(read_records(Path(of.path) / "set-aside.jsonl"))


EDITS = {
    "prompt": ({"你是孙悟空": "你是齐天大圣"}, {}, 2),
    "question": ({"你对取经怎么看": "你对西天怎么看"}, {}, 3),
    "parameter": ({"temperature: 0.7": "temperature: 0.2"}, {}, 6),
    "parameter of the call": ({}, {"params": {"temperature": 0.2}}, 6),
    "placement": ({"attributes:": "placement: user\nattributes:"}, {}, 2),
    "placement of the call": ({}, {"placements": ("user",)}, 2),
    "model": ({}, {"models": ("other",)}, 6),
    "fewer questions": ({"[你好, ": "["}, {}, 3),
    "controls left out": ({"id: wukong": "id: wukong\ncontrols: []"}, {}, 4),
}


@pytest.mark.parametrize(("edit", "overrides", "obsolete"), EDITS.values(), ids=EDITS)
def test_what_an_edit_makes_obsolete_is_set_aside_and_returns(
    workshop: Workshop, edit: dict[str, str], overrides: dict[str, Any], obsolete: int
) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    before = workshop.run([file], Script(models=["test-model", "other"]), overrides={"models": ("test-model",)})
    first = {record.key for record in workshop.records(before)}
    edited_text = WUKONG
    for old, new in edit.items():
        edited_text = edited_text.replace(old, new)
    workshop.write("wukong.yaml", edited_text)
    call = {"models": ("test-model",), **overrides}
    edited = workshop.run([file], Script(models=["test-model", "other"]), resume="latest", overrides=call)
    assert (edited.run_id, edited.set_aside, edited.left) == (before.run_id, obsolete, 0)
    assert len(aside(edited)) == obsolete
    assert len(workshop.records(edited)) == edited.cells
    (told,) = workshop.seen.loud
    assert f"{obsolete} records set aside" in told
    asked = len(workshop.asked)
    workshop.write("wukong.yaml", WUKONG)
    back = workshop.run([file], resume="latest", overrides={"models": ("test-model",)})
    assert (back.asked, back.returned, len(workshop.asked)) == (0, obsolete, asked)
    assert {record.key for record in workshop.records(back)} == first
    assert len(aside(back)) == edited.asked


def test_an_edited_prompt_is_asked_anew_and_said_in_one_line(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file], max_requests=5)
    workshop.write("wukong.yaml", WUKONG.replace("你是孙悟空", "你是齐天大圣").replace("[你好", "[早上好"))
    edited = workshop.run([file], resume="latest")
    assert edited.left == 0
    assert len(workshop.records(edited)) == 6
    (told,) = workshop.seen.loud
    assert f"wukong.yaml changed; {edited.set_aside} records set aside" in told
    assert "4 cells asked anew" in told  # one of them had not been asked before either


def test_filters_narrow_what_a_call_asks_and_set_nothing_aside(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file])
    for narrowed in ({"persona_globs": ("wukong",)}, {"question_globs": ("你好",)}, {"limit": 1}):
        again = workshop.run([file], resume="latest", **narrowed)
        assert (again.asked, again.set_aside, len(workshop.records(again))) == (0, 0, 6)
    assert workshop.seen.loud == []


def test_a_narrowed_run_says_of_how_many_cells(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], limit=2)
    manifest = read_manifest(Path(first.path) / "run.json")
    assert (manifest.state, manifest.cells, manifest.batch_cells) == ("complete", 2, 6)
    rest = workshop.run([file], continue_newest=True)
    assert (rest.run_id, rest.asked) == (first.run_id, 4)
    manifest = read_manifest(Path(first.path) / "run.json")
    assert (manifest.cells, manifest.batch_cells) == (6, 6)


def test_every_night_the_same_filter_makes_a_run_of_its_own(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    globs = ("你好", "你对取经怎么看") * 2
    nights = [workshop.run([file], continue_newest=True, question_globs=(glob,)) for glob in globs]
    assert [night.asked for night in nights] == [3, 3, 3, 3]
    assert nights[0].run_id == nights[1].run_id != nights[2].run_id == nights[3].run_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"overrides": {"models": ("a",)}}, {"overrides": {"models": ("b",)}}),
        ({"overrides": {"models": ("a",)}}, {"overrides": {"models": ("a", "b")}}),
        ({"overrides": {"models": ("a",), "placements": ("user",)}}, {"overrides": {"models": ("a",)}}),
        (
            {"overrides": {"models": ("a",), "params": {"temperature": 0.1}}},
            {"overrides": {"models": ("a",), "params": {"temperature": 0.9}}},
        ),
        (
            {"overrides": {"models": ("a",)}, "questions": ("one.yaml",)},
            {"overrides": {"models": ("a",)}, "questions": ("two.yaml",)},
        ),
    ],
)
def test_two_jobs_that_ask_for_other_things_never_touch_each_others_records(
    workshop: Workshop, one: dict[str, Any], other: dict[str, Any]
) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.write("one.yaml", "questions: [一, 二]\n")
    workshop.write("two.yaml", "questions: [三, 四]\n")
    models = Script(models=["a", "b"])
    first = workshop.run([file], models, continue_newest=True, max_requests=2, **one)
    second = workshop.run([file], models, continue_newest=True, max_requests=2, **other)
    assert first.run_id != second.run_id
    for call, begun in ((one, first), (other, second)):
        for samples in (1, 2):  # the number of samples may grow
            more = dict(call)
            more["overrides"] = {**call["overrides"], "samples": samples}
            went_on = workshop.run([file], models, continue_newest=True, max_requests=1, **more)
            assert (went_on.run_id, went_on.set_aside) == (begun.run_id, 0)


def test_two_files_of_one_name_have_runs_of_their_own(workshop: Workshop) -> None:
    one, other = workshop.write("west/wukong.yaml", WUKONG), workshop.write("east/wukong.yaml", WUKONG + "# east\n")
    first = workshop.run([one], continue_newest=True, max_requests=2)
    second = workshop.run([other], continue_newest=True, max_requests=2)
    assert first.run_id != second.run_id
    assert workshop.run([one], continue_newest=True, max_requests=1).run_id == first.run_id
    with pytest.raises(UsageError, match=r"is a run of .*east/wukong\.yaml, and would set aside"):
        workshop.run([one], resume="latest")
    Path(other).rename(workshop.folder / "wukong.yaml")  # moved: its run goes along
    moved = workshop.run([str(workshop.folder / "wukong.yaml")], resume="latest")
    assert (moved.run_id, moved.asked, moved.set_aside) == (second.run_id, 4, 0)


def test_continue_does_not_mind_the_order_of_what_is_given_several_times(workshop: Workshop) -> None:
    file, models = workshop.write("wukong.yaml", WUKONG), Script(models=["a", "b"])
    overrides = {"models": ("a", "b"), "placements": ("user", "system")}
    begun = workshop.run([file], models, continue_newest=True, max_requests=2, overrides=overrides)
    overrides = {name: names[::-1] for name, names in overrides.items()}
    again = workshop.run([file], models, continue_newest=True, overrides=overrides)
    assert (again.run_id, again.asked, again.left, workshop.seen.loud) == (begun.run_id, again.cells - 2, 0, [])


def test_a_file_of_questions_is_the_same_however_its_name_is_typed(workshop: Workshop) -> None:
    file, questions = workshop.write("wukong.yaml", WUKONG), workshop.write("some.yaml", "questions: [一, 二]\n")
    begun = workshop.run(["wukong.yaml"], continue_newest=True, max_requests=2, questions=("./some.yaml",))
    again = workshop.run([file], continue_newest=True, questions=(questions,))
    assert (again.run_id, again.left, workshop.seen.loud) == (begun.run_id, 0, [])
    assert str(workshop.folder) not in (Path(again.path) / "run.json").read_text(encoding="utf-8")


def test_options_beside_resume_alone_take_the_place_of_those_it_was_begun_with(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    begun = workshop.run([file], overrides={"params": {"max_tokens": 9}}, question_globs=("你好",))
    more = workshop.run([], resume=begun.run_id, overrides={"samples": 2}, persona_globs=("wukong",))
    assert (more.cells, more.left, more.set_aside) == (12, 0, 0)  # with its controls, but no longer one question only
    assert all(record.params["max_tokens"] == 9 for record in workshop.records(more))
    (told,) = workshop.seen.loud
    assert "-n (not given, now 2) changed" in told


def test_records_copied_into_a_run_are_set_aside_though_nothing_was_edited(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    begun = workshop.run([file], max_requests=2)
    other = workshop.run([workshop.write("pirate.yaml", PIRATE)])
    strange = next(record for record in workshop.records(other) if record.persona == "pirate")
    with (Path(begun.path) / "records.jsonl").open("ab") as records:
        records.write(encode(strange) + b"\n")
    mended = workshop.run([file], resume=begun.run_id)
    assert (mended.set_aside, aside(mended), len(workshop.records(mended)), mended.left) == (1, [strange], 6, 0)


def test_a_renamed_persona_carries_its_records_along(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file], max_requests=4)
    workshop.write(
        "wukong.yaml",
        WUKONG.replace("id: wukong", "id: sun").replace("西游记", "天宫").replace("contains: 你", "contains: 我"),
    )
    renamed = workshop.run([file], resume="latest")
    records = workshop.records(renamed)
    assert (renamed.asked, renamed.set_aside, len(records)) == (2, 0, 6)
    of_sun = [record for record in records if record.persona not in {"none", "assistant"}]
    assert {(record.persona, record.attributes["world"], record.checks[0].expected) for record in of_sun} == {
        ("sun", "天宫", "我")
    }


def test_a_renamed_persona_is_not_asked_again(workshop: Workshop) -> None:
    workshop.run([workshop.write("wukong.yaml", WUKONG)])
    renamed = workshop.run([workshop.write("wukong.yaml", WUKONG.replace("id: wukong", "id: sun"))], resume="latest")
    assert (renamed.asked, renamed.skipped) == (0, 6)


def test_failed_cells_wait_for_retry_errors(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    refusal = Act(status=400, body=error_body("no"))
    workshop.run([file], Script(acts=[Act(), refusal, refusal]))
    plain = workshop.run([file], resume="latest")
    assert (plain.exit_code, plain.asked) == (1, 0)
    again = workshop.run([file], resume="latest", retry_errors=True)
    assert (again.exit_code, again.asked, again.counts) == (0, 2, {"ok": 6})
    assert len((Path(again.path) / "errors.jsonl").read_bytes().splitlines()) == 2
    assert len(workshop.asked) == 8


def test_failed_cells_that_come_back_are_asked_again_by_the_same_call(workshop: Workshop) -> None:
    file, models = workshop.write("wukong.yaml", WUKONG), ["a", "b"]
    refusal = Act(status=400, body=error_body("no"))
    workshop.run([file], Script(acts=[Act(), refusal, refusal], models=models), overrides={"models": ("a",)})
    workshop.run([file], Script(models=models), resume="latest", overrides={"models": ("b",)}, limit=1)
    there = Script(models=models)
    back = workshop.run([file], there, resume="latest", retry_errors=True, overrides={"models": ("a",)})
    assert (back.exit_code, back.returned, back.asked, back.left) == (0, 6, 2, 0)
    assert [record.status for record in workshop.records(back)] == ["ok"] * 6
    failed = read_records(Path(back.path) / "errors.jsonl")
    assert [record.status for record in failed] == ["error"] * 2


def test_a_resumed_run_tells_the_checks_of_all_its_replies(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    checks = workshop.run([file]).checks
    assert checks.total == 2
    assert workshop.run([file], resume="latest").checks == checks


def test_continue_resumes_the_newest_unfinished_run_else_starts_one(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    codes = [workshop.run([file], continue_newest=True, max_requests=2).exit_code for _ in range(3)]
    assert codes == [3, 3, 0]
    assert len(workshop.runs) == 1
    assert workshop.run([file], continue_newest=True).asked == 6
    assert len(workshop.runs) == 2


def test_continue_passes_over_other_batches_and_endpoints(workshop: Workshop) -> None:
    wukong, pirate = workshop.write("wukong.yaml", WUKONG), workshop.write("pirate.yaml", PIRATE)
    workshop.run([wukong], max_requests=1)
    workshop.run([wukong], overrides={"base_url": None, "provider": "scripted"}, max_requests=1)
    assert workshop.run([pirate], continue_newest=True).skipped == 0
    assert workshop.run([wukong], continue_newest=True).skipped == 1


def test_continue_takes_a_run_up_that_was_killed_before_it_was_sealed(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=4)
    manifest = Path(first.path) / "run.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"state": "stopped"', '"state": "running"'), encoding="utf-8"
    )
    with (Path(first.path) / "records.jsonl").open("ab") as file_end:
        file_end.write('{"schema_version":1,"key":"撕'.encode()[:-1])
    rest = workshop.run([file], continue_newest=True)
    assert (rest.run_id, rest.asked, rest.skipped) == (first.run_id, 2, 4)
    assert len(workshop.records(rest)) == 6


def test_a_run_that_another_process_holds_is_left_alone(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=1)
    with find_run(first.run_id, workshop.out).lock(), pytest.raises(RunLocked):
        workshop.run([file], resume="latest")
    assert len(workshop.asked) == 1


@pytest.mark.parametrize("manifest", [None, "", "{}"])
def test_a_folder_that_cannot_be_read_does_not_keep_others_from_being_continued(
    workshop: Workshop, manifest: str | None
) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=1)
    workshop.write("runs/29991231T235959Z-copied/records.jsonl", "")
    if manifest is not None:
        workshop.write("runs/29991231T235959Z-copied/run.json", manifest)
    rest = workshop.run([file], continue_newest=True)
    assert (rest.run_id, rest.exit_code, rest.asked) == (first.run_id, 0, 5)


def test_a_run_of_another_endpoint_is_refused(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file], max_requests=1)
    with pytest.raises(UsageError, match="was made at http"):
        workshop.run([file], resume="latest", overrides={"base_url": None, "provider": "scripted"})


def test_replies_with_and_without_their_thoughts_never_stand_in_one_run(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=1)
    with pytest.raises(UsageError, match="was made with `thinking: separate`"):
        workshop.run([file], resume="latest", overrides={"thinking": "keep"})
    workshop.write("wukong.yaml", WUKONG + "run: {thinking: keep}\n")
    assert workshop.run([file], continue_newest=True, max_requests=1).run_id != first.run_id
    assert workshop.run([file], resume=first.run_id, overrides={"thinking": "separate"}).run_id == first.run_id


def test_a_run_whose_endpoint_is_away_stays_resumable(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=1)
    away = workshop.run_away([file], resume="latest")
    assert (away.exit_code, away.state, away.left) == (3, "stopped", 5)
    assert "connection refused" in (away.message or "")
    assert workshop.run([file], resume=first.run_id).exit_code == 0


def test_failed_cells_that_were_to_be_asked_again_are_not_forgotten(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], Script(acts=[Act(status=400, body=error_body("no"))]))
    assert (first.exit_code, first.state) == (1, "failed")
    away = workshop.run_away([file], continue_newest=True, retry_errors=True)
    assert (away.run_id, away.exit_code, away.left) == (first.run_id, 3, 1)
    rest = workshop.run([file], continue_newest=True)
    assert (rest.run_id, rest.exit_code, rest.asked) == (first.run_id, 0, 1)


def test_a_resumed_run_whose_key_is_refused_is_sealed(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    first = workshop.run([file], max_requests=1)
    refused = Script(default=Act(status=401, body=error_body("Incorrect API key", code="invalid_api_key")))
    with pytest.raises(UsageError, match="check the key"):
        workshop.run([file], refused, resume="latest")
    manifest = read_manifest(Path(first.path) / "run.json")
    assert (manifest.state, manifest.exit_code) == ("stopped", 2)
    assert all(session.ended_at for session in manifest.sessions)


def test_nothing_to_run_or_resume_is_said(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="no persona file given"):
        workshop.run([])
    with pytest.raises(UsageError, match="no runs there yet"):
        workshop.run([workshop.write("wukong.yaml", WUKONG)], resume="latest")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 7), max_size=4), st.integers(1, 3), st.booleans())
def test_any_sequence_of_interrupted_runs_ends_in_the_same_grid(
    workshop: Workshop, budgets: list[int], samples: int, grown: bool
) -> None:
    files = [workshop.write("wukong.yaml", WUKONG)]
    overrides = {"base_url": None, "provider": "scripted", "samples": samples}
    whole_files = [*files, workshop.write("pirate.yaml", PIRATE)] if grown else files
    whole = workshop.run(whole_files, overrides=overrides)
    pieces = workshop.run(files, overrides={**overrides, "samples": 1}, max_requests=1)
    for budget in budgets:
        pieces = workshop.run(files, overrides=overrides, resume=pieces.path, max_requests=budget)
    pieces = workshop.run(whole_files, overrides=overrides, resume=pieces.path)
    assert pieces.exit_code == 0
    assert sorted((record.key, record.reply) for record in workshop.records(pieces)) == sorted(
        (record.key, record.reply) for record in workshop.records(whole)
    )
