"""A resumed run asks exactly what is missing, also when the batch has changed meanwhile."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.errors import RunLocked, UsageError
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import find_run
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
    assert (more_personas.cells, more_personas.asked, more_personas.strays) == (16, 4, 0)
    workshop.write("wukong.yaml", WUKONG.replace("[你好,", "[你好, 你爱吃什么？,"))
    more_questions = workshop.run([file], resume="latest", overrides={"samples": 2})
    assert (more_questions.cells, more_questions.asked, more_questions.strays) == (18, 6, 4)
    assert len(workshop.asked) == 22


def test_an_edited_prompt_is_asked_anew_and_the_old_replies_stay(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    workshop.run([file])
    workshop.write("wukong.yaml", WUKONG.replace("你是孙悟空", "你是齐天大圣"))
    edited = workshop.run([file], resume="latest")
    assert (edited.asked, edited.skipped, edited.strays, edited.left) == (2, 4, 2, 0)
    assert len(workshop.records(edited)) == 8
    assert any("wukong.yaml is not as it was" in note for note in workshop.seen.notes)


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
