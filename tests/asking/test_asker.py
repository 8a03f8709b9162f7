import asyncio
import pickle
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cells import TimedProvider
from engine.virtual_time import run_virtually
from persona_batch.asking.asker import Asker
from persona_batch.asking.breaker import Halted
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.asking.reply import Failure, Reply
from persona_batch.chat import Message
from persona_batch.errors import (
    AuthRefused,
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextTooLong,
    Interrupted,
    MalformedReply,
    ModelUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerFailed,
    StreamCut,
    TimedOut,
)
from persona_batch.provider.contract import Request

REQUEST = Request("m", (Message("user", "你好"),))


def answered_after(
    failures: Sequence[ProviderError], policy: RetryPolicy | None = None
) -> tuple[Reply | Failure, list[float]]:
    """Ask once against an endpoint that fails so at first; return the answer and the moments of asking."""
    provider = TimedProvider(fate=lambda number: failures[number] if number < len(failures) else None)
    return run_virtually(asked(provider, policy)), provider.arrivals


async def asked(provider: TimedProvider, policy: RetryPolicy | None = None) -> Reply | Failure:
    return await Asker(provider, policy=policy).ask(REQUEST)


@pytest.mark.parametrize("kind", [ConnectionFailed, TimedOut, StreamCut, RateLimited, ServerFailed])
def test_what_may_succeed_later_is_asked_again(kind: type[ProviderError]) -> None:
    answer, moments = answered_after([kind("once"), kind("twice")])
    assert (answer.status, answer.attempts, len(moments)) == ("ok", 3, 3)


@pytest.mark.parametrize(
    "kind", [AuthRefused, BadRequest, ContentFiltered, ContextTooLong, MalformedReply, ModelUnknown, QuotaExhausted]
)
def test_what_cannot_succeed_is_asked_once_and_recorded(kind: type[ProviderError]) -> None:
    answer, moments = answered_after([kind("no")])
    assert len(moments) == 1
    assert isinstance(answer, Failure)
    assert (type(answer.error), answer.message, answer.attempts) == (kind, "no", 1)


def test_a_cell_is_given_up_after_its_retries() -> None:
    answer, moments = answered_after([ServerFailed("down", http_status=500)] * 99, RetryPolicy(retries=3))
    assert (answer.status, answer.attempts, len(moments)) == ("error", 4, 4)


def test_a_cell_is_given_up_when_its_time_is_over() -> None:
    answer, moments = answered_after([ServerFailed("down")] * 99, RetryPolicy(retries=98, total=30.0))
    assert answer.status == "error"
    assert moments[-1] - moments[0] <= 30.0
    assert len(moments) < 10


def test_waits_grow_and_are_capped() -> None:
    _, moments = answered_after([ServerFailed("down")] * 8, RetryPolicy(base=1.0, cap=10.0))
    waits = [later - earlier - 0.5 for earlier, later in pairwise(moments)]
    for number, wait in enumerate(waits):
        longest = min(10.0, 2.0**number)
        assert longest / 2 <= wait <= longest


@given(st.integers(1, 8), st.floats(0, 300), st.floats(0, 1, exclude_max=True))
def test_the_endpoint_is_never_asked_before_it_said(failures: int, retry_after: float, chance: float) -> None:
    wait = RetryPolicy().wait(failures, 0.0, RateLimited("slow down", retry_after=retry_after), chance)
    assert wait is not None
    assert wait > retry_after


def test_a_word_beyond_our_patience_gives_up_instead_of_asking_early() -> None:
    answer, moments = answered_after([RateLimited("tomorrow", retry_after=86_400)])
    assert (answer.status, len(moments)) == ("error", 1)


def test_the_halt_ends_a_wait() -> None:
    provider = TimedProvider(fate=lambda _: RateLimited("slow down", retry_after=600))

    async def main() -> float:
        asker = Asker(provider)
        loop = asyncio.get_running_loop()
        started = loop.time()
        loop.call_later(5, asker.stop, Interrupted("Ctrl-C"))
        with pytest.raises(Halted):
            await asker.ask(REQUEST)
        assert len(provider.arrivals) == 1
        return loop.time() - started

    assert run_virtually(main()) == pytest.approx(5)


def test_after_the_halt_a_cell_that_failed_for_the_endpoints_sake_has_no_record() -> None:
    async def main(error: ProviderError) -> Reply | Failure:
        asker = Asker(TimedProvider(fate=lambda _: error), policy=RetryPolicy(retries=0))
        asyncio.get_running_loop().call_later(0.1, asker.stop, Interrupted("Ctrl-C"))
        return await asker.ask(REQUEST)

    for error in (ServerFailed("x"), AuthRefused("x"), QuotaExhausted("x")):
        with pytest.raises(Halted):
            run_virtually(main(error))
    assert run_virtually(main(ContextTooLong("x"))).status == "error"


def test_whoever_watches_is_told_of_each_retry() -> None:
    told: list[tuple[str, float]] = []
    provider = TimedProvider(fate=lambda number: StreamCut("cut") if number == 0 else None)

    async def main() -> Reply | Failure:
        return await Asker(provider).ask(REQUEST, on_retry=lambda error, wait: told.append((error.kind, wait)))

    answer = run_virtually(main())
    assert isinstance(answer, Reply)
    assert answer.text == "俺老孙"
    assert [kind for kind, _ in told] == ["stream_cut"]


@pytest.mark.parametrize(
    "error", [QuotaExhausted("spent"), AuthRefused("no"), RateLimited("later", retry_after=86_400)]
)
def test_without_limits_a_request_is_sent_whatever_came_of_those_before(error: ProviderError) -> None:
    provider = TimedProvider(
        fate=lambda number: error if number < 20 else None,
        headers=lambda _: {"modelscope-ratelimit-requests-remaining": "0"},
    )

    async def main() -> list[Reply | Failure]:
        asker = Asker(provider)
        return [await asker.ask(REQUEST) for _ in range(21)]

    *failures, answer = run_virtually(main())
    assert [failure.error for failure in failures if isinstance(failure, Failure)] == [error] * 20
    assert isinstance(answer, Reply)
    assert provider.arrivals[-1] - provider.arrivals[0] == pytest.approx(10.0)


def test_limits_and_answers_can_be_handed_to_another_process() -> None:
    reply, _ = answered_after([])
    failure, _ = answered_after([BadRequest("no", http_status=400, code="odd", request_id="r-1")])
    assert isinstance(failure, Failure)
    for value in (RunLimits(rpm=3, per_day=9), RetryPolicy(retries=2), reply):
        assert pickle.loads(pickle.dumps(value)) == value  # our own
    handed = pickle.loads(pickle.dumps(failure))
    assert (vars(handed.error), handed.message, handed.times) == (vars(failure.error), "no", failure.times)
