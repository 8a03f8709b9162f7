"""`batch submissions --adopt`, `--cancel` and `--resubmit ID` at a real endpoint of batch files."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from cli.calling import Call, Called
from persona_batch.record.submissions import Event, Step, enter, intend
from servers.batch_plan import Fate, Plan, Trouble
from servers.batches import BatchServer, batches

FILE = "system: Talk like a pirate.\nquestions: [Ahoy?, Where to?]\nrun: {model: test-model}\n"


@dataclass
class Run:
    """A run at the endpoint, begun by the command line, and submissions of it as a call that was cut off left them."""

    call: Call
    server: BatchServer
    path: Path

    def submission(self, name: str, *steps: Step, batch: str | None = None, file: str | None = None) -> None:
        at = "2026-11-22T07:00:00.000Z"
        event = Event(id=name, step="intended", at=at, file=f"{name}.requests.jsonl", keys=["0" * 32], model="m")
        one = intend(self.path / "submissions.jsonl", event)
        for step in steps:
            enter(self.path / "submissions.jsonl", one, step, batch_id=batch, file_id=file)

    def settle(self, *words: str) -> Called:
        return self.call("submissions", "latest", *words)

    def steps(self) -> list[str]:
        lines = (self.path / "submissions.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["step"] for line in lines]

    def upload(self) -> str:
        """Upload a file of one request; return the endpoint's id of it."""
        body = {"model": "test-model", "messages": [{"role": "user", "content": "Ahoy?"}]}
        line = {"custom_id": "0" * 32, "method": "POST", "url": "/v1/chat/completions", "body": body}
        parts = {'name="purpose"': "batch", 'name="file"; filename="a.jsonl"': json.dumps(line) + "\n"}
        text = "".join(
            f"--x\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in parts.items()
        )
        return self._post("/files", f"{text}--x--\r\n", "multipart/form-data; boundary=x")

    def make(self, file: str) -> str:
        """Make a batch of a file; return its id."""
        asked = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        return self._post("/batches", json.dumps(asked), "application/json")

    def _post(self, path: str, body: str, kind: str) -> str:
        request = Request(self.server.base_url + path, body.encode(), {"Content-Type": kind})
        with urlopen(request) as answer:
            assert answer.status == HTTPStatus.OK
            return str(json.load(answer)["id"])


def begin(call: Call, server: BatchServer, tmp_path: Path) -> Run:
    (tmp_path / "pirate.yaml").write_text(FILE, encoding="utf-8")
    done = call("run", "pirate.yaml", "--base-url", server.base_url, "--max-requests", "0")
    assert done.code == 3, done.err
    return Run(call, server, tmp_path / done.out.splitlines()[-1])


