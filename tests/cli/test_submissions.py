"""`batch submissions`: how a run's batch files stand, and what settles one that is stuck, without asking anybody."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from cli.test_runs import add_run
from persona_batch.record.rundir import run_at
from persona_batch.record.submissions import Event, Step, enter, intend

NAME = "20261122T065600Z-wukong"
UNTIL = 1_795_417_200.0  # 2026-11-23 07:00 UTC
IN_UTC = {"TZ": "UTC"}
BATCHES = Path("runs") / NAME / "batches"
VLLM = f"vllm run-batch -i {BATCHES}/b1.requests.jsonl -o {BATCHES}/b1.output.jsonl --model qwen-plus"


@dataclass
class Folder:
    """A run folder and its submissions."""

    path: Path

    def submission(self, name: str, *steps: Step, **told: Any) -> None:
        """Write a submission of three requests that came to the last of the steps, which is told so."""
        at, file = "2026-11-22T07:00:00.000Z", self.path / "submissions.jsonl"
        keys = [f"{number:032x}" for number in range(3)]
        event = Event(id=name, step="intended", at=at, file=f"{name}.requests.jsonl", keys=keys, model="qwen-plus")
        one = intend(file, event)
        for step in steps:
            enter(file, one, step, **(told if step == steps[-1] else {}))

    def steps(self) -> list[tuple[str, str]]:
        """Return the events as written, each with the id of its submission."""
        lines = (self.path / "submissions.jsonl").read_text(encoding="utf-8").splitlines()
        return [(event["id"], event["step"]) for event in map(json.loads, lines)]


@pytest.fixture
def run(tmp_path: Path) -> Folder:
    return Folder(add_run(tmp_path, NAME, "stopped", exit_code=3))


def test_a_submission_is_told_with_its_batch_its_state_and_what_comes_next(run: Folder, call: Call) -> None:
    run.submission("b1", "uploaded", "creating", "created", batch_id="batch_67c0", expires_at=UNTIL)
    done = call("submissions", env=IN_UTC)
    assert (done.code, done.out) == (
        0,
        "b1  2026-11-22 07:00  3 requests  qwen-plus\n    batch_67c0: under way, until 2026-11-23 07:00\n",
    )
    assert f"1 submission is open: `batch run --resume {Path('runs') / NAME}` collects what is done" in done.err


@pytest.mark.parametrize(
    ("steps", "told", "line"),
    [
        ((), {}, "no batch: written, not uploaded"),
        (("uploaded",), {"file_id": "f"}, "no batch: uploaded, no batch made of it"),
        (("uploaded", "creating"), {}, "no batch: asked for, and nobody knows whether it was made"),
        (("created",), {}, f"no batch: for you to run: `{VLLM}`"),
        (("created", "cancelling"), {"batch_id": "B"}, "B: being cancelled"),
        (("created", "ended"), {"batch_id": "B", "phase": "expired"}, "B: expired, its results are not fetched"),
        (("ended", "collected"), {"batch_id": "B", "counts": {"records": 2}}, "B: collected; 2 records"),
        (("ended", "collected"), {"batch_id": "B", "phase": "expired"}, "B: expired, collected"),
        (("created", "refused"), {"batch_id": "B", "why": "line 2\nis no JSON"}, "B: refused: line 2 is no JSON"),
        (("abandoned",), {"why": "given up"}, "no batch: given up: given up"),
    ],
)
def test_every_step_is_told_in_plain_words(
    run: Folder, call: Call, steps: tuple[Step, ...], told: dict[str, Any], line: str
) -> None:
    run.submission("b1", *steps, **told)
    assert call("submissions").out.splitlines()[1] == f"    {line}"


def test_what_is_in_doubt_comes_with_the_two_commands_that_settle_it(run: Folder, call: Call) -> None:
    run.submission("b1", "uploaded", "creating")
    said = call("submissions").err
    assert f"`batch submissions {Path('runs') / NAME} --adopt ID`" in said
    assert f"`batch submissions {Path('runs') / NAME} --resubmit`" in said


def test_json_has_all_of_it(run: Folder, call: Call) -> None:
    run.submission("b1", "uploaded", "creating", "created", batch_id="batch_67c0", expires_at=UNTIL)
    run.submission("b2", "abandoned", why="no")
    first, second = json.loads(call("submissions", "latest", "--json").out)
    assert (first["id"], first["step"], first["requests"], first["model"]) == ("b1", "created", 3, "qwen-plus")
    assert (first["batch_id"], first["expires_at"], first["open"]) == ("batch_67c0", "2026-11-23T07:00:00.000Z", True)
    assert (second["step"], second["why"], second["open"], second["batch_id"]) == ("abandoned", "no", False, None)


def test_a_run_without_batch_files_says_so(run: Folder, call: Call) -> None:
    done = call("submissions")
    assert (done.code, done.out) == (0, "")
    assert "has handed nothing over in batch files" in done.err
    assert call("submissions", "--json").out == "[]\n"


@pytest.mark.parametrize("steps", [("uploaded", "creating"), ("created",)])
def test_what_is_in_doubt_or_yours_to_run_is_given_up_once(run: Folder, call: Call, steps: tuple[Step, ...]) -> None:
    run.submission("b1", *steps)
    before = run.steps()
    first = call("submissions", "--resubmit")
    assert first.code == 0
    assert "b1: given up; the next call submits what of its 3 cells has no reply" in first.err
    assert run.steps() == [*before, ("b1", "abandoned")]
    for again in (("--resubmit",), ("--resubmit", "b1")):
        done = call("submissions", "latest", *again)
        assert (done.code, "nothing is in doubt" in done.err) == (0, True)
    assert run.steps() == [*before, ("b1", "abandoned")]


def test_what_is_under_way_is_given_up_by_nobody_unnamed(run: Folder, call: Call) -> None:
    run.submission("b1", "created", batch_id="batch_67c0")
    run.submission("b2", "creating")
    call("submissions", "--resubmit")
    assert run.steps()[-1] == ("b2", "abandoned")
    assert ("b1", "abandoned") not in run.steps()


def test_an_id_that_is_none_names_the_nearest(run: Folder, call: Call) -> None:
    run.submission("sub-7f3a", "creating")
    done = call("submissions", "latest", "--resubmit", "sub-7f3b")
    assert done.code == 2
    assert "has no submission sub-7f3b; did you mean `sub-7f3a`?" in done.err
    assert len(run.steps()) == 2


def test_one_thing_is_done_at_a_time(run: Folder, call: Call) -> None:
    done = call("submissions", "latest", "--cancel", "--resubmit")
    assert (done.code, "--cancel and --resubmit contradict each other" in done.err) == (2, True)


def test_a_run_that_another_process_is_on_is_left_alone(run: Folder, call: Call) -> None:
    run.submission("b1", "creating")
    with run_at(run.path).lock():
        done = call("submissions", "--resubmit")
        assert call("submissions").code == 0
    assert done.code == 4
    assert run.steps()[-1] == ("b1", "creating")


def test_a_file_that_was_edited_is_said_with_its_line(run: Folder, call: Call) -> None:
    (run.path / "submissions.jsonl").write_text('{"id": "b1", "step": "created", "at": ""}\n', encoding="utf-8")
    done = call("submissions")
    assert done.code == 2
    assert "submissions.jsonl:1: the submission b1 was never intended" in done.err
