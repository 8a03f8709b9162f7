"""What comes of cells that are handed over in batch files."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.batches.handling import bench
from engine.cells import make_cell
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RunLimits
from persona_batch.errors import Interrupted, StoppedEarly, UsageError
from persona_batch.pipeline.submitting import resubmit
from persona_batch.pricing.budget import Budget
from persona_batch.pricing.price import Price
from provider.batching import KEY
from servers.batch_plan import Fate, Plan, Trouble


def test_a_call_submits_and_a_later_one_collects(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=2)) as run:
        first = run.call()
        assert isinstance(first.ended, StoppedEarly)
        assert first.ended.exit_code == 3
        assert "4 cells in 1 batch file" in first.said
        assert "look again after" in first.said
        assert first.progress.left == 4
        assert run.steps == ["created"]
        second = run.call()
        assert second.ended is None
        assert len(second.records) == 4
        assert run.steps == ["collected"]
        for cell in run.cells:
            record = run.records[cell.key]
            assert (record.status, record.engine, record.timing, record.attempts) == ("ok", "batch", None, 1)
            assert cell.messages[-1].content in record.reply
            assert record.usage is not None
            assert run.handed_over(cell) == 1


def test_a_quick_endpoint_is_collected_by_the_same_call(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=1)) as run:
        assert run.call().ended is None
        assert len(run.records) == 4
        assert not list((run.run.batches).glob("*.requests.jsonl"))  # of no use any more


def test_who_waits_gets_the_results_in_one_call(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=3)) as run:
        assert run.call(wait=30).ended is None
        assert len(run.records) == 4


def test_who_waits_outlasts_an_endpoint_that_is_down_for_a_while(tmp_path: Path) -> None:
    troubles = [Trouble(status=503)] * 6  # more than a look tries
    with bench(tmp_path, Plan(looks=1, troubles={"state": troubles})) as run:
        assert run.call(wait=30).ended is None
        assert len(run.records) == 4


def test_a_key_in_what_an_endpoint_says_is_written_nowhere(tmp_path: Path) -> None:
    fates = [Fate(every=401, words=f"bad key {KEY}"), Fate(failing={0: 400}, words=f"no: {KEY}")]
    with bench(tmp_path, Plan(fates=fates)) as run:
        said = run.call().said
        run.finish()
        written = run.run.submissions.read_text() + run.log() + str(run.records) + said
        assert "bad key" in written
        assert KEY not in written


def test_results_are_taken_by_their_ids_in_whatever_order(tmp_path: Path) -> None:
    fate = Fate(seed=5, doubled=[0, 2], torn=[3], strangers=2)
    with bench(tmp_path, Plan(fates=[fate]), cells=6) as run:
        said = run.call().said
        assert "no result for 1 of 6 cells" in said
        assert len(run.records) == 5
        assert run.finish() <= 2
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 2, 1, 1]
        single = [cell for number, cell in enumerate(run.cells) if number not in fate.doubled]
        assert all(cell.messages[-1].content in run.records[cell.key].reply for cell in single)
        for event in ("doubled_result", "unknown_result", "unreadable_result"):
            assert event in run.log()


def test_of_two_results_of_a_key_the_first_good_one_counts(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(fates=[Fate(doubled=[0])])) as run:
        run.finish()
        assert run.cells[0].messages[-1].content in run.records[run.cells[0].key].reply


@pytest.mark.parametrize("phase", ["expired", "completed"])
def test_what_has_no_result_stays_a_cell(tmp_path: Path, phase: str) -> None:
    fate = Fate(phase="expired" if phase == "expired" else "completed", expiring=[0], missing=[1])
    with bench(tmp_path, Plan(fates=[fate])) as run:
        assert "no result for 2 of 4 cells" in run.call().said
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 1]  # never twice by one call
        run.finish()
        assert [run.handed_over(cell) for cell in run.cells] == [2, 2, 1, 1]
        assert len(run.records) == 4


@pytest.mark.parametrize("one_file", [True, False])
def test_failed_lines_are_error_records(tmp_path: Path, one_file: bool) -> None:
    fate = Fate(failing={0: 400, 1: 500}, one_file=one_file)
    with bench(tmp_path, Plan(fates=[fate])) as run:
        assert run.call().ended is None
        kinds = [error and (error.kind, error.http_status) for error in (run.records[c.key].error for c in run.cells)]
        assert kinds == [("bad_request", 400), ("server", 500), None, None]
        for cell in run.cells[:2]:  # as `--retry-errors` does
            del run.records[cell.key]
        run.finish()
        assert [run.handed_over(cell) for cell in run.cells] == [2, 2, 1, 1]


@pytest.mark.parametrize("status", [401, 402, 429, 500])
def test_a_batch_of_which_all_failed_by_no_fault_of_theirs_records_nothing(tmp_path: Path, status: int) -> None:
    with bench(tmp_path, Plan(fates=[Fate(every=status)])) as run:
        first = run.call()
        assert f"HTTP {status}" in first.said
        assert "nothing of it is recorded" in first.said
        assert not run.records
        assert run.steps == ["refused"]
        run.finish()
        assert len(run.records) == 4


def test_a_batch_that_is_refused_as_a_whole_is_told_and_submitted_by_the_next_call(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=1, fates=[Fate(phase="failed", reasons=["line 1: no such model"])])) as run:
        first = run.call()
        assert "no such model" in first.said
        assert run.steps == ["refused"]
        assert len(run.server.submitted) == 1
        run.finish()
        assert len(run.server.submitted) == 2


def test_an_answer_that_was_lost_is_looked_for_in_the_list(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(troubles={"create": [Trouble(lost=True)]})) as run:
        run.finish()
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 1]
        assert "adopted" in run.log()


@pytest.mark.parametrize("trouble", [Trouble(unmade=True), Trouble(status=500), Trouble(status=429)])
def test_what_made_nothing_is_asked_again(tmp_path: Path, trouble: Trouble) -> None:
    with bench(tmp_path, Plan(troubles={"create": [trouble]})) as run:
        run.finish()
        assert len(run.server.submitted) == 1
        assert len(run.records) == 4


def test_a_batch_bears_no_metadata_and_is_found_by_its_file(tmp_path: Path) -> None:
    plan = Plan(metadata=False, troubles={"create": [Trouble(lost=True)]})
    with bench(tmp_path, plan, facts={"metadata": False}) as run:
        run.finish()
        assert len(run.server.submitted) == 1


@pytest.mark.parametrize("known", [True, False])
def test_without_a_list_the_user_settles_it(tmp_path: Path, known: bool) -> None:
    plan = Plan(lists=False, troubles={"create": [Trouble(lost=True)]})
    with bench(tmp_path, plan, facts={} if known else {"lists": False}) as run:
        for _ in range(2):
            said = run.call().said
            assert f"`batch submissions {run.run.path} --adopt ID`" in said
            assert f"`batch submissions {run.run.path} --resubmit`" in said
            assert run.steps == ["creating"]
        assert len(run.server.submitted) == 1


@pytest.mark.parametrize("route", ["upload", "state", "download", "list"])
@pytest.mark.parametrize("trouble", [Trouble(status=500), Trouble(status=429), Trouble(lost=True)])
def test_what_does_no_harm_is_asked_again(tmp_path: Path, route: str, trouble: Trouble) -> None:
    troubles = {"create": [Trouble(lost=True)], route: [trouble, trouble]}
    with bench(tmp_path, Plan(troubles=troubles)) as run:  # type: ignore[arg-type]
        run.finish()
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 1]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_batch_that_is_gone_keeps_no_other_out(tmp_path: Path, gone: int) -> None:
    cells = [make_cell(number, model="abc"[number % 3]) for number in range(6)]
    with bench(tmp_path, Plan(looks=-1), cells=cells) as run:
        run.call()
        lost = run.server.state.batches.pop(gone)
        run.server.end()
        said = run.call().said
        assert len(run.records) == 4
        assert lost.id in said
        assert "--resubmit" in said
        assert run.call().said == said, "it is told again, and nothing is submitted"
        assert len(run.server.submitted) == 2


@pytest.mark.parametrize(("status", "tries"), [(403, 1), (500, 4)])
def test_a_batch_that_is_not_told_of_keeps_no_other_out(tmp_path: Path, status: int, tries: int) -> None:
    cells = [make_cell(number, model="ab"[number % 2]) for number in range(4)]
    with bench(tmp_path, Plan(looks=-1), cells=cells) as run:
        run.call()
        run.server.end()
        asked = run.server.state.counts["state"]
        run.server.account.plan.troubles["state"] = [Trouble()] * asked + [Trouble(status=status)] * tries
        said = run.call().said
        assert "what it has is fetched by a later call" in said
        assert len(run.records) == 2
        run.finish()
        assert len(run.records) == 4


def test_a_download_that_is_cut_is_begun_anew(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(troubles={"download": [Trouble(cut=40)]})) as run:
        run.finish()
        assert len(run.records) == 4


@pytest.mark.parametrize("status", [401, 404])
def test_an_endpoint_that_takes_no_files_is_a_mistake_of_usage(tmp_path: Path, status: int) -> None:
    with bench(tmp_path, Plan(troubles={"upload": [Trouble(status=status)] * 9})) as run:
        ended = run.call().ended
        assert isinstance(ended, UsageError)
        assert f"HTTP {status}" in str(ended)


def test_files_have_one_model_and_no_more_lines_and_bytes_than_may_be(tmp_path: Path) -> None:
    cells = [make_cell(number, model="ab"[number % 2]) for number in range(10)]
    with bench(tmp_path, cells=cells, facts={"lines": 3}) as run:
        run.finish()
        sizes = sorted(len(keys) for keys in run.server.submitted.values())
        assert sizes == [2, 2, 3, 3]  # of each model 3 and 2: the endpoint refuses two models in a file
    with bench(tmp_path / "bytes", cells=4, facts={"bytes": 600}) as run:
        run.finish()
        assert len(run.server.submitted) == 2


def test_a_request_longer_than_a_file_is_an_error_record(tmp_path: Path) -> None:
    with bench(tmp_path, cells=1, facts={"bytes": 100}) as run:
        assert run.call().ended is None
        error = run.records[run.cells[0].key].error
        assert error is not None
        assert "longer than a batch file" in error.message


def test_good_results_that_are_here_are_never_asked_for_again(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(fates=[Fate(failing={1: 400})])) as run:
        run.finish()
        run.records.clear()  # as an edit and its undoing may do
        run.finish()
        assert [run.handed_over(cell) for cell in run.cells] == [1, 2, 1, 1]
        assert len(run.records) == 4


def test_a_batch_that_is_refused_when_it_is_settled_goes_into_a_new_file(tmp_path: Path) -> None:
    lost = Plan(troubles={"create": [Trouble(unmade=True), Trouble(unmade=True), Trouble(status=400)]})
    with bench(tmp_path, lost) as run:
        assert "the next call finds out" in run.call().said
        assert run.steps == ["creating"]
        run.finish()
        assert run.steps == ["refused", "collected"]
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 1]


@pytest.mark.parametrize("step", ["intended", "uploaded"])
def test_a_file_that_was_handed_to_nobody_is_given_up(tmp_path: Path, step: str) -> None:
    with bench(tmp_path, Plan(looks=-1)) as run:
        run.call()
        lines = run.run.submissions.read_bytes().splitlines(keepends=True)
        kept = next(number for number, line in enumerate(lines, 1) if f'"{step}"'.encode() in line)
        run.run.submissions.write_bytes(b"".join(lines[:kept]) + b'{"id":"torn')
        run.server.state.batches.clear()
        run.call()
        assert run.steps == ["abandoned", "created"]
        assert [run.handed_over(cell) for cell in run.cells] == [1, 1, 1, 1]


def test_limits_bound_what_is_handed_over(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=1)) as run:
        said = run.call(limits=RunLimits(max_requests=3)).said
        assert "(--max-requests)" in said
        assert len(run.records) == 3
    with bench(tmp_path / "tokens") as run:
        assert "(--max-tokens-total)" in run.call(limits=RunLimits(max_tokens_total=1200)).said
        assert 0 < len(run.records) < 4
    price = Price(input=Decimal(1000), output=Decimal(1000), currency="USD")
    budget = Budget(Decimal("1.2"), "USD", {"m": price})
    with bench(tmp_path / "cost") as run:
        assert "(--max-cost)" in run.call(limits=RunLimits(budget=budget)).said
        assert 0 < len(run.records) < 4


def test_a_day_is_counted_over_calls(tmp_path: Path) -> None:
    with (
        bench(tmp_path) as run,
        Ledger(tmp_path / "ledger.sqlite", endpoint="openai", key="k") as ledger,
    ):
        limits = RunLimits(per_day=3)
        assert "(--per-day)" in run.call(limits=limits, ledger=ledger).said
        assert len(run.records) == 3
        assert "(--per-day)" in run.call(limits=limits, ledger=ledger).said
        assert len(run.records) == 3
        assert ledger.used() == 3


def test_a_stop_ends_the_waiting_at_once(tmp_path: Path) -> None:
    with bench(tmp_path, Plan(looks=-1)) as run:

        def during(engine: object) -> None:
            import asyncio

            def when_waiting() -> None:
                if engine.job.progress.waiting_for:  # type: ignore[attr-defined]
                    engine.stop(Interrupted("stopped by a test"))  # type: ignore[attr-defined]
                else:
                    asyncio.get_running_loop().call_later(0.01, when_waiting)

            asyncio.get_running_loop().call_soon(when_waiting)

        assert isinstance(run.call(wait=600, during=during).ended, Interrupted)
        assert run.steps == ["created"]


def test_what_is_there_of_an_output_that_is_given_up_counts(tmp_path: Path) -> None:
    with bench(tmp_path, facts={"offline": True}) as run:
        run.call()
        (one,) = run.submissions
        choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
        response = {"status_code": 200, "body": {"choices": [choice]}}
        results = [json.dumps({"custom_id": cell.key, "response": response}) + "\n" for cell in run.cells]
        (run.run.batches / one.output).write_text("".join(results[:3]) + results[3][:40])
        assert "has 3 of 4 results" in run.call().said
        assert [given.id for given in resubmit(run.run)] == [one.id]
        run.call()
        assert sorted(run.records) == sorted(cell.key for cell in run.cells[:3])
        assert [list(rest.keys) for rest in run.submissions if rest.open] == [[run.cells[3].key]]


def test_files_for_a_program_are_told_and_collected_when_they_are_whole(tmp_path: Path) -> None:
    with bench(tmp_path, facts={"offline": True}) as run:
        said = run.call().said
        (one,) = run.submissions
        command = f"vllm run-batch -i {run.run.batches / one.file} -o {run.run.batches / one.output} --model m"
        assert command in said
        assert not run.server.state.asked
        choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
        response = {"status_code": 200, "body": {"choices": [choice]}}
        results = [json.dumps({"custom_id": cell.key, "response": response}) + "\n" for cell in run.cells]
        (run.run.batches / one.output).write_text("".join(results[:3]))
        assert "has 3 of 4 results" in run.call().said
        assert not run.records
        (run.run.batches / one.output).write_text("".join(results).removesuffix("\n"))
        assert run.call().ended is None
        assert {record.reply for record in run.records.values()} == {"hello"}
        assert not run.server.state.asked
