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

from persona_batch.comparing import compare
from persona_batch.comparing.factors import controls_of
from persona_batch.comparing.judged_scores import read_scores
from persona_batch.config.rubrics import load_rubric
from persona_batch.config.settings import Overrides
from persona_batch.errors import RunLocked, UsageError
from persona_batch.pipeline.judge import JudgeOptions, JudgeSummary, judge
from persona_batch.record.journal import Sink
from persona_batch.record.judgment import Judgment, judgments_at
from persona_batch.record.rundir import RunDir
from pipeline.workshop import Workshop
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer, serving

ROLE = (
    "id: role\ntext: |\n  {{ persona }}|{{ question }}|{{ reply }}|{{ answer }}\n  Score: N\nscore: {min: 0, max: 3}\n"
)
BETTER = "id: better\ntext: |\n  {{ question }}\n  A: {{ reply_a }}\n  B: {{ reply_b }}\npairwise: true\n"
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
    workshop: Workshop, run: RunDir, rubric: str, script: Script, **options: Any
) -> tuple[JudgeSummary, list[Any], list[str]]:
    """Judge a run by a new endpoint; return the summary, what was asked, and what the user was told."""
    notes: list[str] = []

    async def served() -> tuple[JudgeSummary, list[Any]]:
        async with FaultyServer(script) as server:
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
    judged(workshop, run, ROLE.replace("Score: N", "Score: N!"), scored("Score: 1", "Score: 1"))
    assert {value for scores in read_scores(run.path).values.values() for value in scores.values()} == {1.0}
    assert len({one.rubric_hash for one in kept(run)}) == 2


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
    assert {scores["better preferred to none"] for scores in read_scores(run.path).values.values()} == {0.5}


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
