"""Cron times: what is refused, and when the next moment comes."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.errors import UsageError
from persona_batch.schedule.when import parse_when

START = datetime(2026, 11, 22, 20, 30, 15)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", "2026-11-23 03:00"),
        ("*/15  9-17 * * mon-fri", "2026-11-23 09:00"),
        ("31 20 * * *", "2026-11-22 20:31"),
        ("30 20 * * *", "2026-11-23 20:30"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 3 1 * 1", "2026-11-23 03:00"),
        ("0 3 1 * *", "2026-12-01 03:00"),
        ("0 3 */2 * 1", "2026-11-23 03:00"),
        ("0 3 1-31 * 1", "2026-11-23 03:00"),
        ("0 3 * * 7", "2026-11-29 03:00"),
        ("0 0 * jan sun", "2027-01-03 00:00"),
        ("@daily", "2026-11-23 00:00"),
        ("@Weekly", "2026-11-29 00:00"),
    ],
)
def test_the_next_start_is_the_first_minute_that_cron_would_take(expression: str, expected: str) -> None:
    found = parse_when(expression).next_after(START)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == expected


def test_a_job_at_reboot_has_no_next_start() -> None:
    assert parse_when("@reboot").next_after(START) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "0 25 * * *",
        "0 0 31 2 *",
        "0 0 0 * *",
        "1,,2 * * * *",
        "5-3 * * * *",
        "*/0 * * * *",
        "*/90 * * * *",
        "~ * * * *",
        "0 3 L * *",
        "0 3 * * sonntag",
        "daily",
        "@sometimes",
        "０ 3 * * *",
        "0 3 * * *\n* * * * * rm",
    ],
)
def test_what_cron_would_not_take_is_refused_with_an_example(expression: str) -> None:
    with pytest.raises(UsageError, match=r"is no cron time: .*an example: '0 3") as caught:
        parse_when(expression)
    assert "\n" not in str(caught.value)


@settings(deadline=None)  # how long it takes to walk a day's minutes is the machine's affair
@given(
    minute=st.sampled_from(["*", "0", "5,50", "*/20", "10-12"]),
    hour=st.sampled_from(["*", "3", "0,23", "*/6", "9-17"]),
    day=st.sampled_from(["*", "1", "15,30", "*/10", "28-31"]),
    month=st.sampled_from(["*", "2", "1,12", "*/3"]),
    weekday=st.sampled_from(["*", "0", "1-5", "6,7"]),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)),
)
def test_no_minute_before_the_next_start_matches(
    minute: str, hour: str, day: str, month: str, weekday: str, start: datetime
) -> None:
    when = parse_when(f"{minute} {hour} {day} {month} {weekday}")
    found = when.next_after(start)
    assert found is not None
    assert found > start
    assert _matches(when.expression, found)
    before = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    checked = 0
    while before < found and checked < 1500:  # a day of minutes
        assert not _matches(when.expression, before)
        before += timedelta(minutes=1)
        checked += 1


def _matches(expression: str, moment: datetime) -> bool:
    """Crontab(5), written anew and slowly: a minute at a time."""
    minute, hour, day, month, weekday = expression.split()
    if not (_in(minute, moment.minute, 0, 59) and _in(hour, moment.hour, 0, 23)):
        return False
    if not _in(month, moment.month, 1, 12):
        return False
    of_month = _in(day, moment.day, 1, 31)
    of_week = _in(weekday, moment.isoweekday() % 7, 0, 7) or _in(weekday, moment.isoweekday(), 0, 7)
    if day.startswith("*") or weekday.startswith("*"):
        return of_month and of_week
    return of_month or of_week


def _in(field: str, value: int, low: int, high: int) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        if value in range(int(first), int(last or first) + 1, int(step or 1)):
            return True
    return False
