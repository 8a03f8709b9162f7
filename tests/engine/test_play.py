import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.cells import TimedProvider, make_cell
from engine.virtual_time import run_virtually
from persona_batch.asking.asker import Asker
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.asking.reply import Failure, Reply
from persona_batch.chat import Usage
from persona_batch.checks import Check
from persona_batch.engine.play import play, record_of, request_of
from persona_batch.errors import ContentFiltered, ProviderError, ServerFailed, StreamCut
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo
from persona_batch.record import CheckResult, ErrorInfo, Record
from persona_batch.record.runlog import RunLog


class Replay(TimedProvider):
    """Streams the given chunks, each in a burst of its own, a millisecond after the one before."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        super().__init__()
        self.chunks = chunks

    async def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
        assert request.messages
        info.sent_ns = time.perf_counter_ns()
        info.request_id = "req-1"
        for number, chunk in enumerate(self.chunks, 1):
            yield Burst(info.sent_ns + number * 1_000_000, [chunk])


def recorded(*chunks: Chunk, checks: tuple[Check, ...] = ()) -> Record:
    return asyncio.run(played(Replay(chunks), make_cell(checks=checks)))


async def played(
    provider: TimedProvider,
    cell: Cell | None = None,
    *,
    log: RunLog | None = None,
    keep_thinking: bool = False,
    on_text: Callable[[str], None] | None = None,
) -> Record:
    asker = Asker(provider, log=log, keep_thinking=keep_thinking)
    return await play(cell or make_cell(), asker, run_id="run", on_text=on_text)


STOP = Chunk(finish_reason="stop")
CUT = Chunk(finish_reason="length")


@pytest.mark.parametrize(
    ("chunks", "status", "reply"),
    [
        ([Chunk(content="俺"), Chunk(content="老孙"), STOP], "ok", "俺老孙"),
        ([Chunk(content="no finish reason")], "ok", "no finish reason"),
        ([Chunk(content="cut"), Chunk(finish_reason="length")], "truncated", "cut"),
        ([Chunk(reasoning="hm"), Chunk(finish_reason="length")], "truncated", ""),
        ([Chunk(content="half"), Chunk(finish_reason="content_filter")], "filtered", "half"),
        ([Chunk(refusal="I can"), Chunk(refusal="not"), STOP], "filtered", "I cannot"),
        ([STOP], "empty", ""),
        ([Chunk(content=" \n"), STOP], "empty", " \n"),
        ([Chunk(reasoning="hm"), STOP], "empty", ""),
        ([], "empty", ""),
    ],
)
def test_the_status_says_what_came(chunks: list[Chunk], status: str, reply: str) -> None:
    record = recorded(*chunks)
    assert (record.status, record.reply) == (status, reply)


def test_a_record_says_what_was_asked_and_what_the_endpoint_told() -> None:
    usage = Usage(22, 180, 202)
    record = recorded(
        Chunk(model="m-2026", system_fingerprint="fp"),
        Chunk(content="俺", usage=Usage(22, 1, 23)),
        Chunk(finish_reason="stop", usage=usage),
    )
    cell = make_cell()
    assert record.key == cell.key
    assert record.messages == list(cell.messages)
    assert (record.persona, record.question, record.attributes) == ("p0", "q0", {"world": "西游记"})
    assert (record.model, record.model_returned, record.system_fingerprint) == ("m", "m-2026", "fp")
    assert (record.usage, record.request_id, record.finish_reason) == (usage, "req-1", "stop")


@pytest.mark.parametrize(
    ("chunks", "status", "reply", "reasoning"),
    [
        ([Chunk("<th"), Chunk("ink>A cow"), Chunk("?</think"), Chunk(">\n\nMoo"), STOP], "ok", "Moo", "A cow?"),
        ([Chunk("A cow?\n</think>\n\nMoo"), STOP], "ok", "Moo", "A cow?"),
        ([Chunk("<think>A cow"), CUT], "truncated", "", "A cow"),
        ([Chunk("<think>A cow</think>"), CUT], "truncated", "", "A cow"),
        ([Chunk("<think>A cow</think>\n"), STOP], "empty", "", "A cow"),
        ([Chunk("<think>\n</think>Moo"), STOP], "ok", "Moo", None),
        ([Chunk(reasoning="A cow?"), Chunk("<think>A cow?</think>Moo"), STOP], "ok", "Moo", "A cow?"),
        ([Chunk(reasoning="A"), Chunk("<think>B</think>Moo"), STOP], "ok", "Moo", "A\n\nB"),
        ([Chunk("<think>A</think>"), Chunk(refusal="No."), STOP], "filtered", "No.", "A"),
    ],
)
def test_a_thought_in_the_text_goes_to_the_reasoning(
    chunks: list[Chunk], status: str, reply: str, reasoning: str | None
) -> None:
    record = recorded(*chunks, checks=(Check("contains", "cow", negated=True),))
    assert (record.status, record.reply, record.reasoning) == (status, reply, reasoning)
    assert all(check.passed for check in record.checks)
    assert record.timing is not None
    assert record.timing.ttft_ms == 1.0  # a thought is text that came


def test_a_thought_may_be_kept_in_the_reply() -> None:
    text = "<think>A cow?</think>\nMoo"
    shown: list[str] = []
    record = asyncio.run(played(Replay([Chunk(text), STOP]), keep_thinking=True, on_text=shown.append))
    assert (record.reply, record.reasoning, shown) == (text, None, [text])


def test_what_repeats_itself_is_told_and_kept(tmp_path: Path) -> None:
    long = "A cow says moo, and then it says moo again."
    with RunLog(tmp_path / "run.log") as log:
        for chunks in ([Chunk(long[:9]), Chunk(long[9:]), Chunk(long)], [Chunk("ha"), Chunk("ha")], [Chunk(long)]):
            coming = played(Replay([*chunks, STOP]), log=log)
            assert asyncio.run(coming).reply == "".join(chunk.content for chunk in chunks)
    (told,) = (json.loads(line) for line in (tmp_path / "run.log").read_text(encoding="utf-8").splitlines())
    assert (told["event"], told["key"]) == ("doubt", make_cell().key)


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        ([Usage(7, 3, 10), Usage()], Usage(7, 3, 10)),
        ([Usage(7, 3, 10), Usage(0, 0, 0)], Usage(7, 3, 10)),
        ([Usage(7, 3, 10), Usage(-1, -1, -1)], Usage(7, 3, 10)),
        ([Usage(7, 3, 10), Usage(7, 0, 7)], Usage(7, 3, 10)),
        ([Usage(7, 1, 8), Usage(7, 2, 9), Usage(7, 3, 10)], Usage(7, 3, 10)),
        ([Usage(prompt_tokens=7), Usage(completion_tokens=3, total_tokens=10)], Usage(7, 3, 10)),
        ([Usage(0, 0, 0)], None),
        ([Usage(0, 3, 3)], Usage(None, 3, 3)),
        ([Usage(7, 0, 7)], Usage(7, None, None)),
        ([Usage(7, 0, 10)], Usage(7, None, 10)),
        ([Usage(7, -3, 10)], Usage(7, None, 10)),
        ([Usage(10**15, 3, None)], Usage(None, 3, None)),
    ],
)
def test_counts_that_cannot_be_are_unknown_and_replace_none(counts: list[Usage], known: Usage | None) -> None:
    chunks = [Chunk("Moo"), STOP, *(Chunk(usage=usage) for usage in counts)]
    assert recorded(*chunks).usage == known


def test_an_empty_reply_may_have_taken_no_tokens() -> None:
    assert recorded(Chunk(usage=Usage(7, 0, 7)), STOP).usage == Usage(7, 0, 7)


def test_unknown_usage_is_null() -> None:
    assert recorded(Chunk(content="x"), STOP).usage is None


def test_times_are_taken_where_the_bytes_came() -> None:
    record = recorded(Chunk(model="m"), Chunk(reasoning="hm"), Chunk(content="x", reasoning="!"), STOP)
    assert record.timing is not None
    assert (record.timing.ttft_ms, record.timing.latency_ms, record.timing.chunks) == (2.0, 4.0, 2)
    assert record.timing.started_at is not None
    started = datetime.fromisoformat(record.timing.started_at)
    assert abs(datetime.now(UTC) - started) < timedelta(minutes=1)
    assert record.reasoning == "hm!"


def test_without_text_there_is_no_time_to_the_first_token() -> None:
    record = recorded(STOP)
    assert record.timing is not None
    assert record.timing.ttft_ms is None


def test_declared_checks_are_evaluated() -> None:
    checks = (Check("contains", "俺"), Check("contains", "師父", negated=True), Check("max_chars", 1))
    record = recorded(Chunk(content="俺老孙"), STOP, checks=checks)
    assert record.checks == [
        CheckResult("contains", passed=True, expected="俺"),
        CheckResult("not contains", passed=True, expected="師父"),
        CheckResult("max_chars", passed=False, expected=1, reason="found 3 characters"),
    ]


def test_a_reason_quotes_what_is_written_and_not_the_key_that_was_taken_out() -> None:
    checks = (Check("equals", "x"), Check("contains", "sk-1", negated=True), Check("contains", "sk-1"))
    log = RunLog(None, lambda text: text.replace("sk-1", "[key]"))
    record = asyncio.run(played(Replay([Chunk(content="it is sk-1"), STOP]), make_cell(checks=checks), log=log))
    assert [(result.passed, result.reason) for result in record.checks] == [
        (False, "found `it is [key]`"),
        (False, "it failed by what was taken out of the reply"),
        (True, None),
    ]


def test_each_piece_is_passed_on() -> None:
    pieces: list[str] = []
    provider = Replay([Chunk(model="m"), Chunk(content="a"), Chunk(reasoning="r"), Chunk(content="b"), STOP])
    asyncio.run(played(provider, on_text=pieces.append))
    assert pieces == ["a", "b"]


def test_a_reply_of_many_bursts_counts_once_and_from_its_first() -> None:
    moments: list[float] = []

    class Slow(Replay):
        async def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
            moments.append(asyncio.get_running_loop().time())
            async for burst in super().stream(request, info):
                await asyncio.sleep(1)
                yield burst

    async def main() -> None:
        asker = Asker(Slow([Chunk("a"), Chunk("b"), Chunk("c"), STOP]), limits=RunLimits(rpm=2))
        for _ in range(3):
            await play(make_cell(), asker, run_id="run")

    run_virtually(main())
    assert [moment - moments[0] for moment in moments] == pytest.approx([0, 4, 61.05])


def test_a_secret_that_the_endpoint_echoes_is_taken_out() -> None:
    chunks = [
        Chunk(reasoning="sk-"),
        Chunk(reasoning="1"),
        Chunk(content="the key sk", model="m sk-1", system_fingerprint="sk-1"),
        Chunk(content="-1", finish_reason="sk-1"),
    ]
    log = RunLog(None, lambda text: text.replace("sk-1", "[key]"))
    record = asyncio.run(played(Replay(chunks), log=log))
    assert (record.reply, record.reasoning) == ("the key [key]", "[key]")
    assert (record.model_returned, record.system_fingerprint, record.finish_reason) == ("m [key]", "[key]", "[key]")


def test_a_failure_in_the_middle_is_no_reply() -> None:
    provider = TimedProvider(first=0, rest=0, fate=lambda _: StreamCut("cut"))

    async def main() -> Reply | Failure:
        return await Asker(provider, policy=RetryPolicy(retries=0)).ask(request_of(make_cell()))

    answer = run_virtually(main())
    assert isinstance(answer, Failure)
    assert isinstance(answer.error, StreamCut)


def failed(error: ProviderError, info: StreamInfo, attempts: int = 1) -> Record:
    def clean(text: str) -> str:
        return text.replace("sk-1", "[key]")

    cell = make_cell()
    failure = Failure.of(error, request_of(cell), info, attempts=attempts, clean=clean)
    return record_of(cell, failure, run_id="run")


def test_a_cell_that_was_given_up_keeps_the_reason() -> None:
    error = ServerFailed("overloaded sk-1", http_status=503, request_id="req-9 sk-1")
    record = failed(error, StreamInfo(sent_ns=time.perf_counter_ns()), attempts=9)
    assert (record.status, record.reply, record.attempts, record.request_id) == ("error", "", 9, "req-9 [key]")
    assert record.error == ErrorInfo("server", "overloaded [key]", 503)
    assert record.timing is not None
    assert record.timing.ttft_ms is None


def test_content_that_the_endpoint_refused_is_filtered_not_failed() -> None:
    record = failed(ContentFiltered("no"), StreamInfo())
    assert record.status == "filtered"
    assert record.error == ErrorInfo("content_filter", "no")
    assert record.timing is None
