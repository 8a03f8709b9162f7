import pytest

from engine.cells import TimedProvider
from engine.runs import run_cells
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.errors import (
    AuthRefused,
    BadRequest,
    ConnectionFailed,
    ContextTooLong,
    MalformedReply,
    ModelUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerFailed,
    StoppedEarly,
    UsageError,
)

FOUR = RunLimits(concurrency=4)


@pytest.mark.parametrize("kind", [AuthRefused, ModelUnknown])
def test_what_was_wrong_from_the_start_ends_the_run_as_a_usage_error(kind: type[ProviderError]) -> None:
    provider = TimedProvider(fate=lambda _: kind("refused"))
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, UsageError)
    assert "check the" in str(outcome.ended)
    assert outcome.records == []
    assert len(provider.arrivals) == 4


def test_a_key_refused_in_the_middle_leaves_a_run_to_resume() -> None:
    provider = TimedProvider(fate=lambda number: AuthRefused("revoked") if number >= 20 else None)
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert [record.status for record in outcome.records] == ["ok"] * 20
    assert len(provider.arrivals) <= 24


def test_an_exhausted_quota_ends_the_run() -> None:
    provider = TimedProvider(fate=lambda number: QuotaExhausted("no balance") if number >= 8 else None)
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "no balance" in str(outcome.ended)
    assert [record.status for record in outcome.records] == ["ok"] * 8


def test_an_endpoint_that_was_never_reached_ends_the_run_within_seconds() -> None:
    provider = TimedProvider(first=0.01, fate=lambda _: ConnectionFailed("refused"))
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "cannot be reached" in str(outcome.ended)
    assert outcome.records == []
    assert outcome.seconds < 2
    assert len(provider.arrivals) <= 8


@pytest.mark.parametrize("kind", [ConnectionFailed, ServerFailed])
def test_an_endpoint_that_goes_down_ends_the_run_within_minutes(kind: type[ProviderError]) -> None:
    provider = TimedProvider(fate=lambda number: kind("down") if number >= 100 else None)
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "endpoint is down" in str(outcome.ended)
    assert [record.status for record in outcome.records] == ["ok"] * 100
    assert 45 < outcome.seconds < 180


def test_an_endpoint_that_refuses_everything_as_too_fast_ends_the_run_without_failed_cells() -> None:
    provider = TimedProvider(fate=lambda number: RateLimited("slow down") if number >= 100 else None)
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "too fast" in str(outcome.ended)
    assert [record.status for record in outcome.records] == ["ok"] * 100
    assert 60 < outcome.seconds < 240


def test_a_minute_of_refusals_is_sat_out() -> None:
    provider = TimedProvider(fate=lambda number: RateLimited("slow down") if 100 <= number < 124 else None)
    outcome = run_cells(provider, 300, limits=FOUR)
    assert outcome.ended is None
    assert {record.status for record in outcome.records} == {"ok"}


@pytest.mark.parametrize("kind", [RateLimited, ServerFailed])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_one_cell_that_always_fails_never_stops_a_run(kind: type[ProviderError], concurrency: int) -> None:
    provider: TimedProvider
    provider = TimedProvider(fate=lambda number: kind("too much") if provider.keys[number] == "question 5" else None)
    outcome = run_cells(provider, 60, limits=RunLimits(concurrency=concurrency))
    assert outcome.ended is None
    assert [record.question for record in outcome.records if record.status == "error"] == ["q5"]


def test_a_short_outage_is_sat_out() -> None:
    provider = TimedProvider(fate=lambda number: ConnectionFailed("down") if 100 <= number < 116 else None)
    outcome = run_cells(provider, 200, limits=FOUR)
    assert outcome.ended is None
    assert {record.status for record in outcome.records} == {"ok"}


@pytest.mark.parametrize("kind", [BadRequest, MalformedReply])
def test_a_request_that_is_always_refused_ends_the_run(kind: type[ProviderError]) -> None:
    provider = TimedProvider(fate=lambda _: kind("no such parameter"))
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "no such parameter" in str(outcome.ended)
    assert len(outcome.records) <= 13


def test_cells_that_fail_for_their_own_sake_do_not_end_the_run() -> None:
    provider = TimedProvider(fate=lambda number: ContextTooLong("long") if number % 2 else None)
    outcome = run_cells(provider, 100, limits=FOUR)
    assert outcome.ended is None
    assert outcome.progress.statuses == {"ok": 50, "error": 50}


def test_failures_between_answers_do_not_end_the_run() -> None:
    provider = TimedProvider(fate=lambda number: ServerFailed("x") if number % 4 else None)
    outcome = run_cells(provider, 100, limits=FOUR, policy=RetryPolicy(retries=30))
    assert outcome.ended is None
    assert {record.status for record in outcome.records} == {"ok"}


@pytest.mark.parametrize("seconds", [1_000, 7_261, 5 * 3_600, 36 * 86_400])
@pytest.mark.parametrize("kind", [RateLimited, ServerFailed])
def test_a_limit_that_is_lifted_too_late_ends_the_run_with_the_time_to_come_back(
    kind: type[ProviderError], seconds: int
) -> None:
    provider = TimedProvider(fate=lambda number: kind("spent", retry_after=seconds) if number >= 8 else None)
    outcome = run_cells(provider, 10_000, limits=FOUR)
    assert isinstance(outcome.ended, StoppedEarly)
    assert "spent; the endpoint" in str(outcome.ended)
    assert "come back after 20" in str(outcome.ended)
    assert [record.status for record in outcome.records] == ["ok"] * 8
    assert len(provider.arrivals) <= 12
    assert outcome.seconds < 10


def test_an_exhausted_quota_whose_end_is_known_says_when() -> None:
    provider = TimedProvider(fate=lambda _: QuotaExhausted("used up", retry_after=7_200))
    outcome = run_cells(provider, 10, limits=FOUR)
    assert "resume the run after 20" in str(outcome.ended)
