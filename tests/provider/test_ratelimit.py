from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.provider.ratelimit import LONGEST_WAIT, kept_headers, retry_after, used_up_today, wait_in_error

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 22 Nov 2026 11:59:30 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "99999999"}, LONGEST_WAIT),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, LONGEST_WAIT),
        ({"retry-after": "Sunday, 22-Nov-26 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun Nov 22 12:00:30 2026"}, 30),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 +99999999999"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 40)}, 40),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str((int(NOW.timestamp()) + 40) * 1000)}, 40),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=NOW) == (None if seconds is None else pytest.approx(seconds))


def test_only_headers_about_limits_are_kept() -> None:
    sent = [("Retry-After", "1"), ("X-RateLimit-Limit-Requests", "9"), ("Set-Cookie", "secret"), ("Date", "now")]
    assert kept_headers(sent) == {"retry-after": "1", "x-ratelimit-limit-requests": "9"}


def test_modelscopes_day() -> None:
    assert used_up_today({"modelscope-ratelimit-requests-remaining": "0"})
    assert not used_up_today({"modelscope-ratelimit-requests-remaining": "1"})
    assert not used_up_today({})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 20s.", 20),
        ("Limit 3, Used 3, Requested 1. Please try again in 7m12.432s. Visit us", 432.432),
        ("Your quota will reset after 2h1m1s.", 7261),
        ("Too many tokens today. Try again in 02:01:01", 7261),
        ("Limit reached, resets in 0:00:20.", 20),
        ("Please retry after 6 seconds", 6),
        ("please wait for 5 minutes and retry", 300),
        ("try again in 1 hour and 20 minutes", 4800),
        ("try again in 120ms", 0.12),
        ("The limit will be lifted in 45 minutes", 2700),
        ("retry_after_seconds: 12", 12),
        ("请在30秒后重试", 30),
        ("请等待 3 分 20 秒", 200),
        ("5 小时后恢复", 18_000),
        ("Limit resets at: 2026-11-22 12:34:56 UTC", 2096),
        ("reset at 2026-11-22T20:00:40.123+08:00", 40),
        ("您的限额将在 2026-11-22 21:00:00 重置", 3600),
        ("限额将于2026年11月23日 8:00恢复", 43_200),
        ("resets Dec 1, 2026 at 3:00 PM UTC", 9 * 86_400 + 3 * 3600),
        ("retry after Mon, 23 Nov 2026 00:00:00 GMT", 43_200),
        ("reset: 1795348900", 100),
        ("已达到 5 小时的使用上限", None),
        ("Limit 10 requests per 1 minute", None),
        ("request of 2025-01-01 00:00:00 failed", None),
        ("retry 3 times", None),
        ("Please try again later.", None),
        ("resets 2026-13-45 99:99", None),
    ],
)
def test_how_long_to_wait_as_it_is_said(text: str, seconds: float | None) -> None:
    wait = wait_in_error(None, text, now=NOW)
    assert wait == (None if seconds is None else pytest.approx(seconds))


IN_FOUR = str(int(NOW.timestamp() + 4) * 1000)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"details": [{"retryDelay": "1.2s"}]}}, 1.2),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": IN_FOUR}}}}, 4),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": IN_FOUR}}}}, None),
        ({"headers": {"x-ratelimit-reset": IN_FOUR}}, 4),
        ({"error": {"metadata": {"headers": {"Retry-After": "9"}}}}, 9),
        ({"retry_after_ms": 250}, 0.25),
        ({"error": {"resets_in_seconds": 3000}}, 3000),
        ({"error": {"resets_at": 1_795_348_900}}, 100),
        ({"reset_at": "2026-11-22T13:00:00Z"}, 3600),
        ({"retryDelay": {"seconds": 3}}, 3),
        ([{"error": {"retryAfter": "12s"}}], 12),
        ({"retry_after": 7, "error": {"retryDelay": "9s"}}, 9),
        ({"retry": True, "reset": None, "limit": 60}, None),
        ({"retry_after": -5}, None),
        ({"retry_after": 1e12}, None),
    ],
)
def test_how_long_to_wait_as_a_body_has_it(body: Any, seconds: float | None) -> None:
    assert wait_in_error(body, "", now=NOW) == (None if seconds is None else pytest.approx(seconds))


@given(st.integers(min_value=1, max_value=86_399))
def test_a_wait_is_the_same_however_it_is_said(seconds: int) -> None:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    moment = NOW + timedelta(seconds=seconds)
    for text in (
        f"try again in {hours}h{minutes}m{rest}s",
        f"retry after {seconds} seconds",
        f"{hours} 小时 {minutes} 分 {rest} 秒后重试",
        f"resets at {moment:%Y-%m-%dT%H:%M:%SZ}",
        f"resets at {int(moment.timestamp())}",
    ):
        assert wait_in_error(None, text, now=NOW) == pytest.approx(seconds)


@given(st.text(alphabet="retryin after0123456789hms:-TZ秒后 .,", max_size=300))
def test_no_text_is_a_crash(text: str) -> None:
    wait_in_error({"message": text, text: text}, text, now=NOW)
