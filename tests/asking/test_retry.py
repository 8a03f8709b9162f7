import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cells import TimedProvider, make_cell
from engine.virtual_time import run_virtually
from persona_batch.asking.halt import Halt, Halted
from persona_batch.asking.retry import RetryPolicy, ask
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
from persona_batch.record import Record


def answered_after(failures: Sequence[ProviderError], policy: RetryPolicy | None = None) -> tuple[Record, list[float]]:
    """Ask once against an endpoint that fails so at first; return the record and the moments of asking."""
    provider = TimedProvider(fate=lambda number: failures[number] if number < len(failures) else None)
    record = run_virtually(ask(provider, make_cell(), run_id="run", policy=policy))
    return record, provider.arrivals


@pytest.mark.parametrize("kind", [ConnectionFailed, TimedOut, StreamCut, RateLimited, ServerFailed])
def test_what_may_succeed_later_is_asked_again(kind: type[ProviderError]) -> None:
    record, asked = answered_after([kind("once"), kind("twice")])
    assert (record.status, record.attempts, len(asked)) == ("ok", 3, 3)


@pytest.mark.parametrize(
    "kind", [AuthRefused, BadRequest, ContentFiltered, ContextTooLong, MalformedReply, ModelUnknown, QuotaExhausted]
)
def test_what_cannot_succeed_is_asked_once_and_recorded(kind: type[ProviderError]) -> None:
    record, asked = answered_after([kind("no")])
    assert len(asked) == 1
    assert record.error is not None
    assert (record.error.kind, record.reply, record.attempts) == (kind.kind, "", 1)


def test_a_cell_is_given_up_after_its_retries() -> None:
    record, asked = answered_after([ServerFailed("down", http_status=500)] * 99, RetryPolicy(retries=3))
    assert (record.status, record.attempts, len(asked)) == ("error", 4, 4)


def test_a_cell_is_given_up_when_its_time_is_over() -> None:
    record, asked = answered_after([ServerFailed("down")] * 99, RetryPolicy(retries=98, total=30.0))
    assert record.status == "error"
    assert asked[-1] - asked[0] <= 30.0
    assert len(asked) < 10


def test_waits_grow_and_are_capped() -> None:
    _, asked = answered_after([ServerFailed("down")] * 8, RetryPolicy(base=1.0, cap=10.0))
    waits = [later - earlier - 0.5 for earlier, later in pairwise(asked)]
    for number, wait in enumerate(waits):
        longest = min(10.0, 2.0**number)
        assert longest / 2 <= wait <= longest


@given(st.integers(1, 8), st.floats(0, 300), st.floats(0, 1, exclude_max=True))
def test_the_endpoint_is_never_asked_before_it_said(failures: int, retry_after: float, chance: float) -> None:
    wait = RetryPolicy().wait(failures, 0.0, RateLimited("slow down", retry_after=retry_after), chance)
    assert wait is not None
    assert wait > retry_after


def test_a_word_beyond_our_patience_gives_up_instead_of_asking_early() -> None:
    record, asked = answered_after([RateLimited("tomorrow", retry_after=86_400)])
    assert (record.status, len(asked)) == ("error", 1)


def test_the_halt_ends_a_wait() -> None:
    async def main() -> float:
        halt = Halt()
        loop = asyncio.get_running_loop()
        started = loop.time()
        loop.call_later(5, halt.set, Interrupted("Ctrl-C"))
        provider = TimedProvider(fate=lambda _: RateLimited("slow down", retry_after=600))
        with pytest.raises(Halted):
            await ask(provider, make_cell(), run_id="run", halt=halt)
        assert len(provider.arrivals) == 1
        return loop.time() - started

    assert run_virtually(main()) == pytest.approx(5)


def test_after_the_halt_a_cell_that_failed_for_the_endpoints_sake_has_no_record() -> None:
    async def main(error: ProviderError) -> Record:
        halt = Halt()
        asyncio.get_running_loop().call_later(0.1, halt.set, Interrupted("Ctrl-C"))
        return await ask(
            TimedProvider(fate=lambda _: error), make_cell(), run_id="run", halt=halt, policy=RetryPolicy(retries=0)
        )

    for error in (ServerFailed("x"), AuthRefused("x"), QuotaExhausted("x")):
        with pytest.raises(Halted):
            run_virtually(main(error))
    assert run_virtually(main(ContextTooLong("x"))).status == "error"


def test_whoever_watches_is_told_of_each_retry() -> None:
    told: list[tuple[str, float]] = []
    provider = TimedProvider(fate=lambda number: StreamCut("cut") if number == 0 else None)
    record = run_virtually(
        ask(
            provider,
            make_cell(),
            run_id="run",
            on_retry=lambda error, wait: told.append((error.kind, wait)),
        )
    )
    assert record.reply == "俺老孙"
    assert [kind for kind, _ in told] == ["stream_cut"]
