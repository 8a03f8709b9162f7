"""A judged run: every reply once, whatever stops it; scores as measures, in both kinds of rubrics."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from persona_batch.comparing import Comparison, compare
from persona_batch.comparing.excerpts import Wanted
from persona_batch.comparing.factors import controls_of
from persona_batch.comparing.judged_scores import read_scores
from persona_batch.config.rubrics import load_rubric
from persona_batch.config.settings import Overrides
from persona_batch.errors import RunLocked, UsageError
from persona_batch.pipeline.judge import JudgeOptions, JudgeSummary, judge
from persona_batch.record.journal import Sink
from persona_batch.record.judgment import Judgment, judgments_at
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from persona_batch.view.comparison_replies import render_replies
from persona_batch.view.palette import Palette
from pipeline.workshop import Workshop
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer, serving

ROLE = (
    "id: role\ntext: |\n  {{ persona }}|{{ question }}|{{ reply }}|{{ answer }}\n  Score: N\nscore: {min: 0, max: 3}\n"
)
BETTER = "id: better\ntext: |\n  {{ question }}\n  A: {{ reply_a }}\n  B: {{ reply_b }}\npairwise: true\n"
PLAIN = Palette(color=False)
BATCH = """\
questions: [One?, Two?, Three?, Four?, Five?, {id: six, text: Six?, answer: 6}]
run: {samples: 2}
personas: [{id: cat, system: You are a cat.}]
"""


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)


def quiet(done: int, total: int) -> None:
    assert 0 < done <= total


def made(workshop: Workshop) -> RunDir:
    """Return a run whose cat says Meow."""
    script = Script(lengths={2: Act(reply="Meow.")}, default=Act(reply="Hello."))
    summary = workshop.run([workshop.write("cat.yaml", BATCH)], script)
    return RunDir(Path(summary.path), Path(summary.path) / "records.jsonl")


def judged(
    workshop: Workshop, run: RunDir, rubric: str, script: Script, *, again: bool = False, **options: Any
) -> tuple[JudgeSummary, list[Any], list[str]]:
    """Judge a run by a new endpoint, or by the last; return the summary, what was asked, what the user was told."""
    notes: list[str] = []
    port = int(kept(run)[-1].endpoint.split(":")[2].split("/")[0]) if again else 0

    async def served() -> tuple[JudgeSummary, list[Any]]:
        async with FaultyServer(script, port=port) as server:
            asked = JudgeOptions(
                run=run,
                rubric=load_rubric(workshop.write("rubric.yaml", rubric)),
                overrides=Overrides(base_url=server.base_url, concurrency=4),
                **options,
            )
            done = await judge(asked, note=notes.append, tell=quiet)
            return done, server.chats

    summary, chats = asyncio.run(served())
    return summary, chats, notes


def scored(meow: str, hello: str) -> Script:
    return Script(saying={"Meow.": Act(reply=meow), "Hello.": Act(reply=hello)})


def kept(run: RunDir) -> list[Judgment]:
    return list(judgments_at(run.path).read())


def test_every_reply_is_judged_once_and_the_judge_sees_what_the_rubric_says(workshop: Workshop) -> None:
    run = made(workshop)
    summary, chats, _ = judged(workshop, run, ROLE, scored("Fine.\nScore: 3", "Score: 0"))
    assert (summary.exit_code, summary.judged, summary.left, summary.unread) == (0, 36, 0, 0)
    assert Counter(one.record_key for one in kept(run)) == Counter(dict.fromkeys({r.record_key for r in kept(run)}, 1))
    asked = {request.body["messages"][-1]["content"] for request in chats}
    assert "You are a cat.|Six?|Meow.|6\nScore: N\n" in asked
    assert "|One?|Hello.|\nScore: N\n" in asked
    assert all(request.body["temperature"] == 0 for request in chats)
    assert {(one.reply, one.score) for one in kept(run)} == {("Fine.\nScore: 3", 3.0), ("Score: 0", 0.0)}
    again, chats, _ = judged(workshop, run, ROLE, scored("Score: 1", "Score: 1"))
    # a judge at another endpoint is another judge, though it has the same name
    assert (again.judged, len(chats)) == (36, 36)


def test_stopped_and_called_again_it_judges_what_is_left(workshop: Workshop) -> None:
    run = made(workshop)
    rubric = workshop.write("rubric.yaml", ROLE)

    async def calls() -> list[JudgeSummary]:
        async with FaultyServer(scored("Score: 3", "Score: 0")) as server:
            asked = JudgeOptions(
                run=run,
                rubric=load_rubric(rubric),
                overrides=Overrides(base_url=server.base_url, concurrency=3),
                max_requests=10,
            )
            found = [await judge(asked, note=lambda _: None, tell=quiet) for _ in range(5)]
            assert len(server.chats) == 36
            return found

    summaries = asyncio.run(calls())
    assert [one.exit_code for one in summaries] == [3, 3, 3, 0, 0]
    assert [one.judged for one in summaries] == [10, 10, 10, 6, 0]
    assert len({one.record_key for one in kept(run)}) == len(kept(run)) == 36


def test_killed_at_any_moment_every_reply_is_judged_once(workshop: Workshop) -> None:
    run = made(workshop)
    rubric = workshop.write("rubric.yaml", ROLE)
    script = Script(default=Act(reply="Score: 2", chunks=2, pause=0.01))
    with serving(script) as server:
        command = [sys.executable, "-m", "persona_batch", "judge", str(run.path), "--rubric", rubric]
        command += ["--base-url", server.base_url, "-j", "3", "--quiet"]
        for kills in range(1, 4):
            process = subprocess.Popen(command, env=os.environ)
            while process.poll() is None and len(server.chats) < 9 * kills:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
        done = subprocess.run(command, env=os.environ, check=False)
    assert done.returncode == 0
    keys = [one.record_key for one in kept(run)]
    assert len(keys) == len(set(keys)) == 36


def test_a_changed_rubric_is_asked_anew_and_the_newest_counts(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 0"))
    changed = ROLE.replace("Score: N", "Score: N!")
    judged(workshop, run, changed, scored("Score: 1", "Score: 1"), again=True)
    assert {one.value for scores in read_scores(run.path).values.values() for one in scores} == {1.0}
    assert len({one.rubric_hash for one in kept(run)}) == 2
    summary, chats, notes = judged(workshop, run, ROLE, Script(), again=True)
    assert (summary.judged, summary.skipped, len(chats)) == (0, 36, 0)
    assert any("judged by in another version since" in note for note in notes)


def test_other_params_are_another_version_of_a_rubric(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 0"))
    warm = ROLE + "params: {temperature: 1}\n"
    judged(workshop, run, warm, scored("Score: 1", "Score: 1"), again=True)
    assert {one.value for scores in read_scores(run.path).values.values() for one in scores} == {1.0}


def test_a_model_at_two_endpoints_is_two_judges(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 0"))
    judged(workshop, run, ROLE, scored("Score: 1", "Score: 1"))
    row = {row.metric: row.value for row in seen(workshop, run).estimates if row.arm == "cat"}
    assert set(row.values()) == {0.0, 3.0}
    assert all(name.startswith("role by ") and " at http://127.0.0.1:" in name for name in row)


def test_what_was_said_of_a_reply_does_not_count_for_another_of_its_key(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 1"))
    before, after = ("Hello.", "Purr!") if kept(run)[0].score == 1 else ("Meow.", "Purr!")
    first, *rest = run.records.read_text(encoding="utf-8").splitlines(keepends=True)
    key = json.loads(first)["key"]
    run.records.write_text(first.replace(before, after) + "".join(rest), encoding="utf-8")
    assert json.loads(run.records.read_text(encoding="utf-8").splitlines()[0])["reply"] == after
    found = seen(workshop, run)
    assert "role: 1 of 36 replies are not judged; `batch judge` judges them." in found.notes
    saying = {"Purr!": Act(reply="Score: 2")}
    summary, _, _ = judged(workshop, run, ROLE, Script(saying=saying), again=True)
    assert summary.judged == 1
    assert [one.score for one in kept(run) if one.record_key == key][1:] == [2.0]
    assert not any("are not judged" in note for note in seen(workshop, run).notes)


def seen(workshop: Workshop, run: RunDir, **options: Any) -> Comparison:
    """Return what `compare` makes of the judgments of a run."""
    scores = [read_scores(run.path)]
    known = controls_of(run.manifest)
    return compare(read_records(run.records), controls=known, scores=scores, measures=["judged"], **options)


def test_pairs_are_told_against_whom_they_were_set_beside(workshop: Workshop) -> None:
    run = made(workshop)
    wins = Script(saying={"A: Meow.": Act(reply="Answer: A"), "B: Meow.": Act(reply="Answer: B")})
    judged(workshop, run, BETTER, wins)
    judged(workshop, run, BETTER, wins, again=True, against="assistant")  # which says Meow too: ties
    rows = {row.reference: row for row in seen(workshop, run).estimates if row.arm == "cat"}
    assert {name: row.arm_value for name, row in rows.items()} == {"none": 1.0, "assistant": 0.5}
    assert [row.metric for _, row in sorted(rows.items())] == [
        "better preferred to assistant",
        "better preferred to none",
    ]
    assert rows["none"].p_bh is not None
    assert rows["assistant"].p_bh is None  # rows against the placebo are in no family
    only = seen(workshop, run, control="assistant")
    assert [(row.reference, row.arm_value) for row in only.estimates if row.arm == "cat"] == [("assistant", 0.5)]
    assert "better preferred to none is seen with --control none." in only.notes


def test_the_days_requests_are_counted_with_those_of_runs(workshop: Workshop) -> None:
    run = made(workshop)
    rubric = load_rubric(workshop.write("rubric.yaml", ROLE))

    async def calls() -> list[tuple[int, int]]:
        async with FaultyServer(scored("Score: 3", "Score: 0")) as server:
            overrides = Overrides(base_url=server.base_url, concurrency=3, per_day=10)
            asked = JudgeOptions(run=run, rubric=rubric, overrides=overrides)
            first = await judge(asked, note=lambda _: None, tell=quiet)
            second = await judge(asked, note=lambda _: None, tell=quiet)
            assert len(server.chats) == 10
            return [(one.exit_code, one.judged) for one in (first, second)]

    assert asyncio.run(calls()) == [(3, 10), (3, 0)]


def test_interrupted_it_keeps_what_is_judged_and_ends_with_130(workshop: Workshop) -> None:
    run = made(workshop)
    rubric = workshop.write("rubric.yaml", ROLE)
    with serving(Script(default=Act(reply="Score: 2", chunks=2, pause=0.01))) as server:
        command = [sys.executable, "-m", "persona_batch", "judge", str(run.path), "--rubric", rubric]
        command += ["--base-url", server.base_url, "-j", "2", "--json"]
        process = subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(server.chats) < 6:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    told = json.loads(out)
    assert (process.returncode, told["exit_code"]) == (130, 130)
    assert 0 < told["judged"] == len(kept(run)) < 36
    assert told["left"] == 36 - told["judged"]


def test_a_rubric_that_holds_the_judges_key_is_refused(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(workshop)
    monkeypatch.setenv("JUDGE_KEY", "a-key-of-no-known-shape-4711")
    rubric = load_rubric(workshop.write("rubric.yaml", ROLE.replace("Score", "a-key-of-no-known-shape-4711 Score")))
    overrides = Overrides(base_url="http://127.0.0.1:9/v1", api_key_env="JUDGE_KEY")
    with pytest.raises(UsageError, match="holds the judge's key itself") as caught:
        asyncio.run(judge(JudgeOptions(run=run, rubric=rubric, overrides=overrides), note=print, tell=quiet))
    assert "4711" not in str(caught.value)


def test_against_is_for_pairs(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="--against is for pairwise rubrics"):
        judged(workshop, made(workshop), ROLE, Script(), against="assistant")


def test_a_cut_judgment_is_no_score(workshop: Workshop) -> None:
    run = made(workshop)
    trait = ROLE.replace("max: 3", "max: 100")
    cut = Act(reply="Score: 10", finish_reason="length")
    summary, _, _ = judged(workshop, run, trait, Script(default=cut))
    assert (summary.judged, summary.unread) == (36, 36)
    assert {(one.status, one.reason) for one in kept(run)} == {("truncated", "the judge's reply was cut")}


def test_beside_the_replies_stands_what_the_judge_said(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("A \x1b[31mtrue cat.\nScore: 3", "Score: 1"))
    found = seen(workshop, run, excerpts=Wanted(most_questions=1))
    page = render_replies(found.excerpts, PLAIN, 60)
    assert "cat · role 3: A ␛[31mtrue cat. Score: 3" in page
    assert "\x1b" not in page


def test_scores_are_measures_and_a_difference_is_told(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 1"))
    found = compare(
        workshop.records(workshop.run([], resume=str(run.path))),
        controls=controls_of(run.manifest),
        scores=[read_scores(run.path)],
        measures=["judged", "change"],
    )
    row = found.find("judged", "cat")
    assert row is not None
    assert (row.metric, row.value, row.arm_value, row.reference_value) == ("role", 2.0, 3.0, 1.0)
    assert row.p == 2 / 2**6
    excerpts = compare(workshop.records(workshop.run([], resume=str(run.path))), scores=[read_scores(run.path)])
    assert excerpts.find("judged", "cat") is not None


def test_in_both_orders_a_judge_that_prefers_the_first_makes_ties(workshop: Workshop) -> None:
    run = made(workshop)
    summary, chats, _ = judged(workshop, run, BETTER, Script(default=Act(reply="Answer: A")))
    assert (summary.judged, len(chats)) == (24, 24)
    given = [(one.metric, one.value) for scores in read_scores(run.path).values.values() for one in scores]
    assert set(given) == {("better preferred to none", 0.5)}


def test_a_judge_that_prefers_one_side_wherever_it_stands_is_heard(workshop: Workshop) -> None:
    run = made(workshop)
    script = Script(saying={"A: Meow.": Act(reply="Answer: A"), "B: Meow.": Act(reply="Answer: B")})
    judged(workshop, run, BETTER, script)
    assert {one.choice for one in kept(run)} == {"a"}
    found = compare(
        workshop.records(workshop.run([], resume=str(run.path))),
        controls=controls_of(run.manifest),
        scores=[read_scores(run.path)],
        measures=["judged"],
    )
    row = found.find("judged", "cat", "better preferred to none")
    assert row is not None
    assert (row.arm_value, row.reference_value, row.value) == (1.0, 0.5, 0.5)


def test_what_cannot_be_read_is_told_and_is_no_score(workshop: Workshop) -> None:
    run = made(workshop)
    summary, _, _ = judged(workshop, run, ROLE, scored("Well, 2 or 3.", "Score: 0"))
    assert (summary.unread, summary.exit_code) == (24, 0)
    found = compare(
        workshop.records(workshop.run([], resume=str(run.path))),
        controls=controls_of(run.manifest),
        scores=[read_scores(run.path)],
        measures=["judged"],
    )
    row = found.find("judged", "cat")
    assert row is not None
    assert (row.value, row.p) == (None, None)
    assert row.not_estimable == "100% of the judgments of cat could not be read"


def test_a_judge_that_fails_leaves_the_reply_for_the_next_call(workshop: Workshop) -> None:
    run = made(workshop)
    bad = Act(status=400, body=error_body("no"))
    summary, _, _ = judged(workshop, run, ROLE, Script(acts=[bad], default=Act(reply="Score: 1")))
    assert (summary.exit_code, summary.failed, summary.judged) == (1, 1, 35)


def test_the_model_under_test_as_its_own_judge_is_warned_of(workshop: Workshop) -> None:
    run = made(workshop)
    rubric = load_rubric(workshop.write("rubric.yaml", ROLE))

    async def served() -> list[str]:
        notes: list[str] = []
        async with FaultyServer(Script(default=Act(reply="Score: 1")), port=int(workshop.base_url.split(":")[2][:-3])):
            asked = JudgeOptions(run=run, rubric=rubric, overrides=Overrides())
            await judge(asked, note=notes.append, tell=quiet)
        return notes

    assert any("is the model under test" in note for note in asyncio.run(served()))


def test_nobody_judges_a_run_that_another_process_holds(workshop: Workshop) -> None:
    run = made(workshop)
    with run.lock(), pytest.raises(RunLocked):
        judged(workshop, run, ROLE, scored("Score: 1", "Score: 1"))


def test_without_a_control_there_is_nothing_to_set_beside(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("alone.yaml", BATCH + "controls: []\n")])
    run = RunDir(Path(summary.path), Path(summary.path) / "records.jsonl")
    with pytest.raises(UsageError, match="no control"):
        judged(workshop, run, BETTER, Script())
    with pytest.raises(UsageError, match="no such persona"):
        judged(workshop, run, BETTER, Script(), against="dog")


def test_a_torn_last_line_is_judged_again(workshop: Workshop) -> None:
    run = made(workshop)
    judged(workshop, run, ROLE, scored("Score: 3", "Score: 0"))
    path = judgments_at(run.path).path
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(kept(run)) == 35
    with Sink(path):
        pass
    assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:-1])
    assert json.loads(whole.splitlines()[0])["rubric"] == "role"


def test_a_prompt_in_the_user_message_is_shown_apart_from_the_question(workshop: Workshop) -> None:
    workshop.write("r.csv", "id,system\ncat,You are a cat.\n")
    rows = "controls: []\nquestions: [One?]\npersonas:\n  - {from: r.csv, placement: user}\n"
    written = "  - {id: dog, system: You are a dog., placement: user}\n"
    summary = workshop.run([workshop.write("rows.yaml", rows + written)])
    run = RunDir(Path(summary.path), Path(summary.path) / "records.jsonl")
    _, chats, _ = judged(workshop, run, ROLE, Script(default=Act(reply="Score: 1")))
    shown = {tuple(request.body["messages"][-1]["content"].split("|")[:2]) for request in chats}
    assert shown == {("You are a cat.", "One?"), ("You are a dog.", "One?")}
