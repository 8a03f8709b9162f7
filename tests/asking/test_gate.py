import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from engine.cells import TimedProvider
from engine.runs import run_cells
from persona_batch.asking.asker import Asker
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RunLimits
from persona_batch.chat import Usage
from persona_batch.engine.in_process import LocalEngine
from persona_batch.errors import RateLimited, ServerFailed, StoppedEarly


def _at(moment: datetime) -> datetime:
    return moment


def _most_in_a_minute(moments: list[float]) -> int:
    return max(sum(1 for other in moments if moment <= other < moment + 60) for moment in moments)


def test_requests_a_minute_hold_in_every_minute_also_with_retries() -> None:
    provider = TimedProvider(first=2.0, rest=3.0, fate=lambda number: ServerFailed("x") if number % 5 == 0 else None)
    outcome = run_cells(provider, 100, limits=RunLimits(concurrency=16, rpm=30))
    assert len(outcome.records) == 100
    assert _most_in_a_minute(provider.arrivals) <= 30
    assert outcome.seconds < 125 / 30 * 62 + 60


def test_tokens_a_minute_hold_once_the_length_of_replies_is_known() -> None:
    provider = TimedProvider(usage=Usage(20, 80, 100))
    outcome = run_cells(provider, 60, limits=RunLimits(concurrency=16, tpm=1000))
    assert len(outcome.records) == 60
    assert _most_in_a_minute(provider.arrivals) <= 10
    assert outcome.seconds < 60 / 10 * 75


def test_no_more_than_the_concurrency_is_under_way() -> None:
    provider = TimedProvider()
    run_cells(provider, 50, limits=RunLimits(concurrency=7))
    assert provider.most == 7


def test_many_at_once_are_reached_by_a_slow_start() -> None:
    provider = TimedProvider(first=1.0, rest=99.0)
    run_cells(provider, 200, limits=RunLimits(concurrency=64))
    first = provider.arrivals[0]
    rounds = [sum(1 for moment in provider.arrivals if moment < first + second) for second in (0.5, 1.5, 2.5)]
    assert rounds == [16, 32, 48]
    assert provider.most == 64


def test_when_the_endpoint_names_a_time_nobody_asks_before_it() -> None:
    provider = TimedProvider(fate=lambda number: RateLimited("slow", retry_after=30.0) if number == 20 else None)
    run_cells(provider, 60, limits=RunLimits(concurrency=8))
    told = provider.arrivals[20] + 0.5
    assert not [moment for moment in provider.arrivals if told < moment < told + 30.0]
    assert provider.arrivals[-1] > told + 30.0


def test_too_fast_halves_the_concurrency() -> None:
    provider = TimedProvider(fate=lambda number: RateLimited("burst") if 30 <= number < 46 else None)
    outcome = run_cells(provider, 200, limits=RunLimits(concurrency=16))
    assert {record.status for record in outcome.records} == {"ok"}
    end = provider.arrivals[45] + 0.6
    soon = [moment for moment in provider.arrivals if end <= moment < end + 1.0]
    assert len(soon) <= 11


def test_headers_that_announce_the_end_of_a_limit_make_all_wait() -> None:
    used_up = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "40s"}
    provider = TimedProvider(headers=lambda number: used_up if number == 5 else {"x-ratelimit-remaining-requests": "9"})
    run_cells(provider, 30, limits=RunLimits(concurrency=2))
    gaps = [later - earlier for earlier, later in zip(provider.arrivals, provider.arrivals[1:], strict=False)]
    assert 39.0 < max(gaps) < 42.0


def test_headers_that_say_the_day_is_over_end_the_run() -> None:
    day = {"modelscope-ratelimit-requests-remaining": "0"}
    provider = TimedProvider(headers=lambda number: day if number == 9 else {})
    outcome = run_cells(provider, 30, limits=RunLimits(concurrency=1))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "daily quota" in str(outcome.ended)
    assert (len(outcome.records), len(provider.arrivals)) == (10, 10)


