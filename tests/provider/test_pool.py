"""A pool of replicas, in virtual time: who is asked, who is passed over, who rests and comes back."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from engine.cells import make_cells
from engine.virtual_time import run_virtually
from persona_batch import errors
from persona_batch.asking.limits import RunLimits
from persona_batch.chat import Message
from persona_batch.config.batch import RunSettings
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress
from persona_batch.errors import BatchError, ProviderError
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import ELSEWHERE, HUNG_UP, Burst, Chunk, Request, StreamInfo, Timeouts
from persona_batch.provider.pool import PoolProvider
from persona_batch.provider.replica import Replica

REQUEST = Request("m", (Message("user", "你好"),))
FOR_EVER = 1e9


@dataclass
class Made:
    """A replica in virtual time: `first` seconds until a first part, `gap` until the second, which ends the reply.

    `fate` names the failure of a request, by its number from 0; it comes after `first`, or after a part where `late`.
    """

    first: float = 0.1
    gap: float = 0.1
    fate: Callable[[int], ProviderError | None] = lambda _: None
    late: bool = False
    lists: list[str] | ProviderError | None = field(default_factory=lambda: ["m"])
    slow: dict[str, tuple[float, float]] = field(default_factory=dict)  # by what is said, other times
    sent: list[float] = field(default_factory=list)
    closed: int = 0
    most: int = 0
    under_way: int = 0

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        number = len(self.sent)
        self.sent.append(asyncio.get_running_loop().time())
        info.sent_ns = number + 1
        info.headers = {"retry-after": "9"}
        first, gap = self.slow.get(request.messages[-1].content, (self.first, self.gap))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(first)
            failure = self.fate(number)
            if failure is not None and not self.late:
                raise failure
            yield Burst(1, [Chunk(content="俺")])
            await asyncio.sleep(gap)
            if failure is not None:
                raise failure
            yield Burst(2, [Chunk(content="老孙", finish_reason="stop")])
        except (asyncio.CancelledError, GeneratorExit):
            self.closed += 1
            raise
        finally:
            self.under_way -= 1

    async def models(self) -> list[str]:
        await asyncio.sleep(self.first)
        if isinstance(self.lists, ProviderError):
            raise self.lists
        return self.lists or []


def dead(_: int = 0) -> ProviderError:
    return errors.ConnectionFailed("refused")


def failing(_: int = 0) -> ProviderError:
    return errors.ServerFailed("no", http_status=500)


def run(
    *replicas: Made,
    work: Callable[[PoolProvider], Awaitable[None]],
    timeouts: Timeouts | None = None,
    told: list[str] | None = None,
    in_parts: bool = True,
) -> None:
    """Run `work` with a pool of these replicas."""
    urls = tuple(f"http://r{number}:8000/v1" for number in range(len(replicas)))
    target = resolve(RunSettings(endpoint_id="mine", base_urls=urls), {})

    async def main() -> None:
        each = [Replica(url, one) for url, one in zip(urls, replicas, strict=True)]
        pool = PoolProvider(
            target,
            each,
            opened=(),
            timeouts=timeouts or Timeouts(),
            tell=([] if told is None else told).append,
            in_parts=in_parts,
        )
        async with pool:
            await work(pool)

    run_virtually(main())


async def ask(pool: PoolProvider, info: StreamInfo | None = None) -> str:
    """Return one reply."""
    async with aclosing(pool.stream(REQUEST, info or StreamInfo())) as bursts:
        return "".join([chunk.content async for burst in bursts for chunk in burst.chunks])


async def ask_many(pool: PoolProvider, count: int, at_once: int = 6) -> list[str | BaseException]:
    """Ask so often, so many at a time."""
    left = iter(range(count))

    async def work() -> list[str | BaseException]:
        got: list[str | BaseException] = []
        for _ in left:
            try:
                got.append(await ask(pool))
            except ProviderError as error:
                got.append(error)
        return got

    each = await asyncio.gather(*(work() for _ in range(at_once)))
    return [one for got in each for one in got]


def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_least_busy_is_asked_and_ties_go_in_turn() -> None:
    quick, slow = Made(), Made(first=0.5, gap=0.5)

    async def work(pool: PoolProvider) -> None:
        assert await ask_many(pool, 120, at_once=4) == ["俺老孙"] * 120
        assert quick.most == slow.most == 2
        for one in (quick, slow):
            one.sent.clear()
        for _ in range(6):
            await ask(pool)
        assert len(quick.sent) == len(slow.sent) == 3

    run(quick, slow, work=work)
    assert quick.most + slow.most == 4


@pytest.mark.parametrize(
    "error",
    [
        errors.ConnectionFailed("refused"),
        errors.ConnectionFailed("closed", code=HUNG_UP),
        errors.ConnectionFailed("moved", code=ELSEWHERE),
        errors.TimedOut("no first token"),
        errors.ServerFailed("no", http_status=500),
        errors.RateLimited("slow down", http_status=429),
        errors.ModelUnknown("no such model", http_status=404),
        errors.AuthRefused("no", http_status=401),
        errors.QuotaExhausted("empty", http_status=402),
        errors.MalformedReply("a page"),
        errors.BadRequest("no such route", http_status=404),
    ],
    ids=lambda error: f"{error.kind} {error}",
)
def test_a_replica_that_fails_is_passed_over_at_once(error: ProviderError) -> None:
    bad, good = Made(fate=lambda _: error), Made()

    async def work(pool: PoolProvider) -> None:
        started = now()
        info = StreamInfo()
        assert await ask(pool, info) == "俺老孙"
        assert now() - started == pytest.approx(0.3)
        assert info.sent_ns == 1, "of the attempt that answered"
        assert info.headers == {}, "limits of one replica hold no other back"
        passed = [remark for remark in info.remarks if remark.event == "passed_over"]
        assert [(one.fields["replica"], one.fields["kind"]) for one in passed] == [("http://r0:8000/v1", error.kind)]

    run(bad, good, work=work)
    assert len(bad.sent) == len(good.sent) == 1


@pytest.mark.parametrize(
    "error",
    [
        errors.BadRequest("no such parameter", http_status=400),
        errors.ContextTooLong("too long", http_status=400),
        errors.ContentFiltered("no", http_status=400),
        errors.ProcessLost("gone"),
    ],
    ids=lambda error: error.kind,
)
def test_what_is_no_fault_of_the_replica_is_not_tried_elsewhere(error: ProviderError) -> None:
    first, second = Made(fate=lambda _: error), Made()

    async def work(pool: PoolProvider) -> None:
        got = await ask_many(pool, 16, at_once=1)
        assert [type(one) for one in got] == [type(error), str] * 8
        assert pool.replicas[0].well

    run(first, second, work=work)
    assert len(first.sent) == len(second.sent) == 8


def test_nothing_is_asked_elsewhere_once_a_part_was_handed_on() -> None:
    cut = Made(fate=lambda _: errors.StreamCut("cut"), late=True)
    good = Made()

    async def work(pool: PoolProvider) -> None:
        got: list[str] = []

        async def take() -> None:
            async for burst in pool.stream(REQUEST, StreamInfo()):
                got.extend(chunk.content for chunk in burst.chunks)

        with pytest.raises(errors.StreamCut):
            await take()
        assert got == ["俺"]

    run(cut, good, work=work)
    assert not good.sent


def test_a_dead_one_rests_longer_each_time_and_is_tried_with_one_request() -> None:
    gone, good = Made(first=0.0, fate=dead), Made()

    async def work(pool: PoolProvider) -> None:
        started = now()
        while now() - started < 100:
            await asyncio.gather(*(ask(pool) for _ in range(4)))
        trials = gone.sent[1:]  # two went out before it was known
        waits = [later - sooner for sooner, later in itertools.pairwise(trials)]
        assert len(trials) == 7
        for wait, least in zip(waits, (1, 2, 4, 8, 16, 32), strict=True):
            assert least <= wait < least + 0.5

    run(gone, good, work=work)


def test_a_rest_is_never_longer_than_minutes() -> None:
    gone, good = Made(first=0.0, fate=dead), Made(first=50, gap=50)

    async def work(pool: PoolProvider) -> None:
        for _ in range(300):
            await ask(pool)
        waits = [later - sooner for sooner, later in itertools.pairwise(gone.sent)]
        assert 300 <= max(waits) <= 400

    run(gone, good, work=work)


def test_it_is_well_again_after_a_success_and_that_is_told() -> None:
    back = Made(fate=lambda number: dead() if number < 2 else None)
    good = Made()

    async def work(pool: PoolProvider) -> None:
        told = []
        for _ in range(60):
            info = StreamInfo()
            await ask(pool, info)
            told += [(one.event, one.replicas) for one in info.remarks if one.event != "passed_over"]
        assert told == [("rested", "1 of 2"), ("rested", "1 of 2"), ("returned", None)]
        assert len(back.sent) > 20

    run(back, good, work=work)


@pytest.mark.parametrize("kind", [errors.RateLimited, errors.ServerFailed])
def test_retry_after_is_honoured(kind: type[ProviderError]) -> None:
    busy, good = Made(fate=lambda number: kind("busy", retry_after=40.0) if number == 0 else None), Made()

    async def work(pool: PoolProvider) -> None:
        for _ in range(300):
            await ask(pool)
        assert 40 <= busy.sent[1] - busy.sent[0] < 41

    run(busy, good, work=work)


def test_one_failure_in_twenty_makes_nobody_sick() -> None:
    liar = Made(fate=lambda number: failing() if number % 20 == 7 else None)
    good = Made()

    async def work(pool: PoolProvider) -> None:
        assert await ask_many(pool, 400) == ["俺老孙"] * 400
        assert len(liar.sent) > 180

    run(liar, good, work=work)


@pytest.mark.parametrize(("fails", "least"), [(lambda number: number >= 20, 3), (lambda number: number % 3 == 0, 6)])
def test_a_streak_and_a_bad_share_do(fails: Callable[[int], bool], least: int) -> None:
    bad = Made(fate=lambda number: failing() if fails(number) else None)
    good = Made()

    async def work(pool: PoolProvider) -> None:
        while pool.replicas[0].well:
            await ask(pool)
        failed = sum(map(fails, range(len(bad.sent))))
        assert failed == least

    run(bad, good, work=work)


def test_a_model_that_one_lacks_is_asked_of_the_others_and_the_rest_of_it() -> None:
    class Lacking(Made):
        def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
            self.fate = lambda _: None if request.model == "m" else errors.ModelUnknown("no")
            return super().stream(request, info)

    lacking, good = Lacking(), Made()

    async def work(pool: PoolProvider) -> None:
        other = Request("other", REQUEST.messages)
        for _ in range(4):
            async for _ in pool.stream(other, StreamInfo()):
                pass
        assert (len(lacking.sent), len(good.sent)) == (1, 4)
        assert pool.replicas[0].well
        for _ in range(4):
            await ask(pool)
        assert (len(lacking.sent), len(good.sent)) == (3, 6)

    run(lacking, good, work=work)


def test_one_that_stalls_is_left_after_about_a_second_and_the_request_closed() -> None:
    stalling, good, other = Made(), Made(), Made()

    async def work(pool: PoolProvider) -> None:
        await ask_many(pool, 30)
        stalling.first = FOR_EVER
        started, asked = now(), len(stalling.sent)
        assert await ask_many(pool, 300) == ["俺老孙"] * 300
        assert now() - started < 300 / 4 * 0.2 + 4
        assert stalling.closed == len(stalling.sent) - asked
        assert stalling.closed <= 2 + 5  # those under way, and one for each rest

    run(stalling, good, other, work=work)


def test_what_is_a_stall_is_told_by_how_long_the_others_take() -> None:
    slow, other = Made(first=5), Made(first=5)

    async def work(pool: PoolProvider) -> None:
        await ask_many(pool, 20, at_once=2)
        slow.first = FOR_EVER
        started, info = now(), StreamInfo()
        pool.replicas[1].turn = 10_000
        await ask(pool, info)
        assert 30 <= now() - started <= 33
        said = [one.fields["message"] for one in info.remarks if one.event == "passed_over"]
        assert said == ["nothing came from http://r0:8000/v1 for 25.0 s, where other replicas take 5 s at most"]

    run(slow, other, work=work)


def test_without_a_word_from_others_the_time_out_holds() -> None:
    silent, other = Made(first=50), Made(first=50)

    async def work(pool: PoolProvider) -> None:
        started = now()
        await ask(pool)
        assert now() - started == pytest.approx(50.1)

    run(silent, other, work=work)


def test_a_slow_replica_is_no_sick_one() -> None:
    slow, quick = Made(first=1.4, gap=1.0), Made(first=0.3)

    async def work(pool: PoolProvider) -> None:
        await asyncio.gather(ask(pool), ask(pool))
        assert await ask_many(pool, 200) == ["俺老孙"] * 200
        assert pool.replicas[0].well
        assert slow.closed == 0

    run(slow, quick, work=work)


def test_queues_that_all_replicas_have_are_no_stall() -> None:
    class Queueing(Made):
        """Answers one request at a time."""

        def __init__(self) -> None:
            super().__init__(first=1.0, gap=1.0)
            self.turn = asyncio.Lock()

        async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
            async with self.turn, aclosing(super().stream(request, info)) as bursts:
                async for burst in bursts:
                    yield burst

    one, two = Queueing(), Queueing()

    async def work(pool: PoolProvider) -> None:
        assert await ask_many(pool, 200, at_once=60) == ["俺老孙"] * 200
        assert all(replica.well for replica in pool.replicas)

    run(one, two, work=work)
    assert len(one.sent) + len(two.sent) == 200


@pytest.mark.parametrize("times", [(20.0, 0.1), (0.1, 20.0)], ids=["first byte", "middle"])
def test_a_request_that_takes_long_everywhere_is_waited_for(times: tuple[float, float]) -> None:
    each = [Made(slow={"long": times}) for _ in range(3)]
    long = Request("m", (Message("user", "long"),))

    async def take(pool: PoolProvider) -> None:
        async for _ in pool.stream(long, StreamInfo()):
            pass

    async def work(pool: PoolProvider) -> None:
        await ask_many(pool, 30)
        got = [(await asyncio.gather(take(pool), return_exceptions=True))[0] for _ in range(4)]
        assert [error for error in got if error is not None][1:] == []
        assert got[-1] is None
        closed = sum(one.closed for one in each)
        assert closed <= 2
        await take(pool)
        assert sum(one.closed for one in each) == closed, "it is known by now how long such a thing takes"

    run(*each, work=work)


def test_a_stall_in_the_middle_goes_to_who_asks() -> None:
    stalling, good = Made(), Made()

    async def work(pool: PoolProvider) -> None:
        await ask_many(pool, 30)
        stalling.gap = FOR_EVER
        started = now()
        got = [str(one) for one in await ask_many(pool, 2, at_once=1)]
        assert sorted(one[:40] for one in got) == ["nothing more came from http://r0:8000/v1", "俺老孙"]
        assert stalling.closed == 1
        assert now() - started < 4
        assert not pool.replicas[0].well

    run(stalling, good, work=work)


def test_parts_that_are_not_handed_on_as_they_come_are_no_stall() -> None:
    whole, other = Made(gap=30), Made(gap=30)

    async def work(pool: PoolProvider) -> None:
        assert await ask_many(pool, 20) == ["俺老孙"] * 20
        other.gap = 55
        assert await ask_many(pool, 20) == ["俺老孙"] * 20

    run(whole, other, work=work, in_parts=False)
    assert whole.closed == other.closed == 0


def test_a_reply_that_is_too_long_makes_nobody_sick() -> None:
    long = Made(gap=30, fate=lambda _: errors.TimedOut("the reply was not whole after 20 s"), late=True)

    async def work(pool: PoolProvider) -> None:
        for _ in range(5):
            with pytest.raises(errors.TimedOut):
                await ask(pool)
        assert all(replica.well for replica in pool.replicas)

    run(long, long, work=work, timeouts=Timeouts(total=20))


def test_when_all_are_down_the_last_error_goes_up_and_each_is_still_tried() -> None:
    one, two = Made(first=0, fate=dead), Made(first=0, fate=failing)

    async def work(pool: PoolProvider) -> None:
        for _ in range(20):
            with pytest.raises((errors.ConnectionFailed, errors.ServerFailed)):
                await ask(pool)

    run(one, two, work=work)
    assert len(one.sent) + len(two.sent) >= 20


def test_a_failure_that_may_pass_goes_up_before_one_that_stops_the_run() -> None:
    down, lacking = Made(fate=dead), Made(fate=lambda _: errors.ModelUnknown("no"))

    async def work(pool: PoolProvider) -> None:
        with pytest.raises(errors.ConnectionFailed):
            await ask(pool)

    run(down, lacking, work=work)
    lacking_too = Made(fate=lambda _: errors.ModelUnknown("no"))

    async def none_has_it(pool: PoolProvider) -> None:
        with pytest.raises(errors.ModelUnknown):
            await ask(pool)

    run(lacking, lacking_too, work=none_has_it)


def test_what_would_stop_the_run_is_not_said_while_one_only_rests() -> None:
    refusing = Made(fate=lambda _: errors.AuthRefused("no", http_status=401))
    resting = Made(fate=lambda number: failing() if number < 3 else None)

    async def work(pool: PoolProvider) -> None:
        while pool.replicas[1].well:
            await asyncio.gather(ask(pool), return_exceptions=True)
        assert await ask_many(pool, 30, at_once=3) == ["俺老孙"] * 30

    run(refusing, resting, work=work)


async def outcome(pool: PoolProvider, cells: int, limits: RunLimits) -> tuple[int, BatchError | None, Progress]:
    """Run the engine on a pool; return how many records are ok, how it ended, and its counts."""
    progress = Progress(total=cells, clock=asyncio.get_running_loop().time)
    job = Job(provider=pool, run_id="run", progress=progress, limits=limits)
    count = 0
    try:
        async for record in LocalEngine(job).run([make_cells(cells)]):
            count += record.status == "ok"
    except BatchError as error:
        return count, error, progress
    return count, None, progress


@pytest.mark.parametrize(("answers", "words"), [(0, "cannot be reached"), (20, "is down")])
def test_a_pool_that_is_down_stops_a_run_as_one_endpoint_does(answers: int, words: str) -> None:
    each = [Made(first=0.1, fate=lambda number: dead() if number >= answers else None) for _ in range(3)]

    async def work(pool: PoolProvider) -> None:
        started = now()
        count, ended, _ = await outcome(pool, 500, RunLimits(concurrency=8))
        assert count == 3 * answers
        assert isinstance(ended, errors.StoppedEarly)
        assert f"the endpoint {words}" in str(ended)
        assert now() - started < 120

    run(*each, work=work)


def test_limits_count_a_request_that_was_passed_on_once() -> None:
    gone, good = Made(first=0.0, fate=dead), Made()

    async def work(pool: PoolProvider) -> None:
        started = now()
        count, ended, progress = await outcome(pool, 100, RunLimits(concurrency=8, rpm=50, max_requests=100))
        assert (count, ended, progress.requests, progress.lost) == (100, None, 100, 0)
        assert 60 <= now() - started < 62

    run(gone, good, work=work)
    assert len(gone.sent) > 3


def test_who_goes_away_leaves_nothing_behind() -> None:
    one, two = Made(first=FOR_EVER), Made()

    async def work(pool: PoolProvider) -> None:
        task = asyncio.create_task(ask(pool))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert [(one.busy, len(one.heard), one.well) for one in pool.replicas] == [(0, 0, True)] * 2

    run(one, two, work=work)
    assert one.closed == 1


def test_models_are_those_that_all_have_who_answer() -> None:
    told: list[str] = []

    async def work(pool: PoolProvider) -> None:
        started = now()
        assert await pool.models() == ["b", "c"]
        assert now() - started < 2
        assert [one.well for one in pool.replicas] == [True, False, True, False]
        info = StreamInfo()
        await ask(pool, info)
        assert [one.event for one in info.remarks] == ["rested", "rested"]

    run(
        Made(lists=["a", "b", "c"]),
        Made(lists=errors.ConnectionFailed("refused by http://r1:8000/v1")),
        Made(lists=["c", "b"]),
        Made(first=FOR_EVER),
        work=work,
        told=told,
    )
    assert len(told) == 1
    assert told[0].startswith("2 of 4 replicas answer; not asked for now: http://r1:8000/v1 (refused by")


def test_one_that_keeps_no_list_is_asked_all_the_same() -> None:
    told: list[str] = []

    async def work(pool: PoolProvider) -> None:
        assert await pool.models() == ["m"]
        assert all(one.well for one in pool.replicas)

    run(Made(lists=errors.BadRequest("no such parameter", http_status=400)), Made(), work=work, told=told)
    assert told == []


def test_without_any_answer_the_error_is_the_usual_one() -> None:
    async def work(pool: PoolProvider) -> None:
        with pytest.raises(errors.ConnectionFailed, match="refused"):
            await pool.models()

    run(Made(lists=dead()), Made(lists=dead()), work=work)