def test_a_batch_of_our_file_is_adopted_and_a_second_word_changes_nothing(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        batch = run.make(file)
        run.submission("b1", "uploaded", "creating", file=file)
        first, second = run.settle("--adopt", batch), run.settle("--adopt", batch)
    assert (first.code, second.code) == (0, 0)
    assert f"{batch} is the batch of the submission b1" in first.err
    assert f"{batch}: under way" in first.out
    assert run.steps() == ["intended", "uploaded", "creating", "created"]


def test_of_several_in_doubt_the_file_tells_which(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        files = [run.upload(), run.upload()]
        for name, file in zip(("b1", "b2"), files, strict=True):
            run.submission(name, "uploaded", "creating", file=file)
        done = run.settle("--adopt", run.make(files[1]))
    assert (done.code, "of the submission b2" in done.err) == (0, True)


def test_a_batch_of_another_file_is_no_batch_of_ours(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        file, other = run.upload(), run.upload()
        run.submission("b1", "uploaded", "creating", file=file)
        batch = run.make(other)
        done = run.settle("--adopt", batch)
        unknown = run.settle("--adopt", "batch_nowhere")
    assert done.code == 2
    assert f"the batch {batch} is of the file {other}, and the run waits for one of {file} (b1)" in done.err
    assert (unknown.code, unknown.err.count("\n")) == (1, 1)
    assert run.steps() == ["intended", "uploaded", "creating"]


def test_where_nothing_is_in_doubt_nothing_is_adopted(call: Call, tmp_path: Path) -> None:
    with batches() as server:
        run = begin(call, server, tmp_path)
        run.submission("b1", "created", batch="batch_1")
        done = run.settle("--adopt", "batch_2")
        assert not server.asked("state")
    assert done.code == 2
    assert "waits to be told which batch is its own" in done.err


def test_what_is_under_way_is_cancelled_at_the_endpoint_and_still_collected(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        batch = run.make(file)
        run.submission("b1", "uploaded", "created", file=file, batch=batch)
        first, second = run.settle("--cancel"), run.settle("--cancel", batch)
        assert len(server.asked("cancel")) == 2
    assert (first.code, second.code) == (0, 0)
    assert f"{batch} (b1): the endpoint says `cancel" in first.err
    assert f"{batch}: being cancelled" in first.out
    assert "collects what is done" in first.err


def test_a_batch_that_has_ended_meanwhile_is_no_error(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1, troubles={"cancel": [Trouble(status=409, body="it has ended")]})) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        batch = run.make(file)
        server.end()
        run.submission("b1", "uploaded", "created", file=file, batch=batch)
        done = run.settle("--cancel")
    assert (done.code, "the endpoint says `completed`" in done.err) == (0, True)


def test_an_endpoint_that_cannot_be_asked_cancels_nothing(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1, troubles={"cancel": [Trouble(status=500, body="oops")]})) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        run.submission("b1", "uploaded", "created", file=file, batch=run.make(file))
        done = run.settle("--cancel")
    assert done.code == 1
    assert run.steps() == ["intended", "uploaded", "created"]


def test_a_batch_that_is_gone_keeps_no_other_from_being_cancelled(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        run.submission("gone", "created", batch="batch_77")
        file = run.upload()
        batch = run.make(file)
        run.submission("b1", "uploaded", "created", file=file, batch=batch)
        done = run.settle("--cancel")
    assert done.code == 1
    assert "batch_77 (gone): not cancelled: " in done.err
    assert f"{batch} (b1): the endpoint says `cancel" in done.err
    assert "1 of 2 batches could not be cancelled" in done.err


def test_nothing_under_way_is_nothing_to_cancel(call: Call, tmp_path: Path) -> None:
    with batches() as server:
        run = begin(call, server, tmp_path)
        run.submission("sub-1", "abandoned")
        done, unknown = run.settle("--cancel"), run.settle("--cancel", "sub-2")
        assert not server.asked("cancel")
    assert (done.code, "nothing is under way" in done.err) == (0, True)
    assert (unknown.code, "has no submission sub-2; did you mean `sub-1`?" in unknown.err) == (2, True)


def test_a_batch_that_is_under_way_is_not_given_up(call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=-1)) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        run.submission("b1", "uploaded", "created", file=file, batch=run.make(file))
        done = run.settle("--resubmit", "b1")
    assert (done.code, "under way, and its results are paid for" in done.err) == (2, True)
    assert run.steps() == ["intended", "uploaded", "created"]


@pytest.mark.parametrize("known", [True, False])
def test_a_batch_that_has_ended_or_is_gone_may_be_given_up(call: Call, tmp_path: Path, known: bool) -> None:
    with batches(Plan(looks=-1, default=Fate(phase="expired"))) as server:
        run = begin(call, server, tmp_path)
        file = run.upload()
        batch = run.make(file) if known else "batch_gone"
        server.end()
        run.submission("b1", "uploaded", "created", file=file, batch=batch)
        done = run.settle("--resubmit", "b1")
    assert (done.code, "b1: given up" in done.err) == (0, True)
    assert run.steps()[-1] == "abandoned"


def test_files_that_name_another_endpoint_by_now_cancel_nothing_there(call: Call, tmp_path: Path) -> None:
    with batches() as server, batches() as other:
        run = begin(call, server, tmp_path)
        run.submission("b1", "created", batch="batch_1")
        manifest = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
        manifest["config"]["invocation"]["overrides"]["base_url"] = other.base_url
        (run.path / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
        done = run.settle("--cancel")
        assert not other.state.asked
    assert (done.code, "by now, and the run's batch files are at" in done.err) == (2, True)
