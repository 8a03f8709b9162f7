import asyncio

import pytest

from engine.cells import TimedProvider, make_cell
from engine.virtual_time import run_virtually
from persona_batch.asking.asker import Asker
from persona_batch.asking.breaker import Halt, Halted
from persona_batch.asking.leases import Answer, LeasedGate, Leases, Word
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.asking.reply import Reply
from persona_batch.chat import Usage
from persona_batch.engine.play import request_of
from persona_batch.engine.ray.lending import Lender, needs_leases
from persona_batch.record.runlog import RunLog


class House:
    """A lender, and actors that hear its answers a moment later."""

    def __init__(self, limits: RunLimits) -> None:
        self.limits, self.halt = limits, Halt()
        self.lender = Lender(limits, halt=self.halt, ledger=None, log=RunLog(), patience=900.0)

    def asker(self, name: str, provider: TimedProvider, *, at_once: int = 4) -> Asker:
        """Return the asker of an actor."""
        loop = asyncio.get_running_loop()
        leases = Leases(lambda word: self._hear(name, word, loop, leases))

        def make_gate(limits: RunLimits, **given: object) -> LeasedGate:
            return LeasedGate(limits, leases=leases, **given)  # type: ignore[arg-type]  # those of a gate

        own = RunLimits(concurrency=at_once)
        return Asker(provider, limits=own, policy=RetryPolicy(), make_gate=make_gate)

    def _hear(self, name: str, word: Word, loop: asyncio.AbstractEventLoop, leases: Leases) -> None:
        def answer(said: Answer) -> None:
            loop.call_later(0.001, leases.take, said)

        loop.call_later(0.001, self.lender.hear, name, word, answer)


def test_only_limits_that_actors_keep_together_need_leases() -> None:
    assert not needs_leases(RunLimits(concurrency=64, time_limit=9.0))
    assert needs_leases(RunLimits(rpm=10))
    assert needs_leases(RunLimits(max_requests=10))


async def _ask_until_halted(asker: Asker, count: int) -> list[Reply]:
    replies = []
    for number in range(count):
        try:
            answer = await asker.ask(request_of(make_cell(number)))
        except Halted:
            break
        assert isinstance(answer, Reply)
        replies.append(answer)
    return replies


@pytest.mark.parametrize(
    ("limits", "most"),
    [(RunLimits(max_requests=7), 7), (RunLimits(max_tokens_total=2_000), 6)],
    ids=["requests", "tokens"],
)
def test_two_actors_share_one_budget(limits: RunLimits, most: int) -> None:
    async def main() -> tuple[int, int, str]:
        house = House(limits)
        provider = TimedProvider(usage=Usage(prompt_tokens=10, completion_tokens=300, total_tokens=310))
        askers = [house.asker(name, provider) for name in "ab"]
        asked = await asyncio.gather(*(_ask_until_halted(asker, 20) for asker in askers))
        assert all(asker.stopped is not None for asker in askers)
        return len(asked[0]) + len(asked[1]), len(provider.arrivals), str(house.halt.reason)

    replies, requests, reason = run_virtually(main())
    assert most - 1 <= replies == requests <= most
    assert "is used up" in reason


def test_two_actors_together_keep_to_requests_a_minute() -> None:
    async def main() -> list[float]:
        house = House(RunLimits(rpm=10))
        provider = TimedProvider()
        await asyncio.gather(*(_ask_until_halted(house.asker(name, provider), 15) for name in "ab"))
        return provider.arrivals

    arrivals = run_virtually(main())
    assert len(arrivals) == 30
    assert all(later - earlier >= 60 for earlier, later in zip(arrivals, arrivals[10:], strict=False))


def test_what_a_dead_actor_had_under_way_counts_as_spent_and_is_no_longer_held() -> None:
    async def main() -> tuple[int, int]:
        house = House(RunLimits(max_requests=3))
        provider = TimedProvider(first=30.0)
        dying = asyncio.create_task(_ask_until_halted(house.asker("dies", provider), 1))
        await asyncio.sleep(1)
        dying.cancel()
        house.lender.forget("dies")
        under_way = house.lender.gauge.in_flight
        return under_way, len(await _ask_until_halted(house.asker("lives", provider), 9))

    assert run_virtually(main()) == (0, 2)


def test_a_conversation_is_lent_whole_or_not_at_all() -> None:
    async def main() -> list[bool]:
        house = House(RunLimits(max_requests=5))
        asker = house.asker("a", TimedProvider())
        first = request_of(make_cell())
        begun = []
        for _ in range(2):
            try:
                async with asker.reserve(3, first, models=["m"]) as reserved:
                    for _ in range(3):
                        await asker.ask(first, reserved=reserved)
            except Halted:
                begun.append(False)
            else:
                begun.append(True)
        return begun

    assert run_virtually(main()) == [True, False]


def test_waiting_that_is_given_up_leaves_nothing_behind() -> None:
    async def main() -> int:
        house = House(RunLimits(rpm=1))
        asker = house.asker("a", TimedProvider())
        await asker.ask(request_of(make_cell()))
        waiting = asyncio.create_task(asker.ask(request_of(make_cell(1))))
        await asyncio.sleep(5)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(120)
        return house.lender.gauge.requests

    assert run_virtually(main()) == 1