def test_a_time_beyond_our_patience_ends_the_run_with_the_time_to_come_back() -> None:
    provider = TimedProvider(fate=lambda number: RateLimited("slow", retry_after=7200) if number == 3 else None)
    outcome = run_cells(provider, 30, limits=RunLimits(concurrency=1))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "120 min" in str(outcome.ended) or "2 h" in str(outcome.ended)
    assert len(outcome.records) == 3


@pytest.mark.parametrize("concurrency", [1, 16])
def test_the_budget_of_requests_counts_retries(concurrency: int) -> None:
    provider = TimedProvider(fate=lambda number: ServerFailed("x") if number < 4 else None)
    outcome = run_cells(provider, 100, limits=RunLimits(concurrency=concurrency, max_requests=20))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "20 requests" in str(outcome.ended)
    assert len(provider.arrivals) == 20
    assert all(record.status == "ok" for record in outcome.records)


def test_the_budget_of_tokens_is_not_exceeded() -> None:
    provider = TimedProvider(usage=Usage(20, 80, 100))
    outcome = run_cells(provider, 100, limits=RunLimits(concurrency=8, max_tokens_total=3000))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "3,000 tokens" in str(outcome.ended)
    assert 25 <= len(outcome.records) <= 30


@pytest.mark.parametrize("usage", [Usage(0, 0, 0), Usage(-5, -5, -10), Usage(20, 0, 20), Usage(10**12, 10**12), None])
def test_a_budget_of_tokens_counts_by_estimate_where_the_endpoint_does_not(usage: Usage | None) -> None:
    provider = TimedProvider(usage=usage)
    outcome = run_cells(provider, 400, limits=RunLimits(concurrency=1, max_tokens_total=3000))
    assert isinstance(outcome.ended, StoppedEarly)
    assert 1 <= len(outcome.records) < 100


@pytest.mark.parametrize("usage", [Usage(total_tokens=100), Usage(20, 80), Usage(20, 80, 3)])
def test_a_budget_of_tokens_takes_any_count_that_is_there(usage: Usage) -> None:
    provider = TimedProvider(usage=usage)
    outcome = run_cells(provider, 100, limits=RunLimits(concurrency=1, max_tokens_total=3000))
    assert 20 <= len(outcome.records) <= 30


def test_a_budget_that_is_just_enough_completes() -> None:
    outcome = run_cells(TimedProvider(), 20, limits=RunLimits(concurrency=4, max_requests=20))
    assert outcome.ended is None
    assert len(outcome.records) == 20


def test_a_daily_quota_takes_as_many_days_as_it_must(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 22, 3, tzinfo=UTC)
    asked: list[int] = []
    ended: list[StoppedEarly | None] = []
    left = 1200
    for day in range(3):
        now = moment + timedelta(days=day)
        with Ledger(tmp_path / "l", endpoint="e", zone="Asia/Shanghai", now=partial(_at, now)) as ledger:
            provider = TimedProvider()
            outcome = run_cells(provider, left, limits=RunLimits(concurrency=16, per_day=500), ledger=ledger)
        asked.append(len(provider.arrivals))
        left -= len(outcome.records)
        assert outcome.ended is None or isinstance(outcome.ended, StoppedEarly)
        ended.append(outcome.ended)
    assert asked == [500, 500, 200]
    assert [type(end) for end in ended] == [StoppedEarly, StoppedEarly, type(None)]
    assert "come back after 2026-11-23 00:00 Asia/Shanghai" in str(ended[0])


def test_a_daily_limit_without_a_ledger_is_a_mistake() -> None:
    async def main() -> None:
        Asker(TimedProvider(), limits=RunLimits(per_day=5))

    with pytest.raises(ValueError, match="ledger"):
        asyncio.run(main())


def test_the_display_can_say_what_is_waited_for() -> None:
    seen: list[str | None] = []

    def look(engine: LocalEngine, loop: asyncio.AbstractEventLoop) -> None:
        for second in (0.2, 30.0):
            loop.call_later(second, lambda: seen.append(engine.job.progress.waiting_for))

    run_cells(TimedProvider(), 20, limits=RunLimits(concurrency=4, rpm=10), during=look)
    assert seen == [None, "the limit of 10 requests a minute"]
